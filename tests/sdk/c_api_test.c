/* The C interface from C. */
#include <math.h>

#include "c_api_fake.h"

void old_header(void);

static collector server;
static int logged = 0;
static int rejections = 0;

static void on_log(pulsekit_level level, const char* message, void* user_data) {
    CHECK(level >= PULSEKIT_INFO && level <= PULSEKIT_ERROR);
    CHECK(message[0] != '\0');
    CHECK(user_data == &logged);
    ++logged;
}

static void on_rejected(const pulsekit_rejection* rejection, void* user_data) {
    CHECK(rejection->size == sizeof *rejection);
    CHECK(strlen(rejection->event_id) == 36);
    CHECK(strcmp(rejection->name, "reject-me") == 0);
    CHECK(strcmp(rejection->message, "no") == 0);
    CHECK(user_data == &logged);
    ++rejections;
}

static pulsekit_client* open_client(const pulsekit_options* options) {
    pulsekit_client* client = NULL;
    char error[256] = "";
    const pulsekit_status opened = pulsekit_open(options, &client, error, sizeof error);
    if (opened != PULSEKIT_OK) fprintf(stderr, "%s\n", error);
    CHECK(opened == PULSEKIT_OK && client != NULL && error[0] == '\0');
    return client;
}

static pulsekit_client* fresh_client(pulsekit_options* options, pulsekit_transport* transport) {
    memset(&server, 0, sizeof server);
    *options = options_for(&server, transport);
    return open_client(options);
}

static void close_client(pulsekit_client* client) { CHECK(pulsekit_close_and_free(client, 5000) == PULSEKIT_OK); }

static pulsekit_property integer(const char* name, int64_t value) {
    pulsekit_property property;
    memset(&property, 0, sizeof property);
    property.name = name;
    property.type = PULSEKIT_INT;
    property.value.integer = value;
    return property;
}

static void names(void) {
    CHECK(strchr(pulsekit_version(), '.') != NULL);
    for (int status = PULSEKIT_OK; status <= PULSEKIT_FORKED + 1; ++status) {
        CHECK(pulsekit_status_text((pulsekit_status)status)[0] != '\0');
        CHECK(strcmp(pulsekit_status_text((pulsekit_status)status),
                     pulsekit_status_text((pulsekit_status)(status + 1))) != 0 ||
              status == PULSEKIT_FORKED + 1);
    }
}

static void bad_options(void) {
    pulsekit_client* client = NULL;
    pulsekit_options options = PULSEKIT_OPTIONS_INIT;
    char error[64] = "";
    CHECK(pulsekit_open(NULL, &client, error, sizeof error) == PULSEKIT_INVALID);
    CHECK(pulsekit_open(&options, NULL, NULL, 0) == PULSEKIT_INVALID);
    CHECK(pulsekit_open(&options, &client, error, sizeof error) == PULSEKIT_INVALID);
    CHECK(strcmp(error, "Options::endpoint is required") == 0);
    CHECK(client == NULL);
    char tiny[5];
    CHECK(pulsekit_open(&options, &client, tiny, sizeof tiny) == PULSEKIT_INVALID);
    CHECK(strcmp(tiny, "Opti") == 0);

    pulsekit_transport transport;
#define REFUSED(change)                                                                   \
    do {                                                                                  \
        options = options_for(&server, &transport);                                       \
        change;                                                                           \
        CHECK(pulsekit_open(&options, &client, error, sizeof error) == PULSEKIT_INVALID); \
        CHECK(client == NULL && error[0] != '\0');                                        \
    } while (0)
    REFUSED(options.size = 8);
    REFUSED(options.log_level = (pulsekit_level)7);
    REFUSED(options.dialect = (pulsekit_dialect)99);
    REFUSED(options.durability = (pulsekit_durability)2);
    REFUSED(options.overflow = (pulsekit_overflow)3);
    REFUSED(options.consent = (pulsekit_consent)4);
    REFUSED(options.enabled = (pulsekit_switch)3);
    REFUSED(options.sampling_count = 1);
    REFUSED(options.global_property_count = 1);
    REFUSED(transport.send = NULL);
    REFUSED(transport.size = 1);
    pulsekit_property unnamed = integer(NULL, 1);
    REFUSED((options.global_properties = &unnamed, options.global_property_count = 1));
    pulsekit_environment environment = PULSEKIT_ENVIRONMENT_INIT;
    environment.size = 0;
    REFUSED(options.environment = &environment);
    pulsekit_network network = PULSEKIT_NETWORK_INIT;
    network.size = 0;
    REFUSED(options.network = &network);
    network.size = sizeof network;
    network.header_count = 1;
    REFUSED(options.network = &network);
    network.header_count = 0;
    const char* no_pin = NULL;
    network.pinned_public_keys = &no_pin;
    network.pinned_public_key_count = 1;
    REFUSED(options.network = &network);
#undef REFUSED
}

