// The requests of a load, ready to be sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/ingest_events.hpp"

namespace bench {

/// Requests of one size, some for each connection in turn, so that none is changed while it is under way.
class Requests {
public:
    Requests(Ids ids, std::size_t events_each, std::size_t connections, const std::string& key);

    std::string_view next(std::size_t connection);

    /// Compressing is too slow to be done meanwhile: all of them, with the times at which they will be sent when it
    /// goes `per_second` fast.
    std::vector<std::string> compressed_ahead(std::size_t count, double per_second);

private:
    Events events_;
    std::size_t connections_;
    std::vector<Prepared> prepared_;
    std::vector<std::size_t> taken_;
};

}  // namespace bench
