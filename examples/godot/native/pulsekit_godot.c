/* pulsekit for Godot 3: the C interface of the SDK as functions that Pulsekit.gd calls through GDNative. There is one
 * client, the autoload's. Each function takes an array of arguments and answers with an array: whether it went well,
 * then what it has to say. */
#include <pulsekit/pulsekit.h>

#include "godot.h"

static const godot_core_api* godot;
static pulsekit_client* client;

/* ---- From Godot ------------------------------------------------------------------------------------------------- */

/* A text on its way through: `bytes` until text_end(). */
typedef struct text {
    godot_string string;
    godot_char_string utf8;
    const char* bytes;
} text;

static text text_of(const godot_variant* variant) {
    text made;
    made.string = godot->variant_as_string(variant);
    made.utf8 = godot->string_utf8(&made.string);
    made.bytes = godot->char_string_get_data(&made.utf8);
    return made;
}

static void text_end(text* ended) {
    godot->char_string_destroy(&ended->utf8);
    godot->string_destroy(&ended->string);
}

static text text_argument(const godot_array* arguments, int index) {
    godot_variant argument = godot->array_get(arguments, index);
    const text made = text_of(&argument);
    godot->variant_destroy(&argument);
    return made;
}

static int64_t int_argument(const godot_array* arguments, int index) {
    godot_variant argument = godot->array_get(arguments, index);
    const int64_t value = godot->variant_as_int(&argument);
    godot->variant_destroy(&argument);
    return value;
}

/* A dictionary may hold itself. The SDK takes no value that nests deeper either. */
enum { deepest = 16 };

static pulsekit_status fill_properties(pulsekit_properties* properties, const godot_dictionary* from, int depth);
static pulsekit_status fill_array(pulsekit_array* array, const godot_array* from, int depth);

/* Adds `value` to one of the two that is not null. What Godot alone knows, such as a Vector2, is sent as its text. */
static pulsekit_status add(pulsekit_properties* properties, pulsekit_array* array, const char* name,
                           const godot_variant* value, int depth) {
    if (depth > deepest) return PULSEKIT_INVALID;
    pulsekit_status status = PULSEKIT_OK;
    pulsekit_property property = {name, PULSEKIT_NULL, {0}};
    pulsekit_properties* object = NULL;
    pulsekit_array* elements = NULL;
    const godot_variant_type type = godot->variant_get_type(value);
    text string;
    switch (type) {
        case GODOT_NIL: break;
        case GODOT_BOOL:
            property.type = PULSEKIT_BOOL;
            property.value.boolean = godot->variant_as_bool(value);
            break;
        case GODOT_INT:
            property.type = PULSEKIT_INT;
            property.value.integer = godot->variant_as_int(value);
            break;
        case GODOT_REAL:
            property.type = PULSEKIT_DOUBLE;
            property.value.real = godot->variant_as_real(value);
            break;
        case GODOT_DICTIONARY: {
            godot_dictionary dictionary = godot->variant_as_dictionary(value);
            property.type = PULSEKIT_OBJECT;
            property.value.object = object = pulsekit_properties_new();
            status = fill_properties(object, &dictionary, depth);
            godot->dictionary_destroy(&dictionary);
            break;
        }
        case GODOT_ARRAY: {
            godot_array list = godot->variant_as_array(value);
            property.type = PULSEKIT_ARRAY;
            property.value.array = elements = pulsekit_array_new();
            status = fill_array(elements, &list, depth);
            godot->array_destroy(&list);
            break;
        }
        default:
            string = text_of(value);
            property.type = PULSEKIT_STRING;
            property.value.string = string.bytes;
    }
    if (status == PULSEKIT_OK) {
        status = properties ? pulsekit_properties_set(properties, &property) : pulsekit_array_add(array, &property);
    }
    if (property.type == PULSEKIT_STRING) text_end(&string);
    pulsekit_properties_free(object);
    pulsekit_array_free(elements);
    return status;
}

