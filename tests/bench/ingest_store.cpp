// What the store costs alone: decoded events appended by one thread, a synced transaction for each commit, as the
// writer does under load and, with fewer events a commit, below it.
#include <iterator>

#include "store/open.hpp"

#include "tests/bench/ingest_pipeline.hpp"

namespace {

double bytes_in(const std::string& folder) {
    double bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
    }
    return bytes;
}

void measure(const std::string& name, bench::Ids ids, std::size_t events, std::size_t commit) {
    const bench::Folder folder("ingest-store");
    pulsekit::SystemRandom random;
    std::vector<collector::model::Event> batch;
    bench::IngestSide side([&batch](auto taken) {
        batch.insert(batch.end(), std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
    });
    bench::Events source(ids);
    auto prepared = source.prepare(std::min<std::size_t>(commit, 1000), side.key());
    double cpu = 0;
    double took = 0;
    std::size_t stored = 0;
    {
        auto store = collector::store::open_store({.data_directory = folder.path()}, random).value();
        while (stored < events) {
            batch.clear();
            while (batch.size() < commit) {
                source.renew(prepared, side.now_ms());
                side.handle(bench::IngestSide::body_of(prepared));
            }
            const double before = bench::cpu_seconds();
            const auto start = bench::SteadyClock::now();
            const auto outcome = store->append(batch);
            took += bench::seconds_since(start);
            cpu += bench::cpu_seconds() - before;
            if (!outcome || outcome->size() != batch.size()) {
                std::fprintf(stderr, "ingest_store: %s\n", outcome ? "too few" : outcome.error().message.c_str());
                std::exit(1);
            }
            stored += batch.size();
        }
    }
    const auto count = static_cast<double>(stored);
    bench::print(name + ".events_per_s", count / took, "events/s");
    bench::print(name + ".cpu_us_per_event", cpu / count * 1e6, "us", 2);
    bench::print(name + ".disk_bytes_per_event", bytes_in(folder.path()) / count, "bytes", 1);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    measure("ingest.store.ordered.commit10k", bench::Ids::ordered, events, 10'000);
    measure("ingest.store.random.commit10k", bench::Ids::random, events, 10'000);
    measure("ingest.store.ordered.commit1k", bench::Ids::ordered, events / 2, 1'000);
    measure("ingest.store.ordered.commit64", bench::Ids::ordered, events / 20, 64);
    return 0;
}
