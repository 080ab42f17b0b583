// What the encoders of all dialects share. An event is written as what is its own, then its properties, and last what
// it has in common with the events around it: a long run of text that is made once for a context, and that compression
// finds again as a whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/json_reader.hpp"
#include "src/json_writer.hpp"
#include "src/record.hpp"
#include "src/wire/wire.hpp"

namespace pulsekit::wire {

constexpr std::size_t kMaxEventJson = 102'400;         // where a dialect limits an event's size
constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

/// A bit for a name, so that most names need no comparison to be known as new.
constexpr std::uint64_t name_bit(std::string_view name) {
    if (name.empty()) return 1;
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    return std::uint64_t{1} << ((name.size() * 11 + first * 5u + last) % 64);
}

/// A few names. Borrows them.
class Names {
public:
    Names() = default;
    Names(std::initializer_list<std::string_view> names) {
        for (const auto name : names) add(name);
    }
    void add(std::string_view name) {
        if (count_ == names_.size()) return;
        names_[count_++] = name;
        bits_ |= name_bit(name);
    }
    bool contain(std::string_view name, std::uint64_t bit) const {
        return (bits_ & bit) != 0 && std::find(begin(), end(), name) != end();
    }
    bool contain(std::string_view name) const { return contain(name, name_bit(name)); }
    void clear() {
        count_ = 0;
        bits_ = 0;
    }
    const std::string_view* begin() const { return names_.data(); }
    const std::string_view* end() const { return names_.data() + count_; }

private:
    std::array<std::string_view, 24> names_;
    std::size_t count_ = 0;
    std::uint64_t bits_ = 0;
};
extern const Names kNoNames;

/// A member that the dialect knows, where an application's property might have the same name.
struct Known {
    enum class Rule : std::uint8_t {
        ours,     ///< the encoder writes it
        text,     ///< a text of at most `max` characters may pass
        country,  ///< two letters may
        count,    ///< an integer of 0 and more may
    };
    std::string_view name;
    Rule rule = Rule::ours;
    std::size_t max = 0;
};

/// The JSON object that properties go into. A property that it cannot take by its name goes there as
/// `property.<name>`.
class Place {
public:
    enum class Kind : std::uint8_t {
        nested,  ///< an object of their own: what follows begins with its `}`
        flat,    ///< the event itself: what follows begins with a member
    };
    template <std::size_t N>
    constexpr Place(Kind kind, const Known (&known)[N]) : kind_(kind), known_(known), count_(N) {
        for (const auto& member : known) bits_ |= name_bit(member.name);
    }
    constexpr explicit Place(Kind kind) : kind_(kind) {}

    Kind kind() const { return kind_; }
    bool takes(const Property& property, std::uint64_t bit) const {
        return (bits_ & bit) == 0 || takes_known(property);
    }

private:
    bool takes_known(const Property& property) const;
    Kind kind_;
    const Known* known_ = nullptr;
    std::size_t count_ = 0;
    std::uint64_t bits_ = 0;
};

/// The properties that are of the context, and everything after them: the end of each event of that context.
class Tail {
public:
    /// Begins anew: the context's members that are not `elsewhere`, and the global properties. `app_name` is empty
    /// where the dialect has a member for it. Then append to text() what follows.
    void begin(const ContextView& context, const Place& place, const Names& elsewhere, std::string_view app_name);
    json::Buffer& text() { return text_; }
    /// How many bytes follow the properties.
    std::size_t after_props() const { return text_.size() - rest_; }

private:
    friend class EventWriter;
    struct Piece {
        std::string_view name;
        std::size_t begin;
        std::size_t end;  // before the comma
    };
    void add(const Place& place, const Property& property);
    bool has(std::string_view name, std::uint64_t bit) const {
        return (bits_ & bit) != 0 &&
               std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.name == name; });
    }

    json::Buffer text_{1024};
    std::vector<Piece> pieces_;
    std::size_t rest_ = 0;  // where the pieces end
    std::uint64_t bits_ = 0;
    Place::Kind kind_ = Place::Kind::nested;
};

/// The tails of one request: a new one is made when the context changes.
template <std::size_t Forms>
class Tails {
public:
    /// `make` fills a tail for the event's context.
    template <typename Make>
    const Tail& of(const ContextView* context, std::size_t form, const Make& make) {
        if (context != context_) {
            context_ = context;
            made_.fill(false);
        }
        if (!made_[form]) {
            make(tails_[form]);
            made_[form] = true;
        }
        return tails_[form];
    }

private:
    const ContextView* context_ = nullptr;
    std::array<bool, Forms> made_{};
    std::array<Tail, Forms> tails_;
};

/// Writes events one after another.
class EventWriter {
public:
    explicit EventWriter(json::Buffer& out) : out_(out) {}

