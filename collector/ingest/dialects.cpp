// The list of dialects.
#include "ingest/dialect.hpp"

namespace collector::ingest {

std::span<const Dialect* const> dialects() {
    static const Dialect* const kAll[] = {&kPulse, &kGateway, &kAnalytics, &kProductgraph, &kIngest};
    return kAll;
}

}  // namespace collector::ingest
