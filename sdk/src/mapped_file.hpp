// Memory that the kernel keeps when the process dies: a file mapped shared.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <pulsekit/result.hpp>

namespace pulsekit {

/// Owns a mapping. Not thread safe by itself; what lies in it may be.
class MappedFile {
public:
    /// A new file of `size` zero bytes, all of it allocated on the disk: a full disk is an error here, and never a
    /// signal at a later write.
    static Result<MappedFile> create(const std::string& path, std::size_t size);
    /// A file that is there, with the size it has.
    static Result<MappedFile> open(const std::string& path);
    /// Memory without a file: the same, but gone with the process.
    static Result<MappedFile> anonymous(std::size_t size);

    /// Waits until the disk has every byte. Nothing to do without a file. Error `unavailable`.
    Result<void> sync() noexcept;

    char* data() const noexcept { return static_cast<char*>(mapping_.get()); }
    std::size_t size() const noexcept { return mapping_.get_deleter().size; }

private:
    struct Unmap {
        std::size_t size = 0;
        void operator()(void* mapping) const noexcept;
    };
    MappedFile(void* mapping, std::size_t size, std::string path)
        : mapping_(mapping, Unmap{size}), path_(std::move(path)) {}
    std::unique_ptr<void, Unmap> mapping_;
    std::string path_;
};

}  // namespace pulsekit
