// Runs tests/data/administration/*.json against a server: requests in order, and what each must be answered.
//
//   configured         of the file: projects that the settings name
//   loopback_webhooks  of the file: whether webhooks may lead to this machine
//   after              seconds that pass before the request
//   key                who asks: the token (which is the default), none, or a key
//   body               the request's, as JSON; text is the same as it stands
//   keep               names for members of the reply: from then on `<name>` stands for what the member is
//   reply              its JSON; `has` in its place: members that it must have
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/collector/admin/served.hpp"

namespace collector::admin {
namespace {

using http::Json;

Json read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return http::parse_json(bytes).value_or(Json());
}

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(PULSEKIT_TEST_DATA "/administration")) {
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// With what was kept.
Json resolved(const Json& one, const std::map<std::string, std::string>& kept) {
    std::string text = http::to_text(one);
    for (const auto& [name, value] : kept) {
        const auto mark = "<" + name + ">";
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
            text.replace(at, mark.size(), value);
    }
    return http::parse_json(text).value();
}

pulsekit::test::HttpReply send(const test::Served& served, const Json& request) {
    const auto key = request.value("key", "token");
    std::vector<std::string> headers;
    if (key == "token") headers.push_back("Authorization: Bearer " + std::string(test::Served::kToken));
    if (key != "token" && key != "none") headers.push_back("X-Pulse-Key: " + key);
    const auto body = request.contains("body") ? http::to_text(request["body"]) : request.value("text", "");
    return served.send(request.at("method"), request.at("path"), body, headers);
}

void expect_reply(const Json& expected, const Json& body) {
    if (expected.contains("has")) {
        for (const auto& [pointer, value] : expected["has"].items()) {
            const auto place = Json::json_pointer(pointer);
            EXPECT_EQ(body.contains(place) ? body.at(place) : Json("nothing"), value) << pointer << " of " << body;
        }
    } else {
        EXPECT_EQ(body, expected.value("reply", Json())) << Json::diff(expected.value("reply", Json()), body);
    }
}

class Administration : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Administration, AnswersAsWritten) {
    const auto file = read_file(GetParam());
    const pulsekit::test::TemporaryFolder folder;
    test::Served served(folder.path().string(), file.value("configured", std::vector<std::string>()));
    if (file.value("loopback_webhooks", false)) served.admin->reach = outbound::Reach::loopback_too;
    std::map<std::string, std::string> kept;
    ASSERT_FALSE(file.at("cases").empty());
    for (const auto& written : file.at("cases")) {
        const auto request = resolved(written.at("request"), kept);
        SCOPED_TRACE(GetParam().string() + ": " + written.at("about").get<std::string>() + "\n" + request.dump());
        served.clock.advance(std::chrono::seconds(written.value("after", 0)));
        const auto reply = send(served, request);
        EXPECT_EQ(reply.status, written.at("status").get<int>()) << reply.body;
        const auto body = served.json(reply);
        const auto keep = written.value("keep", Json::object());
        for (const auto& [name, pointer] : keep.items()) {
            kept[name] = body.value(Json::json_pointer(pointer.get<std::string>()), std::string("nothing"));
        }
        expect_reply(resolved(written, kept), body);
    }
}

std::string title(const testing::TestParamInfo<std::filesystem::path>& info) { return info.param.stem().string(); }
INSTANTIATE_TEST_SUITE_P(Files, Administration, testing::ValuesIn(files()), title);

}  // namespace
}  // namespace collector::admin
