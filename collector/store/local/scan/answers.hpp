// How the questions of the algebra are answered from segments.
#pragma once

#include <cstdint>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/measure.hpp"
#include "store/local/scan/scan.hpp"

namespace collector::store::local {

/// The scan's selection is the question's. Errors as of EventStore::ask().
pulsekit::Result<model::Answer> answer(const Scan& scan, const model::Question& question);
pulsekit::Result<model::Answer> answer(const Scan& scan, const model::Funnel& funnel);
pulsekit::Result<model::Answer> answer(const Scan& scan, const model::Retention& retention);
pulsekit::Result<model::Answer> answer(const Scan& scan, const model::Flow& flow);

/// The ids of the rows of the list, in its order.
pulsekit::Result<std::vector<std::int64_t>> row_ids(const Scan& scan, const model::List& list);

}  // namespace collector::store::local
