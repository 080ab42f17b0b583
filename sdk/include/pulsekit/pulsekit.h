/* pulsekit for C, engines and foreign-function interfaces. docs/sdk.md and the C++ headers say what each thing means in
 * full; here stands how it is reached from C.
 *
 * 1. Handles are opaque; pulsekit_close_and_free() ends a client. What a _new or _start gives goes back to the _free of
 *    the same name.
 * 2. Text is UTF-8 and ends with a zero byte; the library copies what it keeps, and yours may go when a call returns.
 *    Texts that functions return are static, unless they say otherwise.
 * 3. Structs that the caller makes start with their size, set by PULSEKIT_OPTIONS_INIT and the like: a program that was
 *    compiled against an older header works with a newer library. All other members may be zero, which means the
 *    default. Sizes are bytes.
 * 4. Functions are safe from any thread, save that nothing may use a client during or after its end, and that a
 *    pulsekit_properties or pulsekit_array belongs to one thread at a time.
 * 5. Nothing is thrown, printed or aborted. Null where something is required is PULSEKIT_INVALID. Functions have the
 *    platform's C calling convention; structs go by pointer.
 * 6. Callbacks run on the client's own thread, or inside pulsekit_open; `log` also inside a call that tracks with
 *    PULSEKIT_DURABILITY_POWER and cannot sync. Keep them short, call no function of the client in them. What they are
 *    handed is valid until they return.
 */
#ifndef PULSEKIT_H
#define PULSEKIT_H

#include <pulsekit/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A client: sends an application's events to a collector. */
typedef struct pulsekit_client pulsekit_client;

/* How a call went, and why an event was refused. */
typedef enum pulsekit_status {
    PULSEKIT_OK = 0,
    PULSEKIT_INVALID = 1,     /* an argument breaks a rule */
    PULSEKIT_TOO_LARGE = 2,   /* an event of more than 102,400 bytes, or beyond a limit of the dialect */
    PULSEKIT_FULL = 3,        /* this thread's journal is full; counted as dropped */
    PULSEKIT_CLOSED = 4,      /* after close */
    PULSEKIT_UNAVAILABLE = 5, /* disk or network cannot serve now, or not everything is delivered yet */
    PULSEKIT_INTERNAL = 6,    /* a fault of the library or of the system, such as no memory */
    PULSEKIT_DISABLED = 7,    /* after pulsekit_set_enabled(client, 0) */
    PULSEKIT_DENIED = 8,      /* the user has denied consent */
    PULSEKIT_SAMPLED = 9,     /* left out by the options' sampling; counted as dropped */
    PULSEKIT_FORKED = 10      /* in a child process: the client belongs to the parent */
} pulsekit_status;

/* What a status means, for people; static, never null. */
PULSEKIT_API const char* pulsekit_status_text(pulsekit_status status);

/* The library's version, such as "0.1.0". */
PULSEKIT_API const char* pulsekit_version(void);

/* Room for an id as text and its terminator. */
#define PULSEKIT_ID_SIZE 40

/* ---- Properties ------------------------------------------------------------------------------------------------- */

/* Properties that are put together at run time, and nested objects. */
typedef struct pulsekit_properties pulsekit_properties;
/* Values one after another. */
typedef struct pulsekit_array pulsekit_array;

/* What a property's value is. */
typedef enum pulsekit_type {
    PULSEKIT_NULL = 0,
    PULSEKIT_BOOL = 1,
    PULSEKIT_INT = 2,
    PULSEKIT_DOUBLE = 3,
    PULSEKIT_STRING = 4,
    PULSEKIT_TIME = 5,
    PULSEKIT_OBJECT = 6,
    PULSEKIT_ARRAY = 7
} pulsekit_type;

/* One property of an event. The member of `value` that `type` names counts. A string, object or array that is null is
 * sent as null, and so are NaN and the infinities. Objects and arrays are only read, and stay the caller's. The name
 * has 1 to 255 bytes. */
