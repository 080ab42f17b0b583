// Projects that are deleted, and their rows in the metadata database.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace collector::meta {

/// The tables that have rows of projects, by `project_id`, in the order in which they lose them. What refers to a row
/// of one of these and cascades needs no line here; a test holds that no other table is forgotten.
inline constexpr std::array kProjectTables = {"api_keys",        "project_modules", "funnels",         "goals",
                                              "experiments",     "surveys",         "shares",          "alerts",
                                              "traffic_minutes", "traffic_told",    "outbox_messages", "webhooks"};

/// A project that Catalog::delete_project() took off the lists.
struct Deletion {
    std::string project_id;
    std::int64_t deleted_ms = 0;
    bool erased = false;  ///< what was there then is gone; what was under way may have come since
};

/// Owns its connection to the metadata database. Thread safe.
class Deletions {
public:
    static pulsekit::Result<std::unique_ptr<Deletions>> open(const std::string& database_path);
    ~Deletions();

    /// Oldest first.
    pulsekit::Result<std::vector<Deletion>> pending() const;
    /// Whether the project is deleted and not erased.
    pulsekit::Result<bool> is_pending(std::string_view project_id) const;

    /// Erases the rows of a project that is deleted, its own last; may be done again.
    pulsekit::Result<void> erase_rows(std::string_view project_id);
    /// Nothing of what was there is left, in the event store either.
    pulsekit::Result<void> note_erased(std::string_view project_id);
    /// Nothing of it can come any more.
    pulsekit::Result<void> forget(std::string_view project_id);

private:
    struct Impl;
    explicit Deletions(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::meta
