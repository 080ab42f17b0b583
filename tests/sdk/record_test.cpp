#include "src/record.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/records.hpp"

namespace pulsekit {
namespace {

Context full_context() {
    Context context;
    context.session.bytes.fill(7);
    context.user_id = "user-1";
    context.device_id = "device-1";
    context.app_version = "1.2.3";
    context.network_type = "wifi";
    context.globals.set("build", "debug");
    return context;
}

std::string full_record() {
    Properties properties;
    properties.set("error.message", "it broke")
        .set("text", "hello")
        .set("int", std::int64_t{-5})
        .set("real", 2.5)
        .set("yes", true)
        .set("none", nullptr)
        .set("at", std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123)))
        .set("object", Properties{{"x", 1}, {"deep", Properties{{"y", "z"}}}})
        .set("array", Array{1, "two", Array{3.5}})
        .set("empty", "");
    RecordHead head;
    head.type = RecordType::error;
    head.fields = 1;
    head.flags = record_flag::kNow | kNormalPriority;
    head.id.bytes.fill(9);
    head.time_ms = 1'700'000'000'123;
    head.sequence = 12;
    head.name = "level";
    head.properties = PropertiesAccess::count(properties);
    std::string out(head.encoded_size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    EXPECT_EQ(writer.position(), out.data() + out.size());
    return out + std::string(PropertiesAccess::encoded(properties));
}

TEST(Record, IsReadAsItWasWritten) {
    const std::string bytes = full_record();
    const auto record = RecordView::parse(bytes, nullptr);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->type, RecordType::error);
    EXPECT_EQ(record->flags, record_flag::kNow | kNormalPriority);
    EXPECT_EQ(record->time_ms, 1'700'000'000'123);
    EXPECT_EQ(record->sequence, 12u);
    EXPECT_EQ(record->id.bytes[0], 9);
    EXPECT_EQ(record->name, "level");
    EXPECT_EQ(record->field("error.message")->text(), "it broke");
    EXPECT_FALSE(record->field("text"));
    PropertyReader properties(record->properties, record->property_count);
    EXPECT_EQ(properties.next()->value.text(), "hello");
    EXPECT_EQ(properties.next()->value.integer(), -5);
    EXPECT_EQ(properties.next()->value.real(), 2.5);
    EXPECT_TRUE(properties.next()->value.boolean());
    EXPECT_EQ(properties.next()->value.type(), Value::Type::null);
    const auto time = properties.next();
    EXPECT_EQ(time->value.type(), Value::Type::time);
    EXPECT_EQ(time->value.integer(), 1'700'000'000'123);
    const auto object = properties.next();
    PropertyReader members(object->value.text(), ValueAccess::count(object->value));
    EXPECT_EQ(members.next()->value.integer(), 1);
    EXPECT_EQ(members.next()->value.type(), Value::Type::object);
    EXPECT_TRUE(members.at_end());
    const auto array = properties.next();
    ElementReader elements(array->value);
    EXPECT_EQ(elements.next()->integer(), 1);
    EXPECT_EQ(elements.next()->text(), "two");
    EXPECT_EQ(elements.next()->type(), Value::Type::array);
    EXPECT_TRUE(elements.at_end());
    const auto last = properties.next();
    EXPECT_EQ(last->name, "empty");
    EXPECT_EQ(last->value.text(), "");
    EXPECT_FALSE(properties.next());
    EXPECT_TRUE(properties.at_end());
}

TEST(Record, AContextIsReadAsItWasWritten) {
    const std::string bytes = full_context().encoded();
    const auto context = ContextView::parse(bytes);
    ASSERT_TRUE(context);
    EXPECT_TRUE(is_context(bytes));
    EXPECT_EQ(context->session.bytes[15], 7);
    EXPECT_EQ(context->user_id, "user-1");
    EXPECT_EQ(context->device_id, "device-1");
    EXPECT_EQ(context->app_version, "1.2.3");
    EXPECT_EQ(context->network_type, "wifi");
    PropertyReader globals(context->globals, context->global_count);
    EXPECT_EQ(globals.next()->value.text(), "debug");
}

TEST(Record, TheFastPathWritesTheSameBytes) {
    const Property all[] = {{"i", -5},
                            {"r", 2.5},
                            {"b", true},
                            {"n", nullptr},
                            {"t", "text"},
                            {"long", std::string_view("0123456789012345678901234567890123456789")},
                            {"name-of-sixteen-and-more-bytes", 1},
                            {"o", Value(nullptr)}};
    Properties expected;
    for (const auto& property : all) expected.set(property.name, property.value);
    const std::string_view encoded = PropertiesAccess::encoded(expected);
    std::string room(encoded.size() + 300, '\0');
    char* at = &room[0];
    ASSERT_EQ(put(at, room.data() + room.size(), all, sizeof all / sizeof all[0]), Put::done);
    EXPECT_EQ(std::string_view(room).substr(0, encoded.size()), encoded);
    EXPECT_EQ(at, room.data() + encoded.size());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        std::string little(size, '\0');  // no byte more: a sanitizer sees any that is written past it
        char* start = &little[0];
        EXPECT_EQ(put(start, little.data() + size, all, sizeof all / sizeof all[0]), Put::no_room) << size;
    }
}

TEST(Properties, NestToADepthAndNoFurther) {
    Properties nested;
    for (int depth = 1; depth <= 16; ++depth) nested = Properties().set("in", nested);
    EXPECT_TRUE(PropertiesAccess::valid(nested));
    EXPECT_FALSE(PropertiesAccess::valid(Properties().set("in", nested)));
}

TEST(Record, NoTruncationIsReadPastItsEnd) {
    const std::string bytes = full_record();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string cut = bytes.substr(0, size);
        const auto record = RecordView::parse(cut, nullptr);
        if (!record) continue;
        PropertyReader properties(record->properties, record->property_count);
        while (properties.next()) {}
        EXPECT_FALSE(properties.at_end()) << size;
    }
    const std::string context = full_context().encoded();
    EXPECT_FALSE(ContextView::parse(std::string_view(context).substr(0, 60)));
}

TEST(Record, AnyByteMayBeWrongWithoutHarm) {
    const std::string whole = test::sized(full_context().encoded()) + test::sized(full_record());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int value = 0; value < 256; value += 5) {
            std::string bytes = whole;
            bytes[at] = static_cast<char>(value);
            EventList list;
            if (!list.add(bytes, 0, 1)) continue;
            PropertyReader properties(list.events()[0].properties, list.events()[0].property_count);
            while (properties.next()) {}
        }
    }
}

TEST(Value, TakesEveryKindOfNumber) {
    EXPECT_EQ(Value(true).type(), Value::Type::boolean);
    EXPECT_EQ(Value(7u).integer(), 7);
    EXPECT_EQ(Value('a').type(), Value::Type::integer);
    EXPECT_EQ(Value(std::numeric_limits<std::int64_t>::min()).integer(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(Value(1.5f).real(), 1.5);
    EXPECT_EQ(Value("x").type(), Value::Type::text);
    EXPECT_EQ(Value(std::string("y")).text(), "y");
    EXPECT_EQ(Value().type(), Value::Type::null);
}

}  // namespace
}  // namespace pulsekit
