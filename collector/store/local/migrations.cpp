#include "store/local/migrations.hpp"

#include <embedded/events_migrations.hpp>

namespace collector::store::local {

const std::vector<pulsekit::sqlite::Migration>& migrations() {
    static const std::vector<pulsekit::sqlite::Migration> list = {
        {1, embedded::k0001_events_sql},    {2, embedded::k0002_bots_sql},     {3, embedded::k0003_ids_in_runs_sql},
        {4, embedded::k0004_lean_rows_sql}, {5, embedded::k0005_erasures_sql},
    };
    return list;
}

}  // namespace collector::store::local
