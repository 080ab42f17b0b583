#include "http/answer.hpp"

#include <cstdio>
#include <string_view>
#include <utility>

namespace collector::http {
namespace {

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

void add(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string to_bytes(const Response& response, const AnswerForm& form) {
    std::string bytes;
    bytes.reserve(256 + response.body.size());
    bytes.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    bytes.append(reason_of(response.status)).append("\r\n");
    if (response.status != 204) {
        add(bytes, "Content-Type", response.content_type);
        if (!response.next_piece) add(bytes, "Content-Length", std::to_string(response.body.size()));
        if (response.next_piece && !form.is_1_0) add(bytes, "Transfer-Encoding", "chunked");
    }
    if (form.cross_origin) add(bytes, "Access-Control-Allow-Origin", "*");
    for (const auto& [name, value] : response.headers) add(bytes, name, value);
    if (!form.keep_alive) add(bytes, "Connection", "close");
    if (form.keep_alive && form.is_1_0) add(bytes, "Connection", "keep-alive");
    bytes.append("\r\n");
    if (response.status != 204 && !form.without_body) bytes.append(response.body);
    return bytes;
}

std::string piece_bytes(std::string piece, bool chunked) {
    if (!chunked) return piece;
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    return size + std::move(piece) + "\r\n";
}

}  // namespace collector::http
