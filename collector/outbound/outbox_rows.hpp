// The outbox's rows. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "outbound/outbox.hpp"
#include "support/sqlite/database.hpp"

namespace collector::outbound {

/// The first message that waits for its target.
struct Head {
    std::string id;
    Channel channel = Channel::webhook;
    std::string target;
    std::int64_t next_ms = 0;
};

pulsekit::Result<void> insert(pulsekit::sqlite::Database& database, const Kept& kept, std::int64_t expires_ms);
pulsekit::Result<void> insert_attempt(pulsekit::sqlite::Database& database, const Kept& kept, std::int64_t at_ms,
                                      const Attempt& attempt);
/// State, attempts, next time and error, as they are in `kept`.
pulsekit::Result<void> update(pulsekit::sqlite::Database& database, const Kept& kept, std::int64_t now_ms);

/// Heads of all targets, the next one due first.
pulsekit::Result<std::vector<Head>> heads(pulsekit::sqlite::Database& database);
pulsekit::Result<std::optional<Kept>> find(pulsekit::sqlite::Database& database, std::string_view id);
pulsekit::Result<std::vector<Kept>> find_all(pulsekit::sqlite::Database& database, const Listing& listing);
pulsekit::Result<std::int64_t> expiry_of(pulsekit::sqlite::Database& database, std::string_view id);

/// Gives up the oldest that wait for the target, but for `most`. How many they were.
pulsekit::Result<std::int64_t> give_up_surplus(pulsekit::sqlite::Database& database, const Message& like, int most,
                                               std::int64_t now_ms);
pulsekit::Result<void> replay(pulsekit::sqlite::Database& database, std::string_view id, std::int64_t now_ms,
                              std::int64_t expires_ms);
pulsekit::Result<void> erase_settled(pulsekit::sqlite::Database& database, std::int64_t before_ms);
pulsekit::Result<std::array<std::int64_t, kChannels>> count_waiting(pulsekit::sqlite::Database& database);

}  // namespace collector::outbound
