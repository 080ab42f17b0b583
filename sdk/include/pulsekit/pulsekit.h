/* pulsekit for C, engines and foreign-function interfaces.
 *
 * 1. Handles are opaque; pulsekit_close_and_free() ends a client.
 * 2. Text is UTF-8 and ends with a zero byte; the library copies what it keeps.
 * 3. Structs that the caller makes start with their size, set by PULSEKIT_OPTIONS_INIT and the like: a program that was
 *    compiled against an older header works with a newer library.
 * 4. Functions are safe from any thread, save that nothing may use a client during or after its end.
 * 5. Nothing is thrown, printed or aborted.
 */
#ifndef PULSEKIT_H
#define PULSEKIT_H

#include <pulsekit/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pulsekit_client pulsekit_client;

typedef enum pulsekit_status {
    PULSEKIT_OK = 0,
    PULSEKIT_INVALID = 1,     /* an argument breaks a rule */
    PULSEKIT_TOO_LARGE = 2,   /* an event of more than 100 KB */
    PULSEKIT_FULL = 3,        /* this thread's journal is full; counted as dropped */
    PULSEKIT_CLOSED = 4,      /* after close */
    PULSEKIT_UNAVAILABLE = 5, /* not everything is delivered yet */
    PULSEKIT_INTERNAL = 6
} pulsekit_status;

typedef enum pulsekit_level { PULSEKIT_INFO = 0, PULSEKIT_WARNING = 1, PULSEKIT_ERROR = 2 } pulsekit_level;

/* Called on the client's own thread, or inside pulsekit_open. */
typedef void (*pulsekit_log_fn)(pulsekit_level level, const char* message, void* user_data);

typedef struct pulsekit_options {
    size_t size;                /* sizeof(pulsekit_options) */
    const char* endpoint;       /* required: https://telemetry.example.com */
    const char* api_key;        /* required: a key with the ingest scope */
    const char* app_name;       /* required */
    const char* app_version;    /* may be null */
    const char* storage_dir;    /* null: nothing touches the disk */
    uint32_t flush_interval_ms; /* 0: 5,000 */
    uint64_t max_queue_bytes;   /* 0: 64 MB */
    pulsekit_log_fn log;        /* may be null */
    void* user_data;            /* handed to log */
} pulsekit_options;

#define PULSEKIT_OPTIONS_INIT \
    { sizeof(pulsekit_options), NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL }

typedef enum pulsekit_type {
    PULSEKIT_NULL = 0,
    PULSEKIT_BOOL = 1,
    PULSEKIT_INT = 2,
    PULSEKIT_DOUBLE = 3,
    PULSEKIT_STRING = 4
} pulsekit_type;

/* One property of an event. The member of `value` that `type` names counts; `boolean` is 0 or 1. */
typedef struct pulsekit_property {
    const char* name;
    pulsekit_type type;
    union {
        int boolean;
        int64_t integer;
        double real;
        const char* string;
    } value;
} pulsekit_property;

/* `accepted` == `delivered` + `queued` + `dropped`, over the life of the storage folder. */
typedef struct pulsekit_stats {
    size_t size; /* sizeof(pulsekit_stats) */
    uint64_t accepted;
    uint64_t delivered;
    uint64_t queued;
    uint64_t dropped;
} pulsekit_stats;

#define PULSEKIT_STATS_INIT \
    { sizeof(pulsekit_stats), 0, 0, 0, 0 }

/* Room for an event id as text and its terminator. */
#define PULSEKIT_ID_SIZE 37

/* The library's version, such as "0.1.0". */
PULSEKIT_API const char* pulsekit_version(void);

/* On success *client is the new client. On failure it is null and `error`, when not null, gets the reason, cut to
 * error_size bytes with the terminator. */
PULSEKIT_API pulsekit_status pulsekit_open(const pulsekit_options* options, pulsekit_client** client, char* error,
                                           size_t error_size);

/* When one of these returns PULSEKIT_OK and there is a storage folder, the event survives the death of the process.
 * `properties` may be null when `count` is 0; `id`, when not null, has room for PULSEKIT_ID_SIZE bytes. */
PULSEKIT_API pulsekit_status pulsekit_track(pulsekit_client* client, const char* name,
                                            const pulsekit_property* properties, size_t count, char* id);
PULSEKIT_API pulsekit_status pulsekit_screen(pulsekit_client* client, const char* name,
                                             const pulsekit_property* properties, size_t count, char* id);
/* `user_id` null or empty: from now on events belong to no user. */
PULSEKIT_API pulsekit_status pulsekit_identify(pulsekit_client* client, const char* user_id,
                                               const pulsekit_property* traits, size_t count, char* id);

/* Sends everything tracked so far; PULSEKIT_UNAVAILABLE when the deadline comes first. */
PULSEKIT_API pulsekit_status pulsekit_flush(pulsekit_client* client, uint32_t deadline_ms);

PULSEKIT_API pulsekit_status pulsekit_get_stats(const pulsekit_client* client, pulsekit_stats* stats);

/* Delivers what the deadline allows, keeps the rest for the next start, and frees the client. */
PULSEKIT_API pulsekit_status pulsekit_close_and_free(pulsekit_client* client, uint32_t deadline_ms);

#ifdef __cplusplus
}
#endif

#endif
