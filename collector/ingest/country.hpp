// The country of an address, from a database in MaxMind's format.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

namespace collector::ingest {

/// Immutable; safe from any thread.
class Countries {
public:
    /// Error `invalid`: the file is missing, or no such database.
    static pulsekit::Result<Countries> open(const std::string& path);
    Countries(Countries&&) noexcept;
    Countries& operator=(Countries&&) noexcept;
    ~Countries();

    /// Two upper-case letters; empty when the address is none, or nobody's.
    std::string of(std::string_view address) const;

private:
    struct Impl;
    explicit Countries(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::ingest
