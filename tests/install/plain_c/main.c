#include <pulsekit/pulsekit.h>
#include <stdio.h>

int main(int argc, char** argv) {
    pulsekit_options options = PULSEKIT_OPTIONS_INIT;
    pulsekit_property level = {"level", PULSEKIT_INT, {0}};
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    pulsekit_client* client = NULL;
    char error[256];
    char id[PULSEKIT_ID_SIZE];

    if (argc != 2) return 2;
    options.endpoint = "http://127.0.0.1:9"; /* nobody listens */
    options.api_key = "key";
    options.app_name = "plain-c";
    options.app_version = pulsekit_version();
    options.storage_dir = argv[1];
    if (pulsekit_open(&options, &client, error, sizeof error) != PULSEKIT_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    level.value.integer = 3;
    if (pulsekit_track(client, "installed", &level, 1, id) != PULSEKIT_OK) return 1;
    if (pulsekit_flush(client, 100) != PULSEKIT_UNAVAILABLE) return 1;
    if (pulsekit_get_stats(client, &stats) != PULSEKIT_OK) return 1;
    printf("accepted %d queued %d\n", (int)stats.accepted, (int)stats.queued);
    return pulsekit_close_and_free(client, 0) == PULSEKIT_UNAVAILABLE ? 0 : 1;
}