typedef struct pulsekit_property {
    const char* name;
    pulsekit_type type;
    union {
        int boolean; /* 0 or not */
        int64_t integer;
        double real;
        const char* string;
        int64_t unix_ms; /* milliseconds since 1970, of the years 1 to 9999 */
        const pulsekit_properties* object;
        const pulsekit_array* array;
    } value;
} pulsekit_property;

/* Empty ones; null when there is no memory. Null may be freed, and has none. */
PULSEKIT_API pulsekit_properties* pulsekit_properties_new(void);
PULSEKIT_API void pulsekit_properties_free(pulsekit_properties* properties);
PULSEKIT_API size_t pulsekit_properties_count(const pulsekit_properties* properties);

/* Each adds a copy; when a name is added twice, the collector keeps the last. PULSEKIT_INVALID, and nothing is added,
 * for a name that is empty or longer than 255 bytes, and for a value that nests deeper than 16. */
PULSEKIT_API pulsekit_status pulsekit_properties_set(pulsekit_properties* properties,
                                                     const pulsekit_property* property);
PULSEKIT_API pulsekit_status pulsekit_properties_set_null(pulsekit_properties* properties, const char* name);
PULSEKIT_API pulsekit_status pulsekit_properties_set_bool(pulsekit_properties* properties, const char* name, int value);
PULSEKIT_API pulsekit_status pulsekit_properties_set_int(pulsekit_properties* properties, const char* name,
                                                         int64_t value);
PULSEKIT_API pulsekit_status pulsekit_properties_set_double(pulsekit_properties* properties, const char* name,
                                                            double value);
PULSEKIT_API pulsekit_status pulsekit_properties_set_string(pulsekit_properties* properties, const char* name,
                                                            const char* value);
PULSEKIT_API pulsekit_status pulsekit_properties_set_time(pulsekit_properties* properties, const char* name,
                                                          int64_t unix_ms);
PULSEKIT_API pulsekit_status pulsekit_properties_set_object(pulsekit_properties* properties, const char* name,
                                                            const pulsekit_properties* value);
PULSEKIT_API pulsekit_status pulsekit_properties_set_array(pulsekit_properties* properties, const char* name,
                                                           const pulsekit_array* value);

/* The same for arrays. pulsekit_array_add() looks at type and value; the name may be null. */
PULSEKIT_API pulsekit_array* pulsekit_array_new(void);
PULSEKIT_API void pulsekit_array_free(pulsekit_array* array);
PULSEKIT_API size_t pulsekit_array_count(const pulsekit_array* array);
PULSEKIT_API pulsekit_status pulsekit_array_add(pulsekit_array* array, const pulsekit_property* element);
PULSEKIT_API pulsekit_status pulsekit_array_add_null(pulsekit_array* array);
PULSEKIT_API pulsekit_status pulsekit_array_add_bool(pulsekit_array* array, int value);
PULSEKIT_API pulsekit_status pulsekit_array_add_int(pulsekit_array* array, int64_t value);
PULSEKIT_API pulsekit_status pulsekit_array_add_double(pulsekit_array* array, double value);
PULSEKIT_API pulsekit_status pulsekit_array_add_string(pulsekit_array* array, const char* value);
PULSEKIT_API pulsekit_status pulsekit_array_add_time(pulsekit_array* array, int64_t unix_ms);
PULSEKIT_API pulsekit_status pulsekit_array_add_object(pulsekit_array* array, const pulsekit_properties* value);
PULSEKIT_API pulsekit_status pulsekit_array_add_array(pulsekit_array* array, const pulsekit_array* value);

/* ---- Options ---------------------------------------------------------------------------------------------------- */

/* How bad it is what `log` is told. */
typedef enum pulsekit_level { PULSEKIT_INFO = 0, PULSEKIT_WARNING = 1, PULSEKIT_ERROR = 2 } pulsekit_level;

