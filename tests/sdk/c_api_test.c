/* The C interface from C. Nobody listens at the endpoint: what is tested is this side of the wire. */
#include <pulsekit/pulsekit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

static int logged = 0;
static void on_log(pulsekit_level level, const char* message, void* user_data) {
    CHECK(level >= PULSEKIT_INFO && level <= PULSEKIT_ERROR);
    CHECK(message[0] != '\0');
    ++*(int*)user_data;
}

static void bad_arguments(void) {
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
    options.size = 8;
    CHECK(pulsekit_open(&options, &client, error, sizeof error) == PULSEKIT_INVALID);
    CHECK(pulsekit_track(NULL, "x", NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_flush(NULL, 1) == PULSEKIT_INVALID);
    CHECK(pulsekit_get_stats(NULL, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_close_and_free(NULL, 1) == PULSEKIT_INVALID);
}

int main(void) {
    CHECK(strchr(pulsekit_version(), '.') != NULL);
    bad_arguments();

    pulsekit_options options = PULSEKIT_OPTIONS_INIT;
    options.endpoint = "http://127.0.0.1:9";
    options.api_key = "key";
    options.app_name = "c-test";
    options.log = on_log;
    options.user_data = &logged;
    pulsekit_client* client = NULL;
    char error[256] = "";
    CHECK(pulsekit_open(&options, &client, error, sizeof error) == PULSEKIT_OK);
    CHECK(client != NULL);

    pulsekit_property properties[5];
    memset(properties, 0, sizeof properties);
    properties[0].name = "level";
    properties[0].type = PULSEKIT_INT;
    properties[0].value.integer = 3;
    properties[1].name = "score";
    properties[1].type = PULSEKIT_DOUBLE;
    properties[1].value.real = 12.5;
    properties[2].name = "won";
    properties[2].type = PULSEKIT_BOOL;
    properties[2].value.boolean = 1;
    properties[3].name = "map";
    properties[3].type = PULSEKIT_STRING;
    properties[3].value.string = "canyon";
    properties[4].name = "nothing";
    char id[PULSEKIT_ID_SIZE] = "";
    CHECK(pulsekit_track(client, "level_complete", properties, 5, id) == PULSEKIT_OK);
    CHECK(strlen(id) == 36);
    CHECK(pulsekit_screen(client, "menu", NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_identify(client, "user-1", properties, 1, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_identify(client, NULL, NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "", NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_track(client, NULL, NULL, 0, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_track(client, "x", NULL, 1, NULL) == PULSEKIT_INVALID);
    properties[0].name = NULL;
    CHECK(pulsekit_track(client, "x", properties, 1, NULL) == PULSEKIT_INVALID);
    char* large = malloc(200 * 1024);
    CHECK(large != NULL);
    memset(large, 'x', 200 * 1024 - 1);
    large[200 * 1024 - 1] = '\0';
    properties[3].value.string = large;
    CHECK(pulsekit_track(client, "x", &properties[3], 1, NULL) == PULSEKIT_TOO_LARGE);
    free(large);

    CHECK(pulsekit_flush(client, 100) == PULSEKIT_UNAVAILABLE);
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    CHECK(pulsekit_get_stats(client, &stats) == PULSEKIT_OK);
    CHECK(stats.accepted == 4);
    CHECK(stats.queued == 4);
    CHECK(stats.delivered == 0 && stats.dropped == 0);
    CHECK(pulsekit_close_and_free(client, 0) == PULSEKIT_UNAVAILABLE);
    CHECK(logged > 0);
    puts("ok");
    return 0;
}
