/* A program that was compiled against the first header: its options are shorter, and what lies behind them is not ours
 * to read. */
#include "c_api_fake.h"

struct first_options {
    size_t size;
    const char* endpoint;
    const char* api_key;
    const char* app_name;
    const char* app_version;
    const char* storage_dir;
    uint32_t flush_interval_ms;
    uint32_t unused;
    uint64_t max_queue_bytes;
    pulsekit_log_fn log;
    void* user_data;
};

void old_header(void) {
    struct first_options* options = calloc(1, sizeof *options); /* to the byte: a sanitizer sees what is read behind */
    CHECK(options != NULL);
    options->size = sizeof *options;
    options->endpoint = "http://127.0.0.1:9";
    options->api_key = "key";
    options->app_name = "old";
    pulsekit_client* client = NULL;
    char error[256] = "";
    CHECK(pulsekit_open((const pulsekit_options*)(void*)options, &client, error, sizeof error) == PULSEKIT_OK);
    CHECK(pulsekit_track(client, "from the past", NULL, 0, NULL) == PULSEKIT_OK);
    CHECK(pulsekit_get_consent(client) == PULSEKIT_CONSENT_GRANTED);
    CHECK(pulsekit_close_and_free(client, 0) == PULSEKIT_UNAVAILABLE);

    options->size = sizeof *options - sizeof(void*);
    CHECK(pulsekit_open((const pulsekit_options*)(void*)options, &client, error, sizeof error) == PULSEKIT_INVALID);
    CHECK(client == NULL && error[0] != '\0');
    free(options);
}
