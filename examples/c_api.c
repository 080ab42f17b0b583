/* The same from C.
 *
 *   c_api ENDPOINT KEY
 */
#include <pulsekit/pulsekit.h>
#include <stdio.h>

static void on_log(pulsekit_level level, const char* message, void* user_data) {
    (void)level;
    (void)user_data;
    fprintf(stderr, "%s\n", message);
}

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s ENDPOINT KEY\n", argv[0]);
        return 2;
    }
    pulsekit_options options = PULSEKIT_OPTIONS_INIT;
    options.endpoint = argv[1];
    options.api_key = argv[2];
    options.app_name = "c-example";
    options.storage_dir = "c-example-telemetry";
    options.log = on_log;

    pulsekit_client* client = NULL;
    char error[256];
    if (pulsekit_open(&options, &client, error, sizeof error) != PULSEKIT_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    const pulsekit_property properties[] = {
        {"level", PULSEKIT_INT, {.integer = 3}},
        {"map", PULSEKIT_STRING, {.string = "canyon"}},
    };
    char id[PULSEKIT_ID_SIZE];
    if (pulsekit_track(client, "level_complete", properties, 2, id) == PULSEKIT_OK) printf("tracked %s\n", id);

    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    pulsekit_flush(client, 2000);
    pulsekit_get_stats(client, &stats);
    printf("accepted %llu, delivered %llu, queued %llu\n", (unsigned long long)stats.accepted,
           (unsigned long long)stats.delivered, (unsigned long long)stats.queued);
    pulsekit_close_and_free(client, 1000);
    return 0;
}
