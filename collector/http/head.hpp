// A request's head, read by cpp-httplib. head.cpp is the only file that includes it.
#pragma once

#include <memory>
#include <string_view>

#include "http/message.hpp"

namespace collector::http {

/// One thread at a time.
class HeadReader {
public:
    HeadReader();
    ~HeadReader();

    /// Fills method, path, query and headers from a whole head, request line to empty line. 0, or the status with which
    /// such a head is refused.
    int read(std::string_view head, Request& request);

private:
    struct Library;
    std::unique_ptr<Library> library_;
};

}  // namespace collector::http
