#include "src/wire/encoding.hpp"

#include <cmath>

#include "support/time_text.hpp"

namespace pulsekit::wire {
namespace {

constexpr std::string_view kRenamed = "property.";

struct ContextMember {
    std::string_view name;
    std::string_view ContextView::*text;
};
/// Those that are properties unless the dialect has a member of its own for them.
constexpr ContextMember kContextMembers[] = {{"app_version", &ContextView::app_version},
                                             {"app_build", &ContextView::app_build},
                                             {"os", &ContextView::os},
                                             {"os_version", &ContextView::os_version},
                                             {"arch", &ContextView::arch},
                                             {"locale", &ContextView::locale},
                                             {"time_zone", &ContextView::time_zone},
                                             {"screen", &ContextView::screen},
                                             {"device_class", &ContextView::device_class},
                                             {"network_type", &ContextView::network_type}};

struct FieldName {
    std::string_view field;
    std::string_view prop;
};
constexpr FieldName kFieldNames[] = {{field_name::kErrorType, "error_type"},
                                     {field_name::kErrorMessage, "message"},
                                     {field_name::kErrorStack, "stack"},
                                     {field_name::kJourney, "gen_ai.journey.id"},
                                     {field_name::kStep, "gen_ai.journey.step.id"},
                                     {field_name::kStepName, "gen_ai.journey.step.name"},
                                     {field_name::kStateKey, "ui.state.key"},
                                     {field_name::kStateBefore, "ui.state.before"},
                                     {field_name::kStateAfter, "ui.state.after"}};

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// `"name":value,`, or `"property.name":value,`.
void append_member(json::Buffer& out, std::string_view name, const Value& value, bool renamed = false) {
    if (renamed) {
        std::string longer_name(kRenamed);
        longer_name += name;
        json::append_string(out, longer_name);
    } else {
        json::append_string(out, name);
    }
    out.append(':');
    json::append_value(out, value);
    out.append(',');
}

}  // namespace

bool Place::takes_known(const Property& property) const {
    const Known* end = known_ + count_;
    const Known* known = std::find_if(known_, end, [&](const Known& k) { return k.name == property.name; });
    if (known == end) return true;
    const Value& value = property.value;
    const bool is_text = value.type() == Value::Type::text;
    switch (known->rule) {
        case Known::Rule::ours: return false;
        case Known::Rule::text: return is_text && !longer(value.text(), known->max);
        case Known::Rule::country:
            return is_text && value.text().size() == 2 && is_letter(value.text()[0]) && is_letter(value.text()[1]);
        case Known::Rule::count: return value.type() == Value::Type::integer && value.integer() >= 0;
    }
    return false;
}

void Tail::add(const Place& place, const Property& property) {
    const std::size_t begin = text_.size();
    const std::uint64_t bit = name_bit(property.name);
    append_member(text_, property.name, property.value, !place.takes(property, bit));
    pieces_.push_back({property.name, begin, text_.size() - 1});
    bits_ |= bit;
}

void Tail::begin(const ContextView& context, const Place& place, const Names& elsewhere, std::string_view app_name) {
    text_.clear();
    pieces_.clear();
    bits_ = 0;
    kind_ = place.kind();
    const auto is_global = [&](std::string_view name) {
        PropertyReader globals(context.globals, context.global_count);
        while (const auto global = globals.next()) {
            if (global->name == name) return true;
        }
        return false;
    };
    if (!app_name.empty() && !is_global("app_name")) add(place, {"app_name", app_name});
    for (const auto& member : kContextMembers) {
        const std::string_view text = context.*member.text;
        if (text.empty() || elsewhere.contain(member.name) || is_global(member.name)) continue;
        add(place, {member.name, text});
    }
    PropertyReader globals(context.globals, context.global_count);
    while (const auto global = globals.next()) add(place, *global);
    if (kind_ == Place::Kind::nested && !pieces_.empty()) text_.drop_last();
    rest_ = text_.size();
}

const Names kNoNames;

void EventWriter::time(std::int64_t unix_ms) {
    char* at = out_.room(24);
    out_.end_at(at + 24);
    if (unix_ms < 0 || unix_ms > kLastMs) return write_date_time_ms(unix_ms, at);
    const std::int64_t minute = unix_ms / 60'000;
    if (minute != minute_) {
        write_date_time_ms(unix_ms, minute_text_);
        minute_ = minute;
    }
    const auto rest = static_cast<unsigned>(unix_ms - minute * 60'000);
    const unsigned second = rest / 1'000;
    const unsigned ms = rest % 1'000;
    std::memcpy(at, minute_text_, 24);
    at[17] = static_cast<char>('0' + second / 10);
    at[18] = static_cast<char>('0' + second % 10);
    at[20] = static_cast<char>('0' + ms / 100);
    at[21] = static_cast<char>('0' + ms / 10 % 10);
    at[22] = static_cast<char>('0' + ms % 10);
}

void EventWriter::member(std::string_view name, std::string_view text) {
    if (!text.empty()) member(name, Value(text));
}

void EventWriter::member(std::string_view name, const Value& value) {
    out_.append(",\"");
    out_.append(name);
    out_.append("\":");
    json::append_value(out_, value);
}

void EventWriter::prop(std::string_view name, const Value& value) {
    append_member(out_, name, value);
    taken_.add(name);
}

void EventWriter::own_props(const RecordView& event) {
    PropertyReader properties(event.properties, event.property_count);
    bool any = false;
    for (; const auto property = properties.next(); any = true) {
        append_member(out_, property->name, property->value);
    }
    if (any) out_.drop_last();
}

void EventWriter::props_and_tail(const RecordView& event, const Place& place, const Names& sent, const Tail& tail) {
    bool clash = false;
    for (const auto name : taken_) clash = clash || tail.has(name, name_bit(name));
    for (const auto name : sent) clash = clash || tail.has(name, name_bit(name));
    PropertyReader properties(event.properties, event.property_count);
    while (const auto property = properties.next()) {
        const std::uint64_t bit = name_bit(property->name);
        clash = clash || tail.has(property->name, bit);
        if (sent.contain(property->name, bit)) continue;
        const bool renamed = taken_.contain(property->name, bit) || !place.takes(*property, bit);
        append_member(out_, property->name, property->value, renamed);
    }
    const bool nested = tail.kind_ == Place::Kind::nested;
    const std::string_view text = tail.text_.view();
    if (!clash) {
        if (nested && tail.pieces_.empty() && out_.last() == ',') out_.drop_last();
        out_.append(text);
    } else {
        for (const auto& piece : tail.pieces_) {
            const std::uint64_t bit = name_bit(piece.name);
            if (taken_.contain(piece.name, bit) || sent.contain(piece.name, bit) || property_of(event, piece.name)) {
                continue;
            }
            out_.append(text.substr(piece.begin, piece.end - piece.begin));
            out_.append(',');
        }
        if (nested && out_.last() == ',') out_.drop_last();
        out_.append(text.substr(tail.rest_));
    }
    taken_.clear();
}

std::string_view prop_name(const RecordView& event, std::string_view field) {
    if (field == field_name::kDuration && event.type == RecordType::api_call) return "api.duration_ms";
    for (const auto& known : kFieldNames) {
        if (known.field == field) return known.prop;
    }
    return field;
}

bool is_metric_name(const RecordView& event, std::string_view field, const Value& value) {
    return field == field_name::kMetric && value.type() == Value::Type::text && value.text() == event.name;
}

void append_field_props(EventWriter& out, const RecordView& event) {
    for_each_field(event, [&](std::string_view field, const Value& value) {
        if (!is_metric_name(event, field, value)) out.prop(prop_name(event, field), value);
    });
}

std::optional<Value> property_of(const RecordView& event, std::string_view name) {
    std::optional<Value> found;
    PropertyReader properties(event.properties, event.property_count);
    while (const auto property = properties.next()) {
        if (property->name == name) found = property->value;
    }
    return found;
}

bool is_number(const Value& value) {
    return value.type() == Value::Type::integer || (value.type() == Value::Type::real && std::isfinite(value.real()));
}

bool is_currency(std::string_view text) {
    return text.size() == 3 && is_letter(text[0]) && is_letter(text[1]) && is_letter(text[2]);
}

Revenue revenue_of(const RecordView& event, Names& sent) {
    Revenue revenue;
    if (event.type != RecordType::track) return revenue;
    const auto amount = event.field(field_name::kRevenueAmount);
    if (amount && is_number(*amount)) {
        revenue.amount = amount;
        revenue.currency = text_of(event.field(field_name::kRevenueCurrency));
        return revenue;
    }
    const auto paid = property_of(event, field_name::kRevenueAmount);
    if (!paid || !is_number(*paid)) return revenue;
    revenue.amount = paid;
    sent.add(field_name::kRevenueAmount);
    const std::string_view currency = text_of(property_of(event, field_name::kRevenueCurrency));
    if (is_currency(currency)) {
        revenue.currency = currency;
        sent.add(field_name::kRevenueCurrency);
    }
    return revenue;
}

bool is_device_type(std::string_view device_class) { return is_one_of(device_class, {"desktop", "mobile", "tablet"}); }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> texts) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string_view metric_name(const RecordView& event) {
    const std::string_view metric = text_of(event.field(field_name::kMetric));
    return metric.empty() ? event.name : metric;
}

std::string_view web_vital(const RecordView& event) {
    if (event.type != RecordType::performance) return {};
    const auto value = event.field(field_name::kMetricValue);
    if (!value || !is_number(*value)) return {};
    if (value->type() == Value::Type::integer ? value->integer() < 0 : value->real() < 0) return {};
    const std::string_view metric = metric_name(event);
    return is_one_of(metric, {"LCP", "FCP", "CLS", "INP", "TTFB"}) ? metric : std::string_view();
}

void append_path(json::Buffer& out, std::string_view screen) {
    if (screen.substr(0, 1) == "/") return json::append_string(out, screen);
    const std::size_t start = out.size();
    out.append('/');
    json::append_string(out, screen);
    std::swap(out.at(start), out.at(start + 1));
}

std::size_t expected_size(const RecordView& event) {
    constexpr std::size_t kAround = 640;  // ids, time, context
    return kAround + event.name.size() + (event.fields.size() + event.properties.size()) * 3 / 2;
}

std::size_t most_json(const RecordView& event, const Labels& labels) {
    const ContextView& context = *event.context;
    std::size_t bytes = 3 * event.name.size() + event.fields.size() + event.properties.size() + context.globals.size() +
                        labels.app_name.size();
    for (const auto text : ContextView::kTexts) bytes += (context.*text).size();
    constexpr std::size_t kLongestEscape = 6;
    constexpr std::size_t kMembers = 2048;
    return kMembers + bytes * kLongestEscape;
}

namespace {

std::optional<Verdict::Refused> read_refused(json::Reader& reader) {
    Verdict::Refused refused{0, {}};
    bool has_index = false;
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "index") {
            const auto index = reader.integer();
            if (!index || *index < 0) return std::nullopt;
            refused.index = static_cast<std::size_t>(*index);
            has_index = true;
        } else if (*name == "error") {
            auto message = reader.string();
            if (!message) return std::nullopt;
            refused.message = std::move(*message);
        } else {
            reader.skip_value();
        }
    }
    if (reader.failed() || !has_index) return std::nullopt;
    return refused;
}

}  // namespace

std::optional<PartialReply> PartialReply::read(std::string_view body) {
    PartialReply reply;
    json::Reader reader(body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "accepted") {
            reply.accepted = reader.integer();
        } else if (*name == "rejected") {
            reply.rejected = reader.integer();
        } else if (*name == "success") {
            reply.success = reader.boolean();
        } else if (*name == "timestamp") {
            reply.has_timestamp = reader.integer().has_value();
        } else if (*name == "errors") {
            reader.begin_array();
            while (reader.next_element()) {
                auto refused = read_refused(reader);
                if (!refused) return std::nullopt;
                reply.refused.push_back(std::move(*refused));
            }
        } else {
            reader.skip_value();
        }
    }
    if (!reader.at_end()) return std::nullopt;
    return reply;
}

bool PartialReply::adds_up(std::size_t events) const {
    std::vector<bool> named(events);
    for (const auto& one : refused) {
        if (one.index >= events || named[one.index]) return false;
        named[one.index] = true;
    }
    const std::size_t stored = events - refused.size();
    return accepted == static_cast<std::int64_t>(stored) && rejected == static_cast<std::int64_t>(refused.size());
}

}  // namespace pulsekit::wire