static void null_arguments(void) {
    char buffer[PULSEKIT_ID_SIZE];
    pulsekit_property property = integer("n", 1);
    pulsekit_previous_run run = PULSEKIT_PREVIOUS_RUN_INIT;
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    CHECK(pulsekit_track(NULL, "x", NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_screen(NULL, "x", NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_identify(NULL, "x", NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_track_with(NULL, "x", NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_screen_with(NULL, "x", NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_identify_with(NULL, "x", NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_error(NULL, "x", NULL, NULL, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_timed(NULL, "x", 1, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_revenue(NULL, "x", 1, "EUR", NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_journey_step(NULL, "a", "b", NULL, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_state_change(NULL, "a", "b", "c", NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_api_call(NULL, "GET", "/", 200, 1, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_performance(NULL, "x", 1, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_timer_start(NULL) == NULL);
    CHECK(pulsekit_timer_elapsed_ms(NULL) == 0);
    pulsekit_timer_free(NULL);
    CHECK(pulsekit_set_global_property(NULL, &property, NULL, 0) == PULSEKIT_INVALID);
    CHECK(pulsekit_remove_global_property(NULL, "x") == PULSEKIT_INVALID);
    CHECK(pulsekit_set_screen(NULL, "x") == PULSEKIT_INVALID);
    CHECK(pulsekit_set_network_type(NULL, "x") == PULSEKIT_INVALID);
    CHECK(pulsekit_start_session(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_suspend(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_resume(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_reset(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_clear_device_id(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_set_consent(NULL, PULSEKIT_CONSENT_GRANTED) == PULSEKIT_INVALID);
    CHECK(pulsekit_get_consent(NULL) == PULSEKIT_CONSENT_UNSET);
    CHECK(pulsekit_set_enabled(NULL, 1) == PULSEKIT_INVALID);
    CHECK(pulsekit_pause_uploads(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_resume_uploads(NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_session_id(NULL, buffer, sizeof buffer) == PULSEKIT_INVALID);
    CHECK(pulsekit_device_id(NULL, buffer, sizeof buffer) == PULSEKIT_INVALID);
    CHECK(pulsekit_get_previous_run(NULL, &run) == PULSEKIT_INVALID);
    CHECK(pulsekit_get_stats(NULL, &stats) == PULSEKIT_INVALID);
    CHECK(pulsekit_get_stats_with(NULL, &stats, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_flush(NULL, 1) == PULSEKIT_INVALID);
    CHECK(pulsekit_flush_with(NULL, 1, buffer, sizeof buffer) == PULSEKIT_INVALID);
    CHECK(pulsekit_close(NULL, 1, buffer, sizeof buffer) == PULSEKIT_INVALID);
    CHECK(pulsekit_close_and_free(NULL, 1) == PULSEKIT_INVALID);
    pulsekit_free(NULL);
    CHECK(strcmp(pulsekit_event_name(NULL), "") == 0 && strcmp(pulsekit_event_user_id(NULL), "") == 0);
    CHECK(pulsekit_event_unix_ms(NULL) == 0);
    CHECK(pulsekit_event_get_property(NULL, "x", &property) == PULSEKIT_INVALID);
    CHECK(pulsekit_event_each_property(NULL, NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_event_set_name(NULL, "x") == PULSEKIT_INVALID);
    CHECK(pulsekit_event_set_property(NULL, &property) == PULSEKIT_INVALID);
    CHECK(pulsekit_event_remove_property(NULL, "x") == PULSEKIT_INVALID);
    pulsekit_properties_free(NULL);
    pulsekit_array_free(NULL);
    CHECK(pulsekit_properties_count(NULL) == 0 && pulsekit_array_count(NULL) == 0);
    CHECK(pulsekit_properties_set(NULL, &property) == PULSEKIT_INVALID);
    CHECK(pulsekit_properties_set_int(NULL, "x", 1) == PULSEKIT_INVALID);
    CHECK(pulsekit_array_add(NULL, &property) == PULSEKIT_INVALID);
    CHECK(pulsekit_array_add_int(NULL, 1) == PULSEKIT_INVALID);
}

static void plain_properties(void) {
    pulsekit_options options;
    pulsekit_transport transport;
    pulsekit_client* client = fresh_client(&options, &transport);
    pulsekit_property properties[70];
    memset(properties, 0, sizeof properties);
    properties[0] = integer("level", 3);
    properties[1].name = "score";
    properties[1].type = PULSEKIT_DOUBLE;
    properties[1].value.real = 12.5;
    properties[2].name = "won";
    properties[2].type = PULSEKIT_BOOL;
    properties[2].value.boolean = 7;
    properties[3].name = "map";
    properties[3].type = PULSEKIT_STRING;
    properties[3].value.string = "ca\xc3\xb1on";
    properties[4].name = "nothing";
    properties[5].name = "at";
    properties[5].type = PULSEKIT_TIME;
    properties[5].value.unix_ms = 1;
    properties[6].name = "no text";
    properties[6].type = PULSEKIT_STRING;
    properties[7].name = "no object";
    properties[7].type = PULSEKIT_OBJECT;
    char id[PULSEKIT_ID_SIZE] = "";
    CHECK(pulsekit_track(client, "level_complete", properties, 8, id) == PULSEKIT_OK);
    CHECK(strlen(id) == 36);
    CHECK(pulsekit_flush(client, 5000) == PULSEKIT_OK);
    CHECK(strstr(server.body, id) != NULL);
    CHECK(strstr(server.body,
                 "\"level\":3,\"score\":12.5,\"won\":true,\"map\":\"ca\xc3\xb1on\",\"nothing\":null,"
                 "\"at\":\"1970-01-01T00:00:00.001Z\",\"no text\":null,\"no object\":null") != NULL);

    /* More than fit on the stack. */
    for (int i = 0; i < 70; ++i) properties[i] = integer("n", i);
    CHECK(pulsekit_track(client, "many", properties, 70, NULL) == PULSEKIT_OK);

    /* What is refused, and how. */
    CHECK(pulsekit_track(client, "", NULL, 0, id) == PULSEKIT_INVALID);
    CHECK(id[0] == '\0');
    CHECK(pulsekit_track(client, NULL, NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_track(client, "x", NULL, 1, NULL) == PULSEKIT_INVALID);
    properties[0].name = NULL;
    CHECK(pulsekit_track(client, "x", properties, 1, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_track(client, "x", properties, 70, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_screen(client, "x", properties, 1, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_screen(client, NULL, NULL, 0, NULL) == PULSEKIT_INVALID);
    properties[0] = integer("x", 1);
    properties[0].type = (pulsekit_type)99;
    CHECK(pulsekit_track(client, "x", properties, 1, NULL) == PULSEKIT_INVALID);
    properties[0].type = PULSEKIT_TIME;
    properties[0].value.unix_ms = INT64_MAX;
    CHECK(pulsekit_track(client, "x", properties, 1, NULL) == PULSEKIT_INVALID);
    char* large = malloc(200 * 1024);
    CHECK(large != NULL);
    memset(large, 'x', 200 * 1024 - 1);
    large[200 * 1024 - 1] = '\0';
    properties[0].type = PULSEKIT_STRING;
    properties[0].value.string = large;
    CHECK(pulsekit_track(client, "x", properties, 1, NULL) == PULSEKIT_TOO_LARGE);
    CHECK(pulsekit_screen(client, "x", properties, 1, NULL) == PULSEKIT_TOO_LARGE);
    CHECK(pulsekit_track(client, large, NULL, 0, NULL) == PULSEKIT_INVALID);
    free(large);
    CHECK(pulsekit_close(client, 5000, NULL, 0) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "late", NULL, 0, NULL) == PULSEKIT_CLOSED);
    close_client(client);
    CHECK(server.events == 2);
}

static void nested_properties(void) {
    pulsekit_options options;
    pulsekit_transport transport;
    pulsekit_client* client = fresh_client(&options, &transport);

    pulsekit_array* list = pulsekit_array_new();
    pulsekit_properties* inner = pulsekit_properties_new();
    pulsekit_properties* all = pulsekit_properties_new();
    CHECK(list && inner && all);
    CHECK(pulsekit_properties_set_int(inner, "x", 1) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_null(list) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_bool(list, 1) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_int(list, -7) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_double(list, 0.5) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_string(list, "s") == PULSEKIT_OK);
    CHECK(pulsekit_array_add_time(list, 0) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_object(list, inner) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_array(list, list) == PULSEKIT_OK); /* as it is up to here */
    const pulsekit_property nine = integer(NULL, 9);
    CHECK(pulsekit_array_add(list, &nine) == PULSEKIT_OK);
    CHECK(pulsekit_array_count(list) == 9);
    CHECK(pulsekit_array_add(list, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_array_add_time(list, INT64_MIN) == PULSEKIT_INVALID);

    CHECK(pulsekit_properties_set_null(all, "null") == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_bool(all, "bool", 0) == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_double(all, "double", 1.5) == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_string(all, "string", "text") == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_time(all, "time", 1500) == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_object(all, "self", all) == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_object(all, "object", inner) == PULSEKIT_OK);
    CHECK(pulsekit_properties_set_array(all, "array", list) == PULSEKIT_OK);
    const pulsekit_property more = integer("more", 4);
    CHECK(pulsekit_properties_set(all, &more) == PULSEKIT_OK);
    CHECK(pulsekit_properties_count(all) == 9);
    CHECK(pulsekit_properties_set(all, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_properties_set_int(all, NULL, 1) == PULSEKIT_INVALID);
    CHECK(pulsekit_properties_set_int(all, "", 1) == PULSEKIT_INVALID);
    for (int i = 0; i < 20; ++i) {
        CHECK(pulsekit_properties_set_object(inner, "deeper", inner) == (i < 16 ? PULSEKIT_OK : PULSEKIT_INVALID));
    }

    pulsekit_details details = PULSEKIT_DETAILS_INIT;
    pulsekit_property flat[2];
    flat[0] = integer("flat", 1);
    flat[1].name = "list";
    flat[1].type = PULSEKIT_ARRAY;
    flat[1].value.array = list;
    details.properties = flat;
    details.property_count = 2;
    details.more = all;
    pulsekit_tracked tracked = PULSEKIT_TRACKED_INIT;
    CHECK(pulsekit_track_with(client, "nested", &details, &tracked) == PULSEKIT_OK);
    CHECK(strlen(tracked.id) == 36 && tracked.reason == NULL);
    pulsekit_array_free(list);
    pulsekit_properties_free(inner);
    pulsekit_properties_free(all);
    CHECK(pulsekit_flush(client, 5000) == PULSEKIT_OK);
    CHECK(strstr(server.body, tracked.id) != NULL);
    CHECK(strstr(server.body,
                 "\"self\":{\"null\":null,\"bool\":false,\"double\":1.5,\"string\":\"text\","
                 "\"time\":\"1970-01-01T00:00:01.500Z\"}") != NULL);
    CHECK(strstr(server.body, "\"object\":{\"x\":1}") != NULL);
    CHECK(strstr(server.body,
                 "\"array\":[null,true,-7,0.5,\"s\",\"1970-01-01T00:00:00.000Z\",{\"x\":1},"
                 "[null,true,-7,0.5,\"s\",\"1970-01-01T00:00:00.000Z\",{\"x\":1}],9]") != NULL);
    CHECK(strstr(server.body, "\"more\":4") != NULL);
    CHECK(strstr(server.body, "\"flat\":1,\"list\":[null,") != NULL);
    close_client(client);
}

static void kinds_of_events(void) {
    pulsekit_options options;
    pulsekit_transport transport;
    pulsekit_client* client = fresh_client(&options, &transport);
    pulsekit_tracked tracked = PULSEKIT_TRACKED_INIT;
    pulsekit_details details = PULSEKIT_DETAILS_INIT;
    const pulsekit_property property = integer("mark", 77);
    details.properties = &property;
    details.property_count = 1;
    details.priority = PULSEKIT_PRIORITY_HIGH;
    details.latency = PULSEKIT_LATENCY_NOW;
    details.durability = PULSEKIT_DURABILITY_POWER;
    CHECK(pulsekit_screen(client, "menu", &property, 1, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_identify(client, "user-1", &property, 1, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_track_with(client, "with", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_screen_with(client, "menu", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_identify_with(client, "user-2", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_error(client, "it broke", "Oops", "at main", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_timed(client, "load", 25, &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_revenue(client, "sale", 4.99, "EUR", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_journey_step(client, "onboarding", "1", "first", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_state_change(client, "theme", "light", "dark", &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_api_call(client, "GET", "/v1/scores", 200, 12, &details, &tracked) == PULSEKIT_OK);
    details.priority = PULSEKIT_PRIORITY_LOW;
    details.latency = PULSEKIT_LATENCY_DEFERRED;
    CHECK(pulsekit_performance(client, "frame_ms", 16.6, &details, &tracked) == PULSEKIT_OK);
    CHECK(pulsekit_flush(client, 5000) == PULSEKIT_OK);
    CHECK(server.events == 12);
    CHECK(occurrences(server.body, "\"mark\":77") == 12);
    CHECK(strstr(server.body, "\"user-1\"") && strstr(server.body, "\"user-2\""));

    /* With nothing beside; null where it may be. */
    CHECK(pulsekit_identify(client, NULL, NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_identify_with(client, NULL, NULL, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_track_with(client, "plain", NULL, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_error(client, "it broke", NULL, NULL, NULL, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_journey_step(client, "onboarding", "2", NULL, NULL, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_state_change(client, "theme", NULL, NULL, NULL, NULL) == PULSEKIT_OK);
    pulsekit_timer* timer = pulsekit_timer_start(client);
    CHECK(timer != NULL);
    CHECK(pulsekit_timed(client, "nothing", pulsekit_timer_elapsed_ms(timer), NULL, NULL) == PULSEKIT_OK);
    pulsekit_timer_free(timer);

    /* Refused with a reason. */
    CHECK(pulsekit_track_with(client, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(tracked.id[0] == '\0' && tracked.reason && tracked.reason[0]);
    CHECK(pulsekit_screen_with(client, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_error(client, NULL, NULL, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_error(client, "", NULL, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(strcmp(tracked.reason, "an error needs a message") == 0);
    CHECK(pulsekit_timed(client, NULL, 1, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_revenue(client, "x", 1, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_revenue(client, "x", (double)INFINITY, "EUR", NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_journey_step(client, "x", NULL, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_state_change(client, NULL, NULL, NULL, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_api_call(client, NULL, "/", 0, 0, NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_performance(client, NULL, 1, NULL, &tracked) == PULSEKIT_INVALID);
    details.size = 1;
    CHECK(pulsekit_track_with(client, "x", &details, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_screen_with(client, "x", &details, &tracked) == PULSEKIT_INVALID);
    details.size = sizeof details;
    details.priority = (pulsekit_priority)9;
    CHECK(pulsekit_track_with(client, "x", &details, &tracked) == PULSEKIT_INVALID);
    details.priority = PULSEKIT_PRIORITY_NORMAL;
    details.property_count = 1;
    details.properties = NULL;
    CHECK(pulsekit_track_with(client, "x", &details, &tracked) == PULSEKIT_INVALID);
    tracked.size = 0;
    CHECK(pulsekit_track_with(client, "x", NULL, &tracked) == PULSEKIT_INVALID);
    CHECK(pulsekit_screen_with(client, "x", NULL, &tracked) == PULSEKIT_INVALID);
    close_client(client);
    CHECK(server.events == 19);
}

static void count_properties(const pulsekit_property* property, void* user_data) {
    CHECK(property->name[0] != '\0');
    ++*(int*)user_data;
}

static int edit(pulsekit_event* event, void* user_data) {
    CHECK(user_data == &logged);
    CHECK(pulsekit_event_unix_ms(event) > 0);
    CHECK(strcmp(pulsekit_event_user_id(event), "") == 0);
    if (strcmp(pulsekit_event_name(event), "drop-me") == 0) return 0;
    int count = 0;
    CHECK(pulsekit_event_each_property(event, count_properties, &count) == PULSEKIT_OK);
    CHECK(count == 3);
    pulsekit_property secret;
    CHECK(pulsekit_event_get_property(event, "secret", &secret) == PULSEKIT_OK);
    CHECK(secret.type == PULSEKIT_STRING && strcmp(secret.value.string, "hunter2") == 0);
    pulsekit_property object;
    CHECK(pulsekit_event_get_property(event, "object", &object) == PULSEKIT_OK);
    CHECK(object.type == PULSEKIT_OBJECT && pulsekit_properties_count(object.value.object) == 1);
    pulsekit_property array;
    CHECK(pulsekit_event_get_property(event, "array", &array) == PULSEKIT_OK);
    CHECK(array.type == PULSEKIT_ARRAY && pulsekit_array_count(array.value.array) == 2);
    pulsekit_property none;
    CHECK(pulsekit_event_get_property(event, "none", &none) == PULSEKIT_OK);
    CHECK(none.type == PULSEKIT_NULL);
    CHECK(pulsekit_event_remove_property(event, "secret") == PULSEKIT_OK);
    secret.name = "was_secret"; /* what was given still lives */
    CHECK(pulsekit_event_set_property(event, &secret) == PULSEKIT_OK);
    object.name = "copy";
    CHECK(pulsekit_event_set_property(event, &object) == PULSEKIT_OK);
    array.name = "copies";
    CHECK(pulsekit_event_set_property(event, &array) == PULSEKIT_OK);
    none.name = "";
    CHECK(pulsekit_event_set_property(event, &none) == PULSEKIT_INVALID);
    CHECK(pulsekit_event_set_name(event, "") == PULSEKIT_INVALID);
    CHECK(pulsekit_event_set_name(event, "edited") == PULSEKIT_OK);
    CHECK(strcmp(pulsekit_event_name(event), "edited") == 0);
    return 1;
}

typedef struct reasons {
    uint64_t before_send;
    uint64_t sampled;
    uint64_t rejected;
    uint64_t all;
} reasons;

static void on_dropped(const char* reason, uint64_t count, void* user_data) {
    reasons* to = user_data;
    if (strcmp(reason, "before_send") == 0) to->before_send = count;
    if (strcmp(reason, "sampled") == 0) to->sampled = count;
    if (strcmp(reason, "rejected") == 0) to->rejected = count;
    to->all += count;
}

static void edits_and_drops(void) {
    pulsekit_transport transport;
    memset(&server, 0, sizeof server);
    pulsekit_options options = options_for(&server, &transport);
    options.before_send = edit;
    options.user_data = &logged;
    pulsekit_client* client = open_client(&options);
    pulsekit_properties* object = pulsekit_properties_new();
    pulsekit_array* array = pulsekit_array_new();
    CHECK(pulsekit_properties_set_int(object, "deep", 5) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_int(array, 1) == PULSEKIT_OK);
    CHECK(pulsekit_array_add_object(array, object) == PULSEKIT_OK);
    const pulsekit_property properties[] = {
        {"secret", PULSEKIT_STRING, {.string = "hunter2"}},
        {"object", PULSEKIT_OBJECT, {.object = object}},
        {"array", PULSEKIT_ARRAY, {.array = array}},
    };
    CHECK(pulsekit_track(client, "edit-me", properties, 3, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "drop-me", NULL, 0, NULL) == PULSEKIT_OK);
    pulsekit_properties_free(object);
    pulsekit_array_free(array);
    CHECK(pulsekit_flush(client, 5000) == PULSEKIT_OK);
    CHECK(server.events == 1);
    CHECK(strstr(server.body, "\"edited\"") && !strstr(server.body, "edit-me"));
    CHECK(!strstr(server.body, "\"secret\"") && strstr(server.body, "\"was_secret\":\"hunter2\""));
    CHECK(strstr(server.body, "\"copy\":{\"deep\":5}") && strstr(server.body, "\"copies\":[1,{\"deep\":5}]"));
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    reasons dropped = {0};
    CHECK(pulsekit_get_stats_with(client, &stats, on_dropped, &dropped) == PULSEKIT_OK);
    CHECK(stats.accepted == 2 && stats.delivered == 1 && stats.dropped == 1);
    CHECK(dropped.before_send == 1 && dropped.all == 1);
    stats.size = 1;
    CHECK(pulsekit_get_stats(client, &stats) == PULSEKIT_INVALID);
    CHECK(pulsekit_get_stats(client, NULL) == PULSEKIT_INVALID);
    close_client(client);
}

static void every_option(void) {
    pulsekit_transport transport;
    memset(&server, 0, sizeof server);
    pulsekit_options options = options_for(&server, &transport);
    const pulsekit_sample_rate rates[] = {{"never", 0.0}, {NULL, 1.0}};
    const pulsekit_property global = {"everywhere", PULSEKIT_STRING, {.string = "yes"}};
    pulsekit_environment environment = PULSEKIT_ENVIRONMENT_INIT;
    environment.os = "Amiga";
    options.app_version = "1.2.3";
    options.app_build = "99";
    options.log = on_log;
    options.log_level = PULSEKIT_INFO;
    options.user_data = &logged;
    options.on_rejected = on_rejected;
    options.dialect = PULSEKIT_DIALECT_PRODUCTGRAPH;
    options.durability = PULSEKIT_DURABILITY_POWER;
    options.overflow = PULSEKIT_OVERFLOW_BY_PRIORITY;
    options.consent = PULSEKIT_CONSENT_GRANTED;
    options.enabled = PULSEKIT_OFF;
    options.collect_context = PULSEKIT_OFF;
    options.note_fatal_signals = PULSEKIT_OFF;
    options.flush_interval_ms = 60000;
    options.power_window_ms = 10;
    options.deferred_interval_ms = 60000;
    options.session_timeout_ms = PULSEKIT_NONE;
    options.retry_base_ms = 1;
    options.retry_cap_ms = 5;
    options.close_deadline_ms = 5000;
    options.max_queue_bytes = 1024 * 1024;
    options.journal_bytes_per_thread = 256 * 1024;
    options.sampling = rates;
    options.sampling_count = 2;
    options.global_properties = &global;
    options.global_property_count = 1;
    options.environment = &environment;
    pulsekit_client* client = open_client(&options);
    pulsekit_tracked tracked = PULSEKIT_TRACKED_INIT;
    CHECK(pulsekit_track_with(client, "x", NULL, &tracked) == PULSEKIT_DISABLED);
    CHECK(tracked.reason && strcmp(tracked.reason, "the client is disabled") == 0);
    CHECK(pulsekit_set_enabled(client, 1) == PULSEKIT_OK);
    CHECK(pulsekit_track_with(client, "never", NULL, &tracked) == PULSEKIT_SAMPLED);
    CHECK(pulsekit_track(client, "reject-me", NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "take-me", NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_flush(client, 5000) == PULSEKIT_OK);
    CHECK(rejections == 1);
    CHECK(strstr(server.body, "\"everywhere\"") == NULL || strstr(server.body, "\"everywhere\":\"yes\"") != NULL);
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    reasons dropped = {0};
    CHECK(pulsekit_get_stats_with(client, &stats, on_dropped, &dropped) == PULSEKIT_OK);
    CHECK(stats.accepted == 3 && stats.delivered == 1 && stats.dropped == 2);
    CHECK(dropped.sampled == 1 && dropped.rejected == 1 && dropped.all == 2);

    /* No answer: it is told, and kept. */
    server.refuses = 1;
    CHECK(pulsekit_track(client, "later", NULL, 0, NULL) == PULSEKIT_OK);
    char error[256] = "";
    CHECK(pulsekit_flush_with(client, 200, error, sizeof error) == PULSEKIT_UNAVAILABLE);
    CHECK(strstr(error, "nobody at home") != NULL);
    CHECK(logged > 0);
    CHECK(pulsekit_close(client, 0, error, sizeof error) == PULSEKIT_UNAVAILABLE);
    CHECK(error[0] != '\0');
    pulsekit_free(client);
}

static void controls(void) {
    pulsekit_options options;
    pulsekit_transport transport;
    pulsekit_client* client = fresh_client(&options, &transport);
    char first[PULSEKIT_ID_SIZE];
    char second[PULSEKIT_ID_SIZE];
    CHECK(pulsekit_session_id(client, first, sizeof first) == PULSEKIT_OK && strlen(first) == 36);
    CHECK(pulsekit_start_session(client) == PULSEKIT_OK);
    CHECK(pulsekit_session_id(client, second, sizeof second) == PULSEKIT_OK && strcmp(first, second) != 0);
    CHECK(pulsekit_reset(client) == PULSEKIT_OK);
    CHECK(pulsekit_session_id(client, first, sizeof first) == PULSEKIT_OK && strcmp(first, second) != 0);
    CHECK(pulsekit_session_id(client, first, 36) == PULSEKIT_INVALID && first[0] == '\0');
    CHECK(pulsekit_session_id(client, NULL, 0) == PULSEKIT_INVALID);
    CHECK(pulsekit_device_id(client, first, sizeof first) == PULSEKIT_OK && first[0] != '\0');
    CHECK(pulsekit_clear_device_id(client) == PULSEKIT_OK);
    CHECK(pulsekit_device_id(client, second, sizeof second) == PULSEKIT_OK && strcmp(first, second) != 0);

    const pulsekit_property global = integer("round", 1);
    char error[64] = "";
    CHECK(pulsekit_set_global_property(client, &global, error, sizeof error) == PULSEKIT_OK && error[0] == '\0');
    CHECK(pulsekit_set_global_property(client, NULL, error, sizeof error) == PULSEKIT_INVALID && error[0] != '\0');
    CHECK(pulsekit_remove_global_property(client, "round") == PULSEKIT_OK);
    CHECK(pulsekit_remove_global_property(client, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_set_screen(client, "1920x1080") == PULSEKIT_OK);
    CHECK(pulsekit_set_network_type(client, "wifi") == PULSEKIT_OK);
    CHECK(pulsekit_set_network_type(client, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_suspend(client) == PULSEKIT_OK);
    CHECK(pulsekit_resume(client) == PULSEKIT_OK);

    CHECK(pulsekit_pause_uploads(client) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "kept", NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_flush(client, 50) == PULSEKIT_UNAVAILABLE);
    CHECK(pulsekit_resume_uploads(client) == PULSEKIT_OK);
    CHECK(pulsekit_flush(client, 5000) == PULSEKIT_OK);

    CHECK(pulsekit_get_consent(client) == PULSEKIT_CONSENT_GRANTED);
    CHECK(pulsekit_set_consent(client, PULSEKIT_CONSENT_UNSET) == PULSEKIT_INVALID);
    CHECK(pulsekit_set_consent(client, (pulsekit_consent)42) == PULSEKIT_INVALID);
    CHECK(pulsekit_set_consent(client, PULSEKIT_CONSENT_REQUIRED) == PULSEKIT_OK);
    CHECK(pulsekit_get_consent(client) == PULSEKIT_CONSENT_REQUIRED);
    CHECK(pulsekit_set_consent(client, PULSEKIT_CONSENT_DENIED) == PULSEKIT_OK);
    CHECK(pulsekit_get_consent(client) == PULSEKIT_CONSENT_DENIED);
    CHECK(pulsekit_track(client, "x", NULL, 0, NULL) == PULSEKIT_DENIED);
    CHECK(pulsekit_set_consent(client, PULSEKIT_CONSENT_GRANTED) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "x", NULL, 0, NULL) == PULSEKIT_OK);

    pulsekit_previous_run run = PULSEKIT_PREVIOUS_RUN_INIT;
    CHECK(pulsekit_get_previous_run(client, &run) == PULSEKIT_OK);
    CHECK(run.end == PULSEKIT_END_NONE && run.signal == 0 && run.session_id[0] == '\0');
    CHECK(pulsekit_get_previous_run(client, NULL) == PULSEKIT_INVALID);
    run.size = 1;
    CHECK(pulsekit_get_previous_run(client, &run) == PULSEKIT_INVALID);
    pulsekit_free(client);     /* delivers within close_deadline_ms */
    CHECK(server.events >= 1); /* the erasure that was asked for may still take the second */
}

int main(void) {
    names();
    bad_options();
    null_arguments();
    old_header();
    plain_properties();
    nested_properties();
    kinds_of_events();
    edits_and_drops();
    every_option();
    controls();
    puts("ok");
    return 0;
}