    json::Buffer& out() { return out_; }
    void text(std::string_view text) { out_.append(text); }
    void string(std::string_view text) { json::append_string(out_, text); }
    void id(const Uuid& id) {
        char* at = out_.room(36);
        id.write(at);
        out_.end_at(at + 36);
    }
    /// ISO 8601, without quotes.
    void time(std::int64_t unix_ms);
    void integer(std::int64_t value) { json::append_integer(out_, value); }
    /// `,"name":"text"`; nothing when the text is empty. `name` needs no escapes.
    void member(std::string_view name, std::string_view text);
    void member(std::string_view name, const Value& value);
    /// `"sequence":n,`
    void sequence(const RecordView& event) {
        text("\"sequence\":");
        integer(event.sequence);
        text(",");
    }

    /// `"name":value,` where the properties go. The name is taken from then on.
    void prop(std::string_view name, const Value& value);
    /// The same for a member of that name that is written by other means.
    void take(std::string_view name) { taken_.add(name); }
    /// The event's properties as they are, with commas between them.
    void own_props(const RecordView& event);
    /// The event's properties, without those that are `sent` in another place; then the tail. Ends the event.
    void props_and_tail(const RecordView& event, const Place& place, const Names& sent, const Tail& tail);

private:
    json::Buffer& out_;
    Names taken_;  // of this event
    std::int64_t minute_ = -1;
    char minute_text_[24];
};

/// Calls `use(name, value)` for each of the event's own fields.
template <typename F>
void for_each_field(const RecordView& event, const F& use) {
    if (event.field_count == 0) return;
    PropertyReader fields(event.fields, event.field_count);
    while (const auto field = fields.next()) use(field->name, field->value);
}

/// The name under which a field is a property, where the dialect has no member for it: the same in all dialects, so
/// that a report finds it whatever the dialect.
std::string_view prop_name(const RecordView& event, std::string_view field);

/// Whether the field only repeats the event's name.
bool is_metric_name(const RecordView& event, std::string_view field, const Value& value);

/// Writes the fields where the properties go.
void append_field_props(EventWriter& out, const RecordView& event);

/// The application's property of that name; its last, when there are several.
std::optional<Value> property_of(const RecordView& event, std::string_view name);

/// `LCP`, `FCP`, `CLS`, `INP` or `TTFB` when the event measures that web vital, else nothing.
std::string_view web_vital(const RecordView& event);

/// What a metric is called.
std::string_view metric_name(const RecordView& event);

inline std::string_view text_of(const std::optional<Value>& value) {
    return value && value->type() == Value::Type::text ? value->text() : std::string_view();
}
bool is_number(const Value& value);
bool is_currency(std::string_view text);

struct Revenue {
    std::optional<Value> amount;
    std::string_view currency;
};
/// From the fields, or else from properties named like them: those are then `sent`.
Revenue revenue_of(const RecordView& event, Names& sent);

/// Whether the dialects that have a type of device know this one.
bool is_device_type(std::string_view device_class);

/// `/name`, or the name itself when it begins with a slash.
void append_path(json::Buffer& out, std::string_view screen);

inline bool longer(std::string_view text, std::size_t max) {
    return text.size() > max && json::code_points(text) > max;
}
bool is_one_of(std::string_view text, std::initializer_list<std::string_view> texts);

/// What the event's JSON may take, roughly.
std::size_t expected_size(const RecordView& event);
/// More than the bytes that the event's JSON can have.
std::size_t most_json(const RecordView& event, const Labels& labels);

/// `{"events":[...]}`, each event written by `append`.
template <typename Append>
std::string batch(const std::vector<RecordView>& events, const Append& append) {
    std::size_t size = 0;
    for (const auto& event : events) size += expected_size(event);
    json::Buffer out(size);
    EventWriter writer(out);
    out.append("{\"events\":[");
    for (const auto& event : events) {
        if (&event != events.data()) out.append(',');
        append(writer, event);
    }
    out.append("]}");
    return out.take();
}

/// One event alone.
template <typename Append>
std::string single(const RecordView& event, const Append& append) {
    json::Buffer out(expected_size(event));
    EventWriter writer(out);
    append(writer, event);
    return out.take();
}

/// Counts and refusals, as the dialects that accept a batch in part answer: `accepted`, `rejected` and `errors` with
/// `index` and `error`.
struct PartialReply {
    std::optional<std::int64_t> accepted;
    std::optional<std::int64_t> rejected;
    std::optional<bool> success;
    bool has_timestamp = false;
    std::vector<Verdict::Refused> refused;

    /// Nothing when the answer is no JSON object, or its errors have another shape.
    static std::optional<PartialReply> read(std::string_view body);
    /// Whether each of `events` events is accounted for, and each refused one named.
    bool adds_up(std::size_t events) const;
};

inline Verdict settled(std::vector<Verdict::Refused> refused = {}) {
    Verdict verdict;
    verdict.kind = Verdict::Kind::settled;
    verdict.rejections = std::move(refused);
    return verdict;
}

}  // namespace pulsekit::wire