/* The protocol that the collector speaks: docs/protocol.md, and docs/sdk.md for what each can say. */
typedef enum pulsekit_dialect {
    PULSEKIT_DIALECT_PRODUCTGRAPH = 0,
    PULSEKIT_DIALECT_PULSE = 1,
    PULSEKIT_DIALECT_GATEWAY = 2,
    PULSEKIT_DIALECT_ANALYTICS = 3,
    PULSEKIT_DIALECT_INGEST = 4
} pulsekit_dialect;

/* What an acknowledged event survives, when there is a storage folder. */
typedef enum pulsekit_durability {
    PULSEKIT_DURABILITY_PROCESS = 0, /* the death of the process */
    PULSEKIT_DURABILITY_POWER = 1    /* the loss of power, too */
} pulsekit_durability;

/* What is dropped when the queue is full. */
typedef enum pulsekit_overflow {
    PULSEKIT_OVERFLOW_DROP_OLDEST = 0,
    PULSEKIT_OVERFLOW_DROP_NEWEST = 1,
    PULSEKIT_OVERFLOW_BY_PRIORITY = 2
} pulsekit_overflow;

/* Whether the user allows telemetry. */
typedef enum pulsekit_consent {
    PULSEKIT_CONSENT_UNSET = 0,    /* in options: PULSEKIT_CONSENT_GRANTED */
    PULSEKIT_CONSENT_REQUIRED = 1, /* not asked yet: events are kept and nothing is sent */
    PULSEKIT_CONSENT_GRANTED = 2,  /* events are sent */
    PULSEKIT_CONSENT_DENIED = 3    /* what is queued is erased, and nothing is taken */
} pulsekit_consent;

/* An option that is on or off. */
typedef enum pulsekit_switch { PULSEKIT_DEFAULT = 0, PULSEKIT_ON = 1, PULSEKIT_OFF = 2 } pulsekit_switch;

/* For the milliseconds of an option where 0 stands for the default: none at all. */
#define PULSEKIT_NONE UINT32_MAX

/* Something the application may want to log; `message` is for people, in English. */
typedef void (*pulsekit_log_fn)(pulsekit_level level, const char* message, void* user_data);

/* An event that the collector refused for good: it was dropped and counted. */
typedef struct pulsekit_rejection {
    size_t size; /* what the library knows: later members are there when it covers them */
    const char* event_id;
    const char* name;
    const char* message; /* the collector's own words */
} pulsekit_rejection;
typedef void (*pulsekit_rejected_fn)(const pulsekit_rejection* rejection, void* user_data);

/* An event on its way into the queue. Edit it and return not 0, or return 0 to drop it. */
typedef struct pulsekit_event pulsekit_event;
typedef int (*pulsekit_before_send_fn)(pulsekit_event* event, void* user_data);

/* Inside pulsekit_before_send_fn alone. Texts, objects and arrays that they give are valid until that returns. */
PULSEKIT_API const char* pulsekit_event_name(pulsekit_event* event);
PULSEKIT_API const char* pulsekit_event_user_id(pulsekit_event* event);   /* empty: no user */
PULSEKIT_API int64_t pulsekit_event_unix_ms(const pulsekit_event* event); /* when it was tracked */
/* *property is the property of that name; PULSEKIT_NULL when there is none. */
PULSEKIT_API pulsekit_status pulsekit_event_get_property(pulsekit_event* event, const char* name,
                                                         pulsekit_property* property);
/* Calls `visit` with each property; it must not change the event. */
typedef void (*pulsekit_property_fn)(const pulsekit_property* property, void* user_data);
PULSEKIT_API pulsekit_status pulsekit_event_each_property(pulsekit_event* event, pulsekit_property_fn visit,
                                                          void* user_data);
PULSEKIT_API pulsekit_status pulsekit_event_set_name(pulsekit_event* event, const char* name); /* 1 to 255 bytes */
/* Adds or replaces; PULSEKIT_INVALID as with pulsekit_properties_set. Removing what is not there is no error. */
PULSEKIT_API pulsekit_status pulsekit_event_set_property(pulsekit_event* event, const pulsekit_property* property);
PULSEKIT_API pulsekit_status pulsekit_event_remove_property(pulsekit_event* event, const char* name);

