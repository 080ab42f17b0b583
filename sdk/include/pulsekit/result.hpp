// Result<T>: a value, or an Error that says what to do about it.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace pulsekit {

/// What went wrong, in terms of what the caller can do about it. The message says the rest.
enum class ErrorCode {
    invalid,       ///< the input breaks a rule; sending it again changes nothing
    unauthorised,  ///< the credential is missing or not valid
    forbidden,     ///< the credential is valid but does not allow this
    not_found,     ///< the named thing does not exist
    limited,       ///< a bound was reached: rate, size or room; less or later may pass
    unavailable,   ///< the disk, the network or a server cannot serve now; later may pass
    conflict,      ///< somebody else holds it
    corrupt,       ///< stored data is damaged
    internal,      ///< a fault of this program
};

/// Why something could not be done.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  ///< for people, in English
};

/// Either a T or an Error. Nothing throws; asking for the side that is absent is a programming error (asserted). One
/// thread at a time.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    T& value() & noexcept {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    const T& value() const& noexcept {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    T&& value() && noexcept {
        assert(ok());
        return std::move(*std::get_if<0>(&state_));
    }

    T& operator*() & noexcept { return value(); }
    const T& operator*() const& noexcept { return value(); }
    T&& operator*() && noexcept { return std::move(*this).value(); }
    T* operator->() noexcept { return &value(); }
    const T* operator->() const noexcept { return &value(); }

    const Error& error() const& noexcept {
        assert(!ok());
        return *std::get_if<1>(&state_);
    }
    Error&& error() && noexcept {
        assert(!ok());
        return std::move(*std::get_if<1>(&state_));
    }

private:
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT(google-explicit-constructor)

    bool ok() const noexcept { return ok_; }
    explicit operator bool() const noexcept { return ok_; }
    const Error& error() const& noexcept {
        assert(!ok_);
        return error_;
    }
    Error&& error() && noexcept {
        assert(!ok_);
        return std::move(error_);
    }

private:
    Error error_;
    bool ok_ = true;
};

}  // namespace pulsekit
