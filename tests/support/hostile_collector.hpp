// A collector that does its work, behind a network that does not: replies get lost, requests arrive twice, late or
// never.
#pragma once

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fake_transport.hpp"
#include "tests/support/json_value.hpp"
#include "tests/support/seeded_random.hpp"

namespace pulsekit::test {

/// Stores each event once, by its id, and refuses those named `bad`. What happens to a request is drawn from the seed.
/// Thread safe; outlives the clients that send to it, as a collector does.
class HostileCollector {
public:
    HostileCollector(Dialect dialect, std::uint64_t seed) : dialect_(dialect), random_(seed) {}

    std::unique_ptr<Transport> transport() {
        return std::make_unique<FakeTransport>([this](const HttpRequest& request) { return receive(request); });
    }

    /// From now on every request arrives and every reply too.
    void calm() {
        const std::lock_guard lock(mutex_);
        deliver_held();
        calm_ = true;
    }

    /// Ids of the events that were stored, reports of the ledger left out.
    std::set<std::string> stored() const {
        const std::lock_guard lock(mutex_);
        return stored_;
    }
    /// By id: the properties of each report that was stored.
    std::map<std::string, JsonValue> reports() const {
        const std::lock_guard lock(mutex_);
        std::map<std::string, JsonValue> found;
        for (const auto& [id, text] : reports_) found[id] = *JsonValue::parse(text);
        return found;
    }
    /// Reports and events that came again, but not as they were.
    int changed() const {
        const std::lock_guard lock(mutex_);
        return changed_;
    }
    static std::string refusal_of(const std::string& id) { return "refused: " + id; }

private:
    struct Arrived {
        std::string id;
        std::string name;
        std::string text;  // the whole event
        JsonValue properties;
        bool is_bad() const { return name == "bad"; }
    };
    struct Reply {
        int status;
        std::string body;
    };

