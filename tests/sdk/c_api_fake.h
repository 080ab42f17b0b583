/* What the tests of the C interface share: checks, and a collector that is a function. */
#ifndef PULSEKIT_TESTS_C_API_FAKE_H
#define PULSEKIT_TESTS_C_API_FAKE_H

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

/* Takes every event, save that it rejects the first of a request that has the text "reject-me". One thread calls it,
 * and the test looks after a flush. */
typedef struct collector {
    int requests;
    int events;
    int refuses; /* not 0: there is no answer */
    size_t body_size;
    char body[1 << 20]; /* of all requests, one after another */
} collector;

static inline int occurrences(const char* text, const char* part) {
    int count = 0;
    for (const char* at = strstr(text, part); at; at = strstr(at + 1, part)) ++count;
    return count;
}

static inline const char* header_of(const pulsekit_request* request, const char* name) {
    for (size_t i = 0; i < request->header_count; ++i) {
        if (strcmp(request->headers[i].name, name) == 0) return request->headers[i].value;
    }
    return "";
}

static inline pulsekit_status collect(const pulsekit_request* request, pulsekit_response* response, void* user_data) {
    collector* to = user_data;
    CHECK(request->size == sizeof *request);
    CHECK(strcmp(request->method, "POST") == 0);
    CHECK(strcmp(request->url, "http://collector.test/v1/events") == 0);
    CHECK(strcmp(header_of(request, "Content-Type"), "application/json") == 0);
    CHECK(strcmp(header_of(request, "X-PG-API-Key"), "key") == 0);
    CHECK(strcmp(header_of(request, "Content-Encoding"), "") == 0);
    CHECK(request->connect_timeout_ms == 1234 && request->timeout_ms == 5678);
    const int goes_on = request->keep_waiting(request);
    CHECK(goes_on == 1 || goes_on == 0); /* 0: the client is just being closed or paused */
    CHECK(request->keep_waiting(NULL) == 0);
    ++to->requests;
    if (to->refuses) {
        CHECK(pulsekit_response_set_error(response, "nobody at home") == PULSEKIT_OK);
        return PULSEKIT_UNAVAILABLE;
    }
    char* body = to->body + to->body_size;
    CHECK(to->body_size + request->body_size < sizeof to->body);
    memcpy(body, request->body, request->body_size);
    body[request->body_size] = '\0';
    to->body_size += request->body_size;
    const int events = occurrences(body, "\"event_id\"");
    to->events += events;
    char answer[128];
    if (strstr(body, "reject-me")) {
        snprintf(answer, sizeof answer, "{\"accepted\":%d,\"rejected\":1,\"errors\":[{\"index\":0,\"error\":\"no\"}]}",
                 events - 1);
    } else {
        snprintf(answer, sizeof answer, "{\"accepted\":%d,\"rejected\":0,\"errors\":[]}", events);
    }
    CHECK(pulsekit_response_add_header(response, "Retry-After", "1") == PULSEKIT_OK);
    CHECK(pulsekit_response_add_header(response, "", "1") == PULSEKIT_INVALID);
    CHECK(pulsekit_response_add_header(NULL, "a", "1") == PULSEKIT_INVALID);
    CHECK(pulsekit_response_set(response, 0, NULL, 0) == PULSEKIT_INVALID);
    CHECK(pulsekit_response_set(response, 202, NULL, 1) == PULSEKIT_INVALID);
    CHECK(pulsekit_response_set(NULL, 202, NULL, 0) == PULSEKIT_INVALID);
    CHECK(pulsekit_response_set_error(response, NULL) == PULSEKIT_INVALID);
    CHECK(pulsekit_response_set(response, 202, answer, strlen(answer)) == PULSEKIT_OK);
    return PULSEKIT_OK;
}

/* Options that send to `to`. The transport is the caller's, for the options point to it. */
static inline pulsekit_options options_for(collector* to, pulsekit_transport* transport) {
    const pulsekit_transport fresh = PULSEKIT_TRANSPORT_INIT;
    pulsekit_options options = PULSEKIT_OPTIONS_INIT;
    *transport = fresh;
    transport->send = collect;
    transport->user_data = to;
    options.endpoint = "http://collector.test";
    options.api_key = "key";
    options.app_name = "c-test";
    options.connect_timeout_ms = 1234;
    options.request_timeout_ms = 5678;
    options.max_batch_events = 1; /* small bodies are sent as they are */
    options.report_delivery = PULSEKIT_OFF;
    options.transport = transport;
    return options;
}

#endif
