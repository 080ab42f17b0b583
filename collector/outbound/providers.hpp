// The services that stored events are forwarded to: what each wants to read, and what its answers mean.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "outbound/poster.hpp"

namespace collector::outbound {

/// What an answer says of the events that were sent.
struct Verdict {
    enum class Kind {
        taken,      ///< all of them
        later,      ///< nothing of them: the service cannot, or not from this sender; the same again after a while
        too_fast,   ///< likewise, and fewer at a time
        too_large,  ///< fewer at a time
        refused,    ///< at least one of them
        forbidden,  ///< one of them, or the sender: it does not say
    };
    Kind kind = Kind::taken;
    std::vector<std::size_t> bad = {};  ///< with refused: those that it names, ascending
    std::string error = {};             ///< for people; of anything but taken
    std::chrono::milliseconds wait{0};  ///< at least, before the next try
};

/// One of them. Everything here is a rule of its own documentation (docs/forwarding.md).
struct Provider {
    std::string_view name;
    std::string_view title;  ///< for people
    std::string_view url;    ///< where it is, unless the operator says otherwise
    std::string_view query;  ///< goes with any address
    std::string_view key_setting;
    std::size_t max_events;         ///< of a request
    std::size_t max_bytes;          ///< likewise, of its body before compression
    std::chrono::hours max_age{0};  ///< what happened longer ago it does not take; 0: anything
    std::chrono::seconds pause{0};  ///< at least, when it says that this was too fast
    /// One event as JSON.
    std::string (*event)(const model::Event& event, std::string_view key);
    /// The body of a request.
    std::string (*body)(std::span<const std::string> events, std::string_view key);
    /// What an answer to so many events means.
    Verdict (*judge)(const Posted& answer, std::size_t events);
};

extern const Provider kAmplitude;
extern const Provider kMixpanel;

/// All of them.
std::span<const Provider* const> providers();

}  // namespace collector::outbound