static pulsekit_status fill_properties(pulsekit_properties* properties, const godot_dictionary* from, int depth) {
    pulsekit_status status = properties ? PULSEKIT_OK : PULSEKIT_INTERNAL;
    godot_array keys = godot->dictionary_keys(from);
    const int count = godot->array_size(&keys);
    for (int i = 0; i < count && status == PULSEKIT_OK; ++i) {
        godot_variant key = godot->array_get(&keys, i);
        godot_variant value = godot->dictionary_get(from, &key);
        text name = text_of(&key);
        status = add(properties, NULL, name.bytes, &value, depth + 1);
        text_end(&name);
        godot->variant_destroy(&value);
        godot->variant_destroy(&key);
    }
    godot->array_destroy(&keys);
    return status;
}

static pulsekit_status fill_array(pulsekit_array* array, const godot_array* from, int depth) {
    pulsekit_status status = array ? PULSEKIT_OK : PULSEKIT_INTERNAL;
    const int count = godot->array_size(from);
    for (int i = 0; i < count && status == PULSEKIT_OK; ++i) {
        godot_variant value = godot->array_get(from, i);
        status = add(NULL, array, NULL, &value, depth + 1);
        godot->variant_destroy(&value);
    }
    return status;
}

/* ---- To Godot --------------------------------------------------------------------------------------------------- */

static void push(godot_array* array, godot_variant* value) {
    godot->array_push_back(array, value);
    godot->variant_destroy(value);
}

static void push_bool(godot_array* array, bool value) {
    godot_variant variant;
    godot->variant_new_bool(&variant, value);
    push(array, &variant);
}

static void push_int(godot_array* array, uint64_t value) {
    godot_variant variant;
    godot->variant_new_int(&variant, (int64_t)value);
    push(array, &variant);
}

static void push_text(godot_array* array, const char* value) {
    godot_string string = godot->string_chars_to_utf8(value);
    godot_variant variant;
    godot->variant_new_string(&variant, &string);
    push(array, &variant);
    godot->string_destroy(&string);
}

static godot_variant given(godot_array* array) {
    godot_variant variant;
    godot->variant_new_array(&variant, array);
    godot->array_destroy(array);
    return variant;
}

static godot_variant answer(bool ok, const char* words) {
    godot_array array;
    godot->array_new(&array);
    push_bool(&array, ok);
    push_text(&array, words ? words : "");
    return given(&array);
}

static godot_variant status_answer(pulsekit_status status) {
    return answer(status == PULSEKIT_OK, pulsekit_status_text(status));
}

/* On the client's own thread, which Godot's messages may come from. */
static void on_log(pulsekit_level level, const char* message, void* user_data) {
    (void)level;
    (void)user_data;
    godot->print_warning(message, "pulsekit", "pulsekit", 0);
}

/* ---- What Pulsekit.gd calls ------------------------------------------------------------------------------------- */

/* Endpoint, key, application, version, storage folder, milliseconds between requests, bytes of the queue. */
GODOT_EXPORT godot_variant pulsekit_godot_open(godot_array* arguments) {
    if (client) return answer(false, "it is open already");
    text texts[5];
    for (int i = 0; i < 5; ++i) texts[i] = text_argument(arguments, i);
    pulsekit_options options = PULSEKIT_OPTIONS_INIT;
    options.endpoint = texts[0].bytes;
    options.api_key = texts[1].bytes;
    options.app_name = texts[2].bytes;
    options.app_version = texts[3].bytes;
    options.storage_dir = texts[4].bytes;
    options.flush_interval_ms = (uint32_t)int_argument(arguments, 5);
    options.max_queue_bytes = (uint64_t)int_argument(arguments, 6);
    options.log = on_log;
    options.log_level = PULSEKIT_WARNING;
    char error[256] = "";
    const pulsekit_status status = pulsekit_open(&options, &client, error, sizeof error);
    for (int i = 0; i < 5; ++i) text_end(&texts[i]);
    return answer(status == PULSEKIT_OK, error);
}

typedef pulsekit_status (*track_fn)(pulsekit_client*, const char*, const pulsekit_details*, pulsekit_tracked*);

