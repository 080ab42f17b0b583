// The steps of the events' schema; there is no other description of it.
#pragma once

#include <vector>

#include "support/sqlite/migrate.hpp"

namespace collector::store::local {

const std::vector<pulsekit::sqlite::Migration>& migrations();

}  // namespace collector::store::local