/* How often events of a name are kept. */
typedef struct pulsekit_sample_rate {
    const char* name; /* null or empty: those that no other rate names */
    double rate;      /* 0 to 1 */
} pulsekit_sample_rate;

/* What is known of the machine; at most 255 bytes each. Null: what the library finds out, unless collect_context is
 * off. */
typedef struct pulsekit_environment {
    size_t size;
    const char* os;
    const char* os_version;
    const char* arch;
    const char* locale;       /* BCP 47: de-CH */
    const char* time_zone;    /* IANA name or offset: Europe/Zurich */
    const char* screen;       /* 1920x1080 */
    const char* device_class; /* desktop, mobile, tablet, console, server */
    const char* network_type; /* wifi, cellular, ethernet */
} pulsekit_environment;

#define PULSEKIT_ENVIRONMENT_INIT \
    { sizeof(pulsekit_environment), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/* A header of a request. */
typedef struct pulsekit_header {
    const char* name;
    const char* value;
} pulsekit_header;

/* How the built-in transport reaches the collector. */
typedef struct pulsekit_network {
    size_t size;
    const char* ca_bundle;                 /* PEM file in place of the system's authorities */
    const char* const* pinned_public_keys; /* the server has one of these: sha256//BASE64 */
    size_t pinned_public_key_count;
    const char* proxy;              /* null: as the environment says; "none": none */
    const pulsekit_header* headers; /* added to every request */
    size_t header_count;
    const char* user_agent; /* null: the library's own */
} pulsekit_network;

#define PULSEKIT_NETWORK_INIT \
    { sizeof(pulsekit_network), NULL, NULL, 0, NULL, NULL, 0, NULL }

/* One request to the collector, for a transport of your own. */
typedef struct pulsekit_request {
    size_t size; /* what the library knows: later members are there when it covers them */
    const char* method;
    const char* url;
    const pulsekit_header* headers;
    size_t header_count;
    const void* body; /* may be compressed: the headers say so */
    size_t body_size;
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms; /* for the whole exchange */
    /* Call it about every 50 ms while you wait, with this request. 0: give up at once, return PULSEKIT_UNAVAILABLE. */
    int (*keep_waiting)(const struct pulsekit_request* request);
} pulsekit_request;

/* What the server answered, put together inside pulsekit_send_fn; everything is copied. PULSEKIT_INVALID for a status
 * that is not 100 to 999. Add at least Retry-After when there is one; the names' case does not matter. */
typedef struct pulsekit_response pulsekit_response;
PULSEKIT_API pulsekit_status pulsekit_response_set(pulsekit_response* response, int http_status, const void* body,
                                                   size_t body_size);
PULSEKIT_API pulsekit_status pulsekit_response_add_header(pulsekit_response* response, const char* name,
                                                          const char* value);
/* Why there is no answer, for people. */
PULSEKIT_API pulsekit_status pulsekit_response_set_error(pulsekit_response* response, const char* message);

/* One exchange: PULSEKIT_OK when the server answered, whatever its status, and `response` has the answer; any other
 * status when it did not. Called by one thread at a time. Follow no redirect. */
typedef pulsekit_status (*pulsekit_send_fn)(const pulsekit_request* request, pulsekit_response* response,
                                            void* user_data);

/* A transport of your own, copied by pulsekit_open. */
typedef struct pulsekit_transport {
    size_t size;
    pulsekit_send_fn send;
    void* user_data; /* handed to send; lives until the client is freed */
} pulsekit_transport;

#define PULSEKIT_TRANSPORT_INIT \
    { sizeof(pulsekit_transport), NULL, NULL }

/* What a client is told; Options in options.hpp says the same in full. Read once, by pulsekit_open: nothing that it
 * points to has to live longer but what user_data stands for. */
typedef struct pulsekit_options {
    size_t size;                /* sizeof(pulsekit_options) */
    const char* endpoint;       /* required: https://telemetry.example.com */
    const char* api_key;        /* required: a key with the ingest scope */
    const char* app_name;       /* required */
    const char* app_version;    /* may be null */
    const char* storage_dir;    /* null: nothing touches the disk */
    uint32_t flush_interval_ms; /* 0: 5,000 */
    pulsekit_level log_level;   /* what is below it is not logged */
    uint64_t max_queue_bytes;   /* 0: 64 MB */
    pulsekit_log_fn log;        /* may be null */
    void* user_data;            /* handed to log, on_rejected and before_send */
    const char* app_build;      /* may be null */
    pulsekit_dialect dialect;
    pulsekit_durability durability;
    pulsekit_overflow overflow;
    pulsekit_consent consent;           /* when the storage folder remembers none */
    pulsekit_switch enabled;            /* default: on */
    pulsekit_switch collect_context;    /* default: on */
    pulsekit_switch report_delivery;    /* default: on */
    pulsekit_switch note_fatal_signals; /* default: off */
    uint32_t power_window_ms;           /* 0: pulsekit_track waits for the disk */
    uint32_t deferred_interval_ms;      /* 0: 60,000 */
    uint32_t max_batch_events;          /* 0: 1,000, which is the most */
    uint32_t session_timeout_ms;        /* 0: 30 minutes; PULSEKIT_NONE: never */
    uint32_t connect_timeout_ms;        /* 0: 10,000 */
    uint32_t request_timeout_ms;        /* 0: 30,000 */
    uint32_t retry_base_ms;             /* 0: 500 */
    uint32_t retry_cap_ms;              /* 0: 5 minutes */
    uint32_t close_deadline_ms;         /* pulsekit_free's; 0: 1,000 */
    uint32_t reserved;                  /* 0 */
    uint64_t journal_bytes_per_thread;  /* 0: 1 MB; rounded up to a power of two of at least 256 KiB */
    const pulsekit_sample_rate* sampling;
    size_t sampling_count;
    const pulsekit_property* global_properties;
    size_t global_property_count;
    const pulsekit_environment* environment;
    const pulsekit_network* network;
    const pulsekit_transport* transport; /* null: libcurl */
    pulsekit_rejected_fn on_rejected;    /* may be null */
    pulsekit_before_send_fn before_send; /* may be null; counted as before_send what it drops */
} pulsekit_options;

#define PULSEKIT_OPTIONS_INIT                                                                                        \
    {                                                                                                                \
        sizeof(pulsekit_options), NULL, NULL, NULL, NULL, NULL, 0, PULSEKIT_INFO, 0, NULL, NULL, NULL,               \
            PULSEKIT_DIALECT_PRODUCTGRAPH, PULSEKIT_DURABILITY_PROCESS, PULSEKIT_OVERFLOW_DROP_OLDEST,               \
            PULSEKIT_CONSENT_UNSET, PULSEKIT_DEFAULT, PULSEKIT_DEFAULT, PULSEKIT_DEFAULT, PULSEKIT_DEFAULT, 0, 0, 0, \
            0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL                                   \
    }

/* On success *client is the new client. On failure it is null and `error`, when not null, gets the reason, cut to
 * error_size bytes with the terminator. PULSEKIT_INVALID: an option is missing or breaks a rule. A storage folder that
 * cannot be used is no failure: `log` is told, and events are kept in memory. Does not touch the network. */
PULSEKIT_API pulsekit_status pulsekit_open(const pulsekit_options* options, pulsekit_client** client, char* error,
                                           size_t error_size);

/* ---- Events ----------------------------------------------------------------------------------------------------- */

/* When one of these returns PULSEKIT_OK and there is a storage folder, the event survives the death of the process.
 * `properties` may be null when `count` is 0; `id`, when not null, has room for PULSEKIT_ID_SIZE bytes. Up to 64 plain
 * properties cost pulsekit_track no allocation. */
PULSEKIT_API pulsekit_status pulsekit_track(pulsekit_client* client, const char* name,
                                            const pulsekit_property* properties, size_t count, char* id);
PULSEKIT_API pulsekit_status pulsekit_screen(pulsekit_client* client, const char* name,
                                             const pulsekit_property* properties, size_t count, char* id);
/* From now on events belong to this user, of at most 255 bytes; null or empty: to none. */
PULSEKIT_API pulsekit_status pulsekit_identify(pulsekit_client* client, const char* user_id,
                                               const pulsekit_property* traits, size_t count, char* id);

/* What goes first: the highest, and within one the oldest. */
typedef enum pulsekit_priority {
    PULSEKIT_PRIORITY_NORMAL = 0,
    PULSEKIT_PRIORITY_LOW = 1,
    PULSEKIT_PRIORITY_HIGH = 2
} pulsekit_priority;

/* When an event goes out. */
typedef enum pulsekit_latency {
    PULSEKIT_LATENCY_NORMAL = 0,  /* after flush_interval_ms at most */
    PULSEKIT_LATENCY_NOW = 1,     /* at once */
    PULSEKIT_LATENCY_DEFERRED = 2 /* with the next request, or after deferred_interval_ms */
} pulsekit_latency;

/* What goes with one event beyond its name. Null in its place: nothing. */
typedef struct pulsekit_details {
    size_t size;
    const pulsekit_property* properties;
    size_t property_count;
    const pulsekit_properties* more; /* added to `properties` */
    pulsekit_priority priority;
    pulsekit_latency latency;
    pulsekit_durability durability; /* the stronger of this and the options' holds */
    uint32_t reserved;              /* 0 */
} pulsekit_details;

#define PULSEKIT_DETAILS_INIT                                                                       \
    {                                                                                               \
        sizeof(pulsekit_details), NULL, 0, NULL, PULSEKIT_PRIORITY_NORMAL, PULSEKIT_LATENCY_NORMAL, \
            PULSEKIT_DURABILITY_PROCESS, 0                                                          \
    }

/* What became of one event. Null in its place: nobody asks. */
typedef struct pulsekit_tracked {
    size_t size;
    const char* reason;        /* of a refusal, for people; static; null when the event was taken */
    char id[PULSEKIT_ID_SIZE]; /* 36 characters; empty when the event was refused */
} pulsekit_tracked;

#define PULSEKIT_TRACKED_INIT                 \
    {                                         \
        sizeof(pulsekit_tracked), NULL, { 0 } \
    }

/* As the functions above, with details. PULSEKIT_INVALID also when the size of a struct is not set. */
PULSEKIT_API pulsekit_status pulsekit_track_with(pulsekit_client* client, const char* name,
                                                 const pulsekit_details* details, pulsekit_tracked* tracked);
PULSEKIT_API pulsekit_status pulsekit_screen_with(pulsekit_client* client, const char* name,
                                                  const pulsekit_details* details, pulsekit_tracked* tracked);
PULSEKIT_API pulsekit_status pulsekit_identify_with(pulsekit_client* client, const char* user_id,
                                                    const pulsekit_details* details, pulsekit_tracked* tracked);

/* An error of the application. `type`, such as an exception's class, is also the event's name; it and `stack` may be
 * null. */
PULSEKIT_API pulsekit_status pulsekit_error(pulsekit_client* client, const char* message, const char* type,
                                            const char* stack, const pulsekit_details* details,
                                            pulsekit_tracked* tracked);

/* Something that took a while. */
PULSEKIT_API pulsekit_status pulsekit_timed(pulsekit_client* client, const char* name, uint64_t duration_ms,
                                            const pulsekit_details* details, pulsekit_tracked* tracked);
/* Measures a while by the client's clock; tracks nothing by itself. It must not outlive the client. */
typedef struct pulsekit_timer pulsekit_timer;
/* Null when there is no memory. */
PULSEKIT_API pulsekit_timer* pulsekit_timer_start(const pulsekit_client* client);
PULSEKIT_API uint64_t pulsekit_timer_elapsed_ms(const pulsekit_timer* timer);
PULSEKIT_API void pulsekit_timer_free(pulsekit_timer* timer);

/* Money that came in: finite, in the currency's main unit; `currency` is ISO 4217, three letters. */
PULSEKIT_API pulsekit_status pulsekit_revenue(pulsekit_client* client, const char* name, double amount,
                                              const char* currency, const pulsekit_details* details,
                                              pulsekit_tracked* tracked);
/* A step on a way through the application: ProductGraph's gen_ai.journey. `step_name`, for people, may be null. */
PULSEKIT_API pulsekit_status pulsekit_journey_step(pulsekit_client* client, const char* journey, const char* step,
                                                   const char* step_name, const pulsekit_details* details,
                                                   pulsekit_tracked* tracked);
/* Something in the application's state has a new value: ProductGraph's ui.state. `before` and `after` may be null. */
PULSEKIT_API pulsekit_status pulsekit_state_change(pulsekit_client* client, const char* key, const char* before,
                                                   const char* after, const pulsekit_details* details,
                                                   pulsekit_tracked* tracked);
/* A call to an API: ProductGraph's api. `path` without what identifies a person; `http_status` 0: no answer. */
PULSEKIT_API pulsekit_status pulsekit_api_call(pulsekit_client* client, const char* method, const char* path,
                                               int http_status, uint64_t duration_ms, const pulsekit_details* details,
                                               pulsekit_tracked* tracked);
/* A measured value, such as frame_ms; finite. LCP, FCP, CLS, INP and TTFB are the web vitals. */
PULSEKIT_API pulsekit_status pulsekit_performance(pulsekit_client* client, const char* metric, double value,
                                                  const pulsekit_details* details, pulsekit_tracked* tracked);

/* ---- The client ------------------------------------------------------------------------------------------------- */

/* A property that goes with every event from now on, replacing one of its name. PULSEKIT_INVALID: it breaks a rule, or
 * all together would have more than 8 KB. `error` as with pulsekit_open. */
PULSEKIT_API pulsekit_status pulsekit_set_global_property(pulsekit_client* client, const pulsekit_property* property,
                                                          char* error, size_t error_size);
PULSEKIT_API pulsekit_status pulsekit_remove_global_property(pulsekit_client* client, const char* name);

/* What the application learns later: 1920x1080, and wifi, cellular or ethernet. Cut to 255 bytes; null: unknown from
 * now on. */
PULSEKIT_API pulsekit_status pulsekit_set_screen(pulsekit_client* client, const char* screen);
PULSEKIT_API pulsekit_status pulsekit_set_network_type(pulsekit_client* client, const char* type);

/* Ends the session and begins a new one. */
PULSEKIT_API pulsekit_status pulsekit_start_session(pulsekit_client* client);
/* The application goes to the background: what is tracked is brought to the disk and sent as far as possible, without
 * waiting. And it is back: a new session when it was away for longer than the session timeout. */
PULSEKIT_API pulsekit_status pulsekit_suspend(pulsekit_client* client);
PULSEKIT_API pulsekit_status pulsekit_resume(pulsekit_client* client);
/* Another person takes over: forgets the user and begins a new session. */
PULSEKIT_API pulsekit_status pulsekit_reset(pulsekit_client* client);
/* A new anonymous device id, here and in the storage folder. PULSEKIT_UNAVAILABLE: it could not be written down and
 * holds for this run. */
PULSEKIT_API pulsekit_status pulsekit_clear_device_id(pulsekit_client* client);

/* Remembered in the storage folder; denied erases what is queued. PULSEKIT_UNAVAILABLE: it could not be written down
 * and holds for this run. */
PULSEKIT_API pulsekit_status pulsekit_set_consent(pulsekit_client* client, pulsekit_consent consent);
PULSEKIT_API pulsekit_consent pulsekit_get_consent(const pulsekit_client* client);
/* 0: nothing is taken; what is queued is still sent. */
PULSEKIT_API pulsekit_status pulsekit_set_enabled(pulsekit_client* client, int enabled);
/* Nothing is sent in between, and a request that is out is given up; events are taken and kept. */
PULSEKIT_API pulsekit_status pulsekit_pause_uploads(pulsekit_client* client);
PULSEKIT_API pulsekit_status pulsekit_resume_uploads(pulsekit_client* client);

/* Each writes an id and its terminator to `buffer`; PULSEKIT_INVALID when it has less room than PULSEKIT_ID_SIZE. */
PULSEKIT_API pulsekit_status pulsekit_session_id(const pulsekit_client* client, char* buffer, size_t buffer_size);
PULSEKIT_API pulsekit_status pulsekit_device_id(const pulsekit_client* client, char* buffer, size_t buffer_size);

/* How a run ended. */
typedef enum pulsekit_end {
    PULSEKIT_END_NONE = 0,    /* there was no run before, or there is no storage folder */
    PULSEKIT_END_CLEAN = 1,   /* the client was closed */
    PULSEKIT_END_ABNORMAL = 2 /* it was not: a crash, a kill, a loss of power */
} pulsekit_end;

/* How the last run ended in the same numbered folder of the storage folder. */
typedef struct pulsekit_previous_run {
    size_t size;
    pulsekit_end end;
    int signal;                        /* the fatal one, with note_fatal_signals; 0: none, or not known */
    char session_id[PULSEKIT_ID_SIZE]; /* its last session; may be empty */
} pulsekit_previous_run;

#define PULSEKIT_PREVIOUS_RUN_INIT                                 \
    {                                                              \
        sizeof(pulsekit_previous_run), PULSEKIT_END_NONE, 0, { 0 } \
    }

/* As pulsekit_open read it. */
PULSEKIT_API pulsekit_status pulsekit_get_previous_run(const pulsekit_client* client, pulsekit_previous_run* run);

/* The ledger, in events: `accepted` == `delivered` + `queued` + `dropped`, over the life of the storage folder. */
typedef struct pulsekit_stats {
    size_t size; /* sizeof(pulsekit_stats) */
    uint64_t accepted;
    uint64_t delivered;
    uint64_t queued;
    uint64_t dropped;
} pulsekit_stats;

#define PULSEKIT_STATS_INIT \
    { sizeof(pulsekit_stats), 0, 0, 0, 0 }

/* As it is now; also after pulsekit_close. */
PULSEKIT_API pulsekit_status pulsekit_get_stats(const pulsekit_client* client, pulsekit_stats* stats);
/* The same, and calls `visit` for each reason why events were dropped, before it returns; the counts add up to
 * `dropped`. Reasons: journal_full, queue_full, rejected, sampled, before_send, consent, corrupt. */
typedef void (*pulsekit_dropped_fn)(const char* reason, uint64_t count, void* user_data);
PULSEKIT_API pulsekit_status pulsekit_get_stats_with(const pulsekit_client* client, pulsekit_stats* stats,
                                                     pulsekit_dropped_fn visit, void* user_data);

/* Sends everything tracked so far, and blocks until it is settled; PULSEKIT_UNAVAILABLE when the deadline comes
 * first. */
PULSEKIT_API pulsekit_status pulsekit_flush(pulsekit_client* client, uint32_t deadline_ms);
/* The same, with the reason in `error` as with pulsekit_open. */
PULSEKIT_API pulsekit_status pulsekit_flush_with(pulsekit_client* client, uint32_t deadline_ms, char* error,
                                                 size_t error_size);

/* Takes no more events, delivers what the deadline allows, and keeps the rest for the next start; 0: for the next start
 * alone. The client is still to be freed. PULSEKIT_UNAVAILABLE: something is left; `error` as with pulsekit_open. */
PULSEKIT_API pulsekit_status pulsekit_close(pulsekit_client* client, uint32_t deadline_ms, char* error,
                                            size_t error_size);
/* pulsekit_close() and the end of the client, whatever is returned. */
PULSEKIT_API pulsekit_status pulsekit_close_and_free(pulsekit_client* client, uint32_t deadline_ms);
/* The same with close_deadline_ms of the options; null is allowed. */
PULSEKIT_API void pulsekit_free(pulsekit_client* client);

#ifdef __cplusplus
}
#endif

#endif
