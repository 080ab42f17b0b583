// What opening and closing a client costs.
#include "tests/bench/figures.hpp"

namespace {

using std::chrono::milliseconds;

double milliseconds_since(bench::SteadyClock::time_point start) { return bench::seconds_since(start) * 1000; }

/// The median of opening a client on what is there.
double open_ms(const std::string& storage, int times) {
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
        auto options = bench::unreachable_options(storage);
        options.max_queue_bytes = 8ull << 30;
        options.close_deadline = milliseconds(0);
        const auto start = bench::SteadyClock::now();
        auto client = bench::open(std::move(options));
        took.push_back(milliseconds_since(start));
    }
    return bench::quantile(took, 0.5);
}

/// close() as applications call it, while the collector is down and has been tried.
double close_offline_ms() {
    const bench::Folder storage("close");
    auto client = bench::open(bench::unreachable_options(storage.path()));
    bench::track_all(client, 0, 1'000);
    (void)client.flush(milliseconds(300));  // in vain
    bench::track_all(client, 0, 100);
    const auto start = bench::SteadyClock::now();
    (void)client.close(milliseconds(1'000));
    return milliseconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
    {
        const bench::Folder storage("open");
        bench::open(bench::unreachable_options(storage.path()));  // makes the files
        bench::print("sdk.open_ms", open_ms(storage.path(), 21), "ms", 2);
    }
    std::vector<double> closing;
    for (int i = 0; i < 5; ++i) closing.push_back(close_offline_ms());
    bench::print("sdk.close_offline_ms", bench::quantile(closing, 0.5), "ms", 2);
    {
        const bench::Folder storage("open-1m");
        const int events = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
        {
            auto options = bench::unreachable_options(storage.path());
            options.max_queue_bytes = 8ull << 30;
            auto client = bench::open(std::move(options));
            bench::track_all(client, 0, events);
            (void)client.close(milliseconds(0));
        }
        bench::print("sdk.open_1m_ms", open_ms(storage.path(), 5), "ms", 2);
    }
    return 0;
}