/* Name (or user) and properties. Answers with the event's id, or why it was refused. */
static godot_variant tracked_by(track_fn track, const godot_array* arguments) {
    if (!client) return status_answer(PULSEKIT_CLOSED);
    pulsekit_properties* properties = pulsekit_properties_new();
    godot_variant argument = godot->array_get(arguments, 1);
    godot_dictionary dictionary = godot->variant_as_dictionary(&argument);
    const pulsekit_status filled = fill_properties(properties, &dictionary, 0);
    godot->dictionary_destroy(&dictionary);
    godot->variant_destroy(&argument);

    godot_variant result;
    if (filled == PULSEKIT_OK) {
        text name = text_argument(arguments, 0);
        pulsekit_details details = PULSEKIT_DETAILS_INIT;
        details.more = properties;
        pulsekit_tracked tracked = PULSEKIT_TRACKED_INIT;
        const pulsekit_status status = track(client, name.bytes, &details, &tracked);
        result = answer(status == PULSEKIT_OK, status == PULSEKIT_OK ? tracked.id : tracked.reason);
        text_end(&name);
    } else {
        result = answer(false, "a property has no name, too long a name, or nests too deep");
    }
    pulsekit_properties_free(properties);
    return result;
}

GODOT_EXPORT godot_variant pulsekit_godot_track(godot_array* arguments) {
    return tracked_by(pulsekit_track_with, arguments);
}

GODOT_EXPORT godot_variant pulsekit_godot_screen(godot_array* arguments) {
    return tracked_by(pulsekit_screen_with, arguments);
}

GODOT_EXPORT godot_variant pulsekit_godot_identify(godot_array* arguments) {
    return tracked_by(pulsekit_identify_with, arguments);
}

/* Milliseconds. */
GODOT_EXPORT godot_variant pulsekit_godot_flush(godot_array* arguments) {
    if (!client) return status_answer(PULSEKIT_CLOSED);
    char error[256] = "";
    const pulsekit_status status =
        pulsekit_flush_with(client, (uint32_t)int_argument(arguments, 0), error, sizeof error);
    return answer(status == PULSEKIT_OK, error);
}

GODOT_EXPORT godot_variant pulsekit_godot_stats(godot_array* arguments) {
    (void)arguments;
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    const pulsekit_status status = client ? pulsekit_get_stats(client, &stats) : PULSEKIT_CLOSED;
    if (status != PULSEKIT_OK) return status_answer(status);
    godot_array array;
    godot->array_new(&array);
    push_bool(&array, true);
    push_int(&array, stats.accepted);
    push_int(&array, stats.delivered);
    push_int(&array, stats.queued);
    push_int(&array, stats.dropped);
    return given(&array);
}

GODOT_EXPORT godot_variant pulsekit_godot_suspend(godot_array* arguments) {
    (void)arguments;
    return status_answer(client ? pulsekit_suspend(client) : PULSEKIT_CLOSED);
}

GODOT_EXPORT godot_variant pulsekit_godot_resume(godot_array* arguments) {
    (void)arguments;
    return status_answer(client ? pulsekit_resume(client) : PULSEKIT_CLOSED);
}

/* Milliseconds. */
GODOT_EXPORT godot_variant pulsekit_godot_close(godot_array* arguments) {
    if (!client) return answer(true, "");
    char error[256] = "";
    const pulsekit_status status = pulsekit_close(client, (uint32_t)int_argument(arguments, 0), error, sizeof error);
    pulsekit_free(client);
    client = NULL;
    return answer(status == PULSEKIT_OK, error);
}

/* ---- What Godot calls ------------------------------------------------------------------------------------------- */

GODOT_EXPORT void pulsekit_godot_gdnative_init(const godot_init_options* options) { godot = options->api; }

GODOT_EXPORT void pulsekit_godot_gdnative_terminate(const void* options) {
    (void)options;
    pulsekit_free(client); /* waits for its thread, which is about to lose its code */
    client = NULL;
}
