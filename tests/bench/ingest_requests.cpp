#include "tests/bench/ingest_requests.hpp"

#include "tests/bench/figures.hpp"

namespace bench {

Requests::Requests(Ids ids, std::size_t events_each, std::size_t connections, const std::string& key)
    : events_(ids), connections_(connections), taken_(connections) {
    const std::size_t each = connections > 1000 ? 1 : 8;
    for (std::size_t i = 0; i < connections * each; ++i) prepared_.push_back(events_.prepare(events_each, key));
}

std::string_view Requests::next(std::size_t connection) {
    const std::size_t each = prepared_.size() / connections_;
    auto& request = prepared_[connection * each + taken_[connection]++ % each];
    events_.renew(request, now_ms());
    return request.bytes;
}

std::vector<std::string> Requests::compressed_ahead(std::size_t count, double per_second) {
    std::vector<std::string> all;
    const auto start = now_ms();
    for (std::size_t i = 0; i < count; ++i) {
        auto& request = prepared_[i % prepared_.size()];
        events_.renew(request, start + static_cast<std::int64_t>(1000 * static_cast<double>(i) / per_second));
        all.push_back(compressed(request));
    }
    return all;
}

}  // namespace bench
