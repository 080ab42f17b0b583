// What Options::before_send sees of an event, and its way back into a record.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <pulsekit/options.hpp>

#include "src/record.hpp"

namespace pulsekit {

/// An event taken apart. Borrows the record.
class EventEditor {
public:
    explicit EventEditor(const RecordView& record);

    /// Runs `before_send`; false: the event is dropped.
    bool run(const std::function<bool(Event&)>& before_send);
    /// The record as it was left.
    std::string encoded() const;

private:
    friend class Event;
    struct Member {
        std::string name;
        Properties value;  // holds the property alone
        bool is_field = false;
    };
    /// The one that counts where a name comes twice: the last.
    Member* find(std::string_view name);

    const RecordView& record_;
    std::string name_;
    std::vector<Member> members_;
};

/// Runs `before_send` over the events among `records` (u32 size and bytes each); how many are kept.
std::uint32_t edit_events(std::string& records, const std::function<bool(Event&)>& before_send);

}  // namespace pulsekit
