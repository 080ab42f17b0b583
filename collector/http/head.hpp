// A request's head as what handlers see of it. head.cpp is the only file that includes cpp-httplib.
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
    /// such a head is refused. A head that framing.hpp refuses is read as far as it goes.
    int read(std::string_view head, Request& request);

private:
    class Library;
    std::unique_ptr<Library> library_;
};

}  // namespace collector::http
