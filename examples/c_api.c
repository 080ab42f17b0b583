/* The same from C.
 *
 *   c_api ENDPOINT KEY
 */
#include <pulsekit/pulsekit.h>
#include <stdio.h>
#include <string.h>

static void on_log(pulsekit_level level, const char* message, void* user_data) {
    static const char* const names[] = {"info", "warning", "error"};
    (void)user_data;
    fprintf(stderr, "telemetry %s: %s\n", names[level], message);
}

static void on_rejected(const pulsekit_rejection* rejection, void* user_data) {
    (void)user_data;
    fprintf(stderr, "rejected %s (%s): %s\n", rejection->name, rejection->event_id, rejection->message);
}

/* Sees every event before it is kept: nothing that names a person leaves the machine. */
static int before_send(pulsekit_event* event, void* user_data) {
    (void)user_data;
    if (strncmp(pulsekit_event_name(event), "debug.", 6) == 0) return 0;
    pulsekit_event_remove_property(event, "email");
    return 1;
}

static void print_dropped(const char* reason, uint64_t count, void* user_data) {
    (void)user_data;
    printf("dropped as %s: %llu\n", reason, (unsigned long long)count);
}

/* Telemetry that fails is no reason to stop a game: it is told, and that is all. */
static void told(const char* what, pulsekit_status status) {
    if (status != PULSEKIT_OK) fprintf(stderr, "%s: %s\n", what, pulsekit_status_text(status));
}

static void open_chest(pulsekit_client* client) {
    pulsekit_array* loot = pulsekit_array_new();
    pulsekit_properties* chest = pulsekit_properties_new();
    /* What fails on the way, null for want of memory too, only leaves that property out. */
    told("loot", pulsekit_array_add_string(loot, "sword"));
    told("loot", pulsekit_array_add_int(loot, 12));
    told("chest", pulsekit_properties_set_string(chest, "colour", "red"));
    told("chest", pulsekit_properties_set_array(chest, "loot", loot));

    pulsekit_details details = PULSEKIT_DETAILS_INIT;
    details.more = chest;
    details.priority = PULSEKIT_PRIORITY_HIGH;
    pulsekit_tracked tracked = PULSEKIT_TRACKED_INIT;
    if (pulsekit_track_with(client, "chest_opened", &details, &tracked) == PULSEKIT_OK) {
        printf("tracked %s\n", tracked.id);
    } else {
        fprintf(stderr, "chest_opened: %s\n", tracked.reason);
    }
    pulsekit_properties_free(chest);
    pulsekit_array_free(loot);
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
    options.on_rejected = on_rejected;
    options.before_send = before_send;

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
    const pulsekit_status tracked = pulsekit_track(client, "level_complete", properties, 2, id);
    told("level_complete", tracked);
    if (tracked == PULSEKIT_OK) printf("tracked %s\n", id);
    open_chest(client);
    told("sale", pulsekit_revenue(client, "sale", 4.99, "EUR", NULL, NULL));

    if (pulsekit_flush_with(client, 10000, error, sizeof error) != PULSEKIT_OK) fprintf(stderr, "%s\n", error);
    pulsekit_stats stats = PULSEKIT_STATS_INIT;
    told("stats", pulsekit_get_stats_with(client, &stats, print_dropped, NULL));
    printf("accepted %llu, delivered %llu, queued %llu\n", (unsigned long long)stats.accepted,
           (unsigned long long)stats.delivered, (unsigned long long)stats.queued);
    /* PULSEKIT_UNAVAILABLE: the rest waits on the disk for the next start. */
    told("close", pulsekit_close_and_free(client, 1000));
    return 0;
}
