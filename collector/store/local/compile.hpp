// A question of the algebra as SQL over the rows.
#pragma once

#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/measure.hpp"
#include "store/local/dictionary.hpp"

namespace collector::store::local {

/// `values[i]` is bound to `?i+1`. Everything that a question carries is bound; the text is made of constants.
struct Compiled {
    std::string groups;  ///< answers Answer::rows
    std::string total;   ///< answers Answer::total_groups
    std::vector<model::Value> values;
};

/// Error `invalid` for a question that contradicts itself: an index out of bounds, a unit's field of rows.
pulsekit::Result<Compiled> compile(const model::Question& question, const Dictionary& texts);

}  // namespace collector::store::local
