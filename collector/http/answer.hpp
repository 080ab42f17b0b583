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

std::string to_bytes(const Response& response, const AnswerForm& form);

}  // namespace collector::http