    Result<HttpResponse> receive(const HttpRequest& request) {
        std::unique_lock lock(mutex_);
        const std::string body = plain_body(request);
        const auto json = JsonValue::parse(body);
        if (!json) return HttpResponse{400, {}, R"({"error":"invalid JSON"})"};
        const bool is_batch = json->has("events");
        const std::vector<Arrived> events = events_in(*json);
        const Error reset{ErrorCode::unavailable, "connection reset"};
        const int mishap = calm_ ? 0 : random_.below(24);
        const std::size_t late = random_.next() % 2;
        switch (mishap) {
            case 1:
            case 2:  // the reply is lost
                (void)store(events, is_batch);
                return reset;
            case 3:  // the request is repeated on its way
                (void)store(events, is_batch);
                return answer(store(events, is_batch));
            case 4:
            case 5:  // the request is slow, and the client gives up before it arrives
                held_.push_back({events, is_batch});
                return reset;
            case 6:
            case 7: {  // the reply is cut
                Reply reply = store(events, is_batch);
                if (reply.status < 300) reply.body.resize(random_.next() % reply.body.size());
                return answer(reply);
            }
            case 8:
            case 9: return reset;
            case 10: {  // nothing comes back for as long as anybody waits
                if (late != 0) (void)store(events, is_batch);
                lock.unlock();
                const auto until = std::chrono::steady_clock::now() + request.timeout;
                while (request.keep_waiting() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
                return Error{ErrorCode::unavailable, "timeout"};
            }
            case 11: return HttpResponse{503, {{"retry-after", "0"}}, "{}"};
            case 12: return HttpResponse{429, {{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}}, "{}"};
            case 13:  // after the commit
                (void)store(events, is_batch);
                return HttpResponse{500, {}, "oops"};
            case 14: return HttpResponse{200, {}, "<html>please log in</html>"};
            case 15:
                if (events.size() > 1) return HttpResponse{413, {}, ""};
                break;
            case 16:
                if (events.size() > 1) return HttpResponse{400, {}, R"({"error":"batch too large"})"};
                break;
            default: break;
        }
        // What was held back arrives before this request or after it.
        if (late == 0) deliver_held();
        const Reply reply = store(events, is_batch);
        if (late != 0) deliver_held();
        return answer(reply);
    }

    void deliver_held() {
        for (const auto& [events, is_batch] : std::exchange(held_, {})) (void)store(events, is_batch);
    }

    std::vector<Arrived> events_in(const JsonValue& json) const {
        std::vector<Arrived> events;
        if (!json.has("events")) return {event_in(json)};
        for (const auto& event : json["events"].elements) events.push_back(event_in(event));
        return events;
    }

    Arrived event_in(const JsonValue& json) const {
        switch (dialect_) {
            case Dialect::productgraph: return arrived(json, "event_id", "event.name", json["metadata"]);
            case Dialect::pulse: return arrived(json, "event_id", "event_type", json);
            case Dialect::gateway: return arrived(json, "id", "name", json["properties"]);
            case Dialect::analytics: return arrived(json, "event_id", "name", json["data"]);
            case Dialect::ingest: return arrived(json, "event_id", "event_name", json["extras"]);
        }
        return {};
    }
    static Arrived arrived(const JsonValue& json, const char* id, const char* name, const JsonValue& properties) {
        return {json[id].text, json[name].text, written(json), properties};
    }

    static std::string written(const JsonValue& json) {
        std::string out;
        switch (json.type) {
            case JsonValue::Type::null: return "null";
            case JsonValue::Type::boolean: return json.boolean ? "true" : "false";
            case JsonValue::Type::number: return json.text;
            case JsonValue::Type::text: return '"' + json.text + '"';
            case JsonValue::Type::array:
                for (const auto& element : json.elements) out += (out.empty() ? "" : ",") + written(element);
                return '[' + out + ']';
            case JsonValue::Type::object:
                for (const auto& [name, member] : json.members)
                    out += (out.empty() ? "\"" : ",\"") + name + "\":" + written(member);
                return '{' + out + '}';
        }
        return out;
    }

    /// What the collector does and says.
    Reply store(const std::vector<Arrived>& events, bool is_batch) {
        std::vector<std::size_t> bad;
        for (std::size_t i = 0; i < events.size(); ++i) {
            if (events[i].is_bad()) bad.push_back(i);
        }
        // Where a batch passes whole or not at all.
        if (dialect_ == Dialect::gateway && is_batch && !bad.empty()) {
            return {400, R"({"success":false,"error":{"code":"BAD_REQUEST","message":"events[)" +
                             std::to_string(bad[0]) + "]: " + refusal_of(events[bad[0]].id) + "\"}}"};
        }
        for (const auto& event : events) {
            if (event.is_bad()) continue;
            const auto [known, is_new] = texts_.emplace(event.id, event.text);
            changed_ += !is_new && known->second != event.text;
            if (event.name == "pulsekit.delivery") {
                reports_[event.id] = written(event.properties);
            } else {
                stored_.insert(event.id);
            }
        }
        return is_batch ? batch_reply(events, bad) : single_reply(events[0]);
    }

    Reply batch_reply(const std::vector<Arrived>& events, const std::vector<std::size_t>& bad) const {
        if (dialect_ == Dialect::gateway)
            return {201, R"({"success":true,"data":{"ingested":)" + std::to_string(events.size()) + "}}"};
        std::string errors;
        for (const auto i : bad) {
            errors += (errors.empty() ? "" : ",") + (R"({"index":)" + std::to_string(i)) + R"(,"error":")" +
                      refusal_of(events[i].id) + "\"}";
        }
        const std::string counts = "\"accepted\":" + std::to_string(events.size() - bad.size()) +
                                   ",\"rejected\":" + std::to_string(bad.size()) + ",\"errors\":[" + errors + "]}";
        if (dialect_ == Dialect::productgraph) return {202, "{" + counts};
        const bool none = bad.size() == events.size();
        return {none ? 400 : 200, std::string("{\"success\":") + (none ? "false," : "true,") + counts};
    }

    Reply single_reply(const Arrived& event) const {
        if (event.is_bad()) return {400, R"({"error":")" + refusal_of(event.id) + "\"}"};
        switch (dialect_) {
            case Dialect::pulse: return {200, R"({"success":true,"timestamp":1700000000000})"};
            case Dialect::gateway: return {201, R"({"success":true,"data":{"id":")" + event.id + R"(","name":"n"}})"};
            case Dialect::analytics: return {200, R"({"ok":true})"};
            default: return {200, R"({"status":"success","eventId":")" + event.id + "\"}"};
        }
    }

    static HttpResponse answer(const Reply& reply) { return {reply.status, {}, reply.body}; }

    const Dialect dialect_;
    mutable std::mutex mutex_;
    SeededRandom random_;
    bool calm_ = false;
    std::vector<std::pair<std::vector<Arrived>, bool>> held_;
    std::set<std::string> stored_;
    std::map<std::string, std::string> texts_;
    std::map<std::string, std::string> reports_;
    int changed_ = 0;
};

}  // namespace pulsekit::test
