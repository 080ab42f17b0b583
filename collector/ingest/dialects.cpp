// The list of dialects.
#include "ingest/dialect.hpp"

namespace collector::ingest {

std::span<const Dialect* const> dialects() {
    static const Dialect* const kAll[] = {&kProductgraph, &kAnalytics};
    return kAll;
}

}  // namespace collector::ingest
