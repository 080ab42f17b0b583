// Writes the collector's inputs to begin with, from the requests of tests/data/dialects: collector_seeds DATA FOLDER.
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "support/gzip.hpp"

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// In the order of the list in decoders.cpp, and where each documents its key.
const std::map<std::string, std::pair<char, char>> kDialects = {{"pulse", {'0', '0'}},
                                                                {"gateway", {'1', '4'}},
                                                                {"analytics", {'2', '1'}},
                                                                {"productgraph", {'3', '2'}},
                                                                {"ingest", {'4', '3'}}};

class Seeds {
public:
    explicit Seeds(fs::path folder) : folder_(std::move(folder)) {
        for (const char* target : {"decoders", "bodies", "keys", "requests"}) fs::create_directories(folder_ / target);
    }
    void add(const std::string& target, const std::string& bytes) {
        std::ofstream(folder_ / target / std::to_string(++count_), std::ios::binary) << bytes;
    }

private:
    const fs::path folder_;
    int count_ = 0;
};

/// What a case says of its request beside what all of its file say.
Json request_of(const Json& defaults, const Json& own) {
    Json request = defaults;
    request.update(own);
    request["headers"] = defaults.value("headers", Json::object());
    request["headers"].merge_patch(own.value("headers", Json::object()));
    return request;
}

std::string keys_of(const Json& request) {
    std::string lines;
    const Json& headers = request.at("headers");
    for (const auto& [name, value] : headers.items()) {
        if (value.is_string()) lines += name + ":" + value.get<std::string>() + "\n";
    }
    const std::string path = request.value("path", "");
    const auto query = path.find('?');
    return query == std::string::npos ? lines : lines + path.substr(query) + "\n";
}

std::string body_of(const Json& request) {
    if (request.contains("body")) return request["body"].dump();
    return request.value("body_text", "");
}

void add(Seeds& seeds, std::pair<char, char> digits, const Json& request) {
    seeds.add("keys", digits.second + keys_of(request));
    const std::string body = body_of(request);
    if (body.empty() || body.size() > 8000) return;
    const std::string path = request.value("path", "");
    const bool second = path.find("batch") != std::string::npos;
    seeds.add("decoders", std::string{digits.first, second ? '1' : '0'} + body);
    seeds.add("bodies", "6g" + pulsekit::gzip::compress(body).value());
}

void add_requests(Seeds& seeds) {
    const std::string post = "POST /v1/events?api_key=a%20b HTTP/1.1\r\nHost: a\r\n";
    seeds.add("requests", "1" + post + "Content-Length: 2\r\nX-PG-API-Key: k\r\n\r\n{}");
    seeds.add("requests", "1" + post + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nT: x\r\n\r\n");
    seeds.add("requests", "2GET / HTTP/1.0\r\nConnection: keep-alive\r\nX-Pulse-Key: k\r\n\r\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    Seeds seeds(argv[2]);
    for (const auto& [dialect, digits] : kDialects) {
        for (const auto& file : fs::directory_iterator(fs::path(argv[1]) / dialect)) {
            std::ifstream in(file.path());
            const Json all = Json::parse(in);
            for (const auto& one : all.at("cases")) {
                add(seeds, digits, request_of(all.at("request"), one.value("request", Json::object())));
            }
        }
    }
    seeds.add("bodies", "3p" + std::string(65, 'x'));
    add_requests(seeds);
    return 0;
}
