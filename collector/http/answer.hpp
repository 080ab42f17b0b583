// An answer as bytes.
#pragma once

#include <string>

#include "http/message.hpp"

namespace collector::http {

struct AnswerForm {
    bool keep_alive = true;
    bool is_1_0 = false;        ///< to a client that expects to be told when the connection stays
    bool without_body = false;  ///< to HEAD
    bool cross_origin = false;  ///< web pages of any origin may read it
};

/// Of a response that comes in pieces, what stands before them.
std::string to_bytes(const Response& response, const AnswerForm& form);

/// The next of those pieces as it is sent; the last one is empty.
std::string piece_bytes(std::string piece, bool chunked);

}  // namespace collector::http
