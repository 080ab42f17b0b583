// tests/data/json/cases.json at every door, bare and as a property of a good event. A case is {"name", "text"}, or
// "hex" for what is no text, or {"open", "count", "middle"?, "close"?} between "before" and "after" for what is long.
// Names say what becomes of the property: y_ is taken and kept as it is, n_ is refused, of i_ JSON's own rules leave it
// open.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"
#include "tests/survival/doors.hpp"

namespace pulsekit {
namespace {

using nlohmann::json;
using test::CollectorProcess;
using test::Door;

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), {}, 16));
    return bytes;
}

std::string bytes_of(const json& one) {
    if (one.contains("text")) return one["text"];
    if (one.contains("hex")) return from_hex(one["hex"]);
    const std::string open = one.at("open"), close = one.value("close", "");
    std::string bytes = one.value("before", "");
    for (int i = 0; i < one.at("count"); ++i) bytes += open;
    bytes += one.value("middle", "");
    for (int i = 0; !close.empty() && i < one.at("count"); ++i) bytes += close;
    return bytes + one.value("after", "");
}

struct Case {
    std::string name, bytes;
    bool is(char sort) const { return name.front() == sort; }
};

std::vector<Case> cases() {
    std::ifstream file(PULSEKIT_TEST_DATA "/json/cases.json");
    std::vector<Case> all;
    for (const auto& one : json::parse(file)) all.push_back({one.at("name"), bytes_of(one)});
    return all;
}

/// The door's event with one more member, before the one that is its id.
std::string with_property(const Door& door, const std::string& id, const std::string& value) {
    std::string body = test::event_at(door, id);
    const auto place =
        body.rfind(std::string(door.before).find("\"event_id\"") == std::string::npos ? "\"id\"" : "\"event_id\"");
    return body.insert(place, "\"case\":" + value + ",");
}

class Json : public testing::Test {
protected:
    static std::string start(const test::TemporaryFolder& folder) {
        ::setenv("PULSE_RATE_INGEST", "0", 1);
        ::setenv("PULSE_SYNC", "normal", 1);  // it is not power that is lost here
        return folder.file("data");
    }

    std::string next_id() { return "json-" + std::to_string(++sent_); }

    /// The status of an answer that blames nobody but its sender.
    int status(const Door& door, const std::string& body) {
        const auto reply = test::knock(collector_, door, body);
        EXPECT_TRUE((reply.status >= 200 && reply.status < 300) || (reply.status >= 400 && reply.status < 500))
            << reply.status << ": " << reply.body.substr(0, 200);
        EXPECT_TRUE(json::accept(reply.body)) << reply.body.substr(0, 200);
        return reply.status;
    }

    void expect_good_event(const Door& door) {
        good_.push_back(next_id());
        EXPECT_EQ(status(door, test::event_at(door, good_.back())), door.success);
    }

    void expect_good_events_stored() {
        const auto stored = collector_.stored_ids();
        for (const auto& id : good_) EXPECT_EQ(stored.count(id), 1u) << id;
    }

    const test::TemporaryFolder folder_;
    CollectorProcess collector_{start(folder_)};
    int sent_ = 0;
    std::vector<std::string> good_;
};

TEST_F(Json, BareIsAnsweredAtEveryDoor) {
    std::size_t turn = 0;
    for (const auto& one : cases()) {
        for (const Door& door : test::doors()) {
            SCOPED_TRACE(one.name + " at " + door.path);
            const int answered = status(door, one.bytes);
            if (one.is('n')) { EXPECT_EQ(answered, door.refused_json); }
        }
        SCOPED_TRACE("after " + one.name);
        expect_good_event(test::doors()[turn++ % test::doors().size()]);
    }
    expect_good_events_stored();
    EXPECT_EQ(collector_.stop(), 0);
}

TEST_F(Json, AsAPropertyIsKeptOrRefusedAtEveryDoor) {
    std::size_t turn = 0;
    for (const auto& one : cases()) {
        for (const Door& door : test::doors()) {
            SCOPED_TRACE(one.name + " at " + door.path);
            const std::string id = next_id();
            const int answered = status(door, with_property(door, id, one.bytes));
            if (one.is('n')) { EXPECT_EQ(answered, door.refused_json); }
            if (one.is('y')) {
                EXPECT_EQ(answered, door.success);
                good_.push_back(id);
            }
        }
        SCOPED_TRACE("after " + one.name);
        expect_good_event(test::doors()[turn++ % test::doors().size()]);
    }
    expect_good_events_stored();
    EXPECT_EQ(collector_.stop(), 0);
}

TEST_F(Json, PropertiesComeBackAsTheyWereSent) {
    // Of what means the same, any form may come back; the other doors' properties go the same way.
    const auto& door = test::doors()[2];
    std::vector<Case> sent;
    for (auto& one : cases()) {
        if (one.is('y')) sent.push_back(std::move(one));
    }
    for (const auto& one : sent) {
        EXPECT_EQ(status(door, with_property(door, next_id(), one.bytes)), door.success) << one.name;
    }
    const auto stored = collector_.stored_properties("tick");
    ASSERT_EQ(stored.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const auto wanted = json::parse(sent[i].bytes);
        // A property that is null says no more than one that is absent.
        EXPECT_EQ(stored[i].value("case", json()), wanted) << sent[i].name << ": " << stored[i].dump();
    }
}

}  // namespace
}  // namespace pulsekit
