// What a request costs between the server and the writer: credentials, JSON, the dialect and the steps, in one thread,
// without sockets and without a store. Replaces malloc itself to count what is asked of it.
#include <memory>

#include "ingest/pipeline.hpp"
#include "meta/access.hpp"
#include "meta/catalog.hpp"
#include "support/system_environment.hpp"

#include "tests/bench/figures.hpp"
#include "tests/bench/ingest_events.hpp"

namespace {
thread_local long allocations = 0;
}

extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT: glibc's own names
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    ++allocations;
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
}

namespace {

using namespace collector;

class Decoding {
public:
    Decoding() {
        catalog_ = meta::Catalog::open(folder_.path() + "/pulse.sqlite", clock_, random_).value();
        const auto project = catalog_->create_project("bench", "").value().id;
        key_ =
            catalog_->create_key({.project_id = project, .name = "k", .scopes = {meta::Scope::ingest}}).value().secret;
        access_ = std::make_unique<meta::Access>(*catalog_, clock_, meta::RateLimits{});
        pipeline_ = std::make_unique<ingest::Pipeline>(
            ingest::Dependencies{.access = *access_,
                                 .clock = clock_,
                                 .random = random_,
                                 .server_secret = catalog_->server_secret(),
                                 .submit =
                                     [this](auto events, auto done) {
                                         taken_ += events.size();
                                         done(std::vector<store::Stored>(events.size(), store::Stored::fresh));
                                     },
                                 .settings = {}});
    }

    void measure(const std::string& name, std::size_t batch, long requests) {
        bench::Events events(bench::Ids::ordered);
        auto prepared = events.prepare(batch, key_);
        events.renew(prepared, clock_.unix_ms());
        const std::string body = prepared.bytes.substr(prepared.bytes.find("\r\n\r\n") + 4);
        for (int i = 0; i < 3; ++i) handle(body);
        const long asked = allocations;
        const double before = bench::cpu_seconds();
        taken_ = 0;
        for (long i = 0; i < requests; ++i) handle(body);
        const double spent = bench::cpu_seconds() - before;
        if (taken_ != batch * static_cast<std::size_t>(requests)) std::abort();
        const auto count = static_cast<double>(taken_);
        bench::print(name + ".cpu_us_per_event", spent / count * 1e6, "us", 3);
        bench::print(name + ".allocations_per_event", static_cast<double>(allocations - asked) / count, "allocations",
                     2);
    }

private:
    void handle(const std::string& body) {
        http::Request request{.method = "POST", .path = "/v1/events", .body = body, .remote_address = "127.0.0.1"};
        request.headers.emplace("Host", "collector");
        request.headers.emplace("User-Agent", "PulseKit/0.1 (Linux; x86_64)");
        request.headers.emplace("Content-Type", "application/json");
        request.headers.emplace("X-PG-API-Key", key_);
        request.headers.emplace("Content-Length", "1");
        pipeline_->handle(ingest::kProductgraph, true, std::move(request),
                          http::Responder([](const http::Response& response) {
                              if (response.status != 202) std::abort();
                          }));
    }

    bench::Folder folder_{"ingest-decode"};
    pulsekit::SystemClock clock_;
    pulsekit::SystemRandom random_;
    std::unique_ptr<meta::Catalog> catalog_;
    std::string key_;
    std::unique_ptr<meta::Access> access_;
    std::unique_ptr<ingest::Pipeline> pipeline_;
    std::size_t taken_ = 0;
};

}  // namespace

int main() {
    Decoding decoding;
    decoding.measure("ingest.decode.batch1000", 1000, 500);
    decoding.measure("ingest.decode.single", 1, 100'000);
    return 0;
}
