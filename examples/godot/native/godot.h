/* The few things that the binding needs of Godot 3's C interface (GDNative, core API 1.0), so that it compiles without
 * Godot's own headers. The order of the functions is the interface, and the same in all of Godot 3; those that are not
 * needed are skipped. */
#ifndef PULSEKIT_EXAMPLE_GODOT_H
#define PULSEKIT_EXAMPLE_GODOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The engine's own types: never looked into. */
typedef struct godot_variant {
    uint8_t opaque[24];
} godot_variant;
typedef struct godot_array {
    uint8_t opaque[sizeof(void*)];
} godot_array;
typedef struct godot_dictionary {
    uint8_t opaque[sizeof(void*)];
} godot_dictionary;
typedef struct godot_string {
    uint8_t opaque[sizeof(void*)];
} godot_string;
typedef struct godot_char_string {
    uint8_t opaque[sizeof(void*)];
} godot_char_string;

typedef enum godot_variant_type {
    GODOT_NIL = 0,
    GODOT_BOOL = 1,
    GODOT_INT = 2,
    GODOT_REAL = 3,
    GODOT_STRING = 4,
    GODOT_DICTIONARY = 18,
    GODOT_ARRAY = 19
} godot_variant_type;

typedef void (*godot_skipped)(void);

/* 744 functions; the number before each is its place. */
typedef struct godot_core_api {
    unsigned int type;
    unsigned int version_major;
    unsigned int version_minor;
    const void* next;
    unsigned int extension_count;
    const void* const* extensions;

    godot_skipped skip_0[323];
    /* 323 */ void (*array_new)(godot_array* made);
    godot_skipped skip_324[9];
    /* 333 */ godot_variant (*array_get)(const godot_array* array, int index);
    godot_skipped skip_334[17];
    /* 351 */ void (*array_push_back)(godot_array* array, const godot_variant* value);
    godot_skipped skip_352[4];
    /* 356 */ int (*array_size)(const godot_array* array);
    godot_skipped skip_357[4];
    /* 361 */ void (*array_destroy)(godot_array* array);
    godot_skipped skip_362[2];
    /* 364 */ void (*dictionary_destroy)(godot_dictionary* dictionary);
    godot_skipped skip_365[7];
    /* 372 */ godot_array (*dictionary_keys)(const godot_dictionary* dictionary);
    godot_skipped skip_373[1];
    /* 374 */ godot_variant (*dictionary_get)(const godot_dictionary* dictionary, const godot_variant* key);
    godot_skipped skip_375[132];
    /* 507 */ godot_variant_type (*variant_get_type)(const godot_variant* variant);
    godot_skipped skip_508[2];
    /* 510 */ void (*variant_new_bool)(godot_variant* made, bool value);
    godot_skipped skip_511[1];
    /* 512 */ void (*variant_new_int)(godot_variant* made, int64_t value);
    godot_skipped skip_513[1];
    /* 514 */ void (*variant_new_string)(godot_variant* made, const godot_string* value);
    godot_skipped skip_515[14];
    /* 529 */ void (*variant_new_array)(godot_variant* made, const godot_array* value);
    godot_skipped skip_530[7];
    /* 537 */ bool (*variant_as_bool)(const godot_variant* variant);
    godot_skipped skip_538[1];
    /* 539 */ int64_t (*variant_as_int)(const godot_variant* variant);
    /* 540 */ double (*variant_as_real)(const godot_variant* variant);
    /* 541 */ godot_string (*variant_as_string)(const godot_variant* variant);
    godot_skipped skip_542[13];
    /* 555 */ godot_dictionary (*variant_as_dictionary)(const godot_variant* variant);
    /* 556 */ godot_array (*variant_as_array)(const godot_variant* variant);
    godot_skipped skip_557[13];
    /* 570 */ void (*variant_destroy)(godot_variant* variant);
    godot_skipped skip_571[1];
    /* 572 */ const char* (*char_string_get_data)(const godot_char_string* text);
    /* 573 */ void (*char_string_destroy)(godot_char_string* text);
    godot_skipped skip_574[104];
    /* 678 */ godot_char_string (*string_utf8)(const godot_string* text);
    godot_skipped skip_679[2];
    /* 681 */ godot_string (*string_chars_to_utf8)(const char* utf8);
    godot_skipped skip_682[39];
    /* 721 */ void (*string_destroy)(godot_string* text);
    godot_skipped skip_722[20];
    /* 742 */ void (*print_warning)(const char* description, const char* function, const char* file, int line);
} godot_core_api;

typedef struct godot_init_options {
    bool in_editor;
    uint64_t core_api_hash;
    uint64_t editor_api_hash;
    uint64_t no_api_hash;
    godot_skipped report_version_mismatch;
    godot_skipped report_loading_error;
    void* library;
    const godot_core_api* api;
    const godot_string* library_path;
} godot_init_options;

#if defined(_WIN32)
#define GODOT_EXPORT __declspec(dllexport)
#else
#define GODOT_EXPORT __attribute__((visibility("default")))
#endif

#endif
