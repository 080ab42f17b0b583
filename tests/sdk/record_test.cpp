#include "src/record.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pulsekit {
namespace {

std::string full_record() {
    Context context;
    context.session.bytes.fill(7);
    context.user_id = "user-1";
    context.device_id = "device-1";
    context.app_version = "1.2.3";
    const std::string encoded = context.encoded();
    Properties properties;
    properties.set("text", "hello")
        .set("int", std::int64_t{-5})
        .set("real", 2.5)
        .set("yes", true)
        .set("none", nullptr)
        .set("empty", "");
    RecordHead head{RecordType::screen, {}, 1'700'000'000'123, encoded, "level", PropertiesAccess::count(properties)};
    head.id.bytes.fill(9);
    std::string out(head.encoded_size() + PropertiesAccess::encoded(properties).size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    writer.bytes(PropertiesAccess::encoded(properties));
    EXPECT_EQ(writer.position(), out.data() + out.size());
    return out;
}

TEST(Record, IsReadAsItWasWritten) {
    const std::string bytes = full_record();
    const auto record = RecordView::parse(bytes);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->type, RecordType::screen);
    EXPECT_EQ(record->time_ms, 1'700'000'000'123);
    EXPECT_EQ(record->session.bytes[15], 7);
    EXPECT_EQ(record->id.bytes[0], 9);
    EXPECT_EQ(record->user_id, "user-1");
    EXPECT_EQ(record->device_id, "device-1");
    EXPECT_EQ(record->app_version, "1.2.3");
    EXPECT_EQ(record->name, "level");
    PropertyReader properties(record->properties, record->property_count);
    EXPECT_EQ(properties.next()->value.text(), "hello");
    EXPECT_EQ(properties.next()->value.integer(), -5);
    EXPECT_EQ(properties.next()->value.real(), 2.5);
    EXPECT_TRUE(properties.next()->value.boolean());
    EXPECT_EQ(properties.next()->value.type(), Value::Type::null);
    const auto last = properties.next();
    EXPECT_EQ(last->name, "empty");
    EXPECT_EQ(last->value.text(), "");
    EXPECT_FALSE(properties.next());
    EXPECT_TRUE(properties.at_end());
}

TEST(Record, NoTruncationAndNoTailIsARecord) {
    const std::string bytes = full_record();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(RecordView::parse(std::string_view(bytes).substr(0, size))) << size;
    }
    EXPECT_FALSE(RecordView::parse(bytes + "x"));
}

TEST(Record, AnyByteMayBeWrongWithoutHarm) {
    const std::string whole = full_record();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int value = 0; value < 256; value += 5) {
            std::string bytes = whole;
            bytes[at] = static_cast<char>(value);
            if (const auto record = RecordView::parse(bytes)) {
                PropertyReader properties(record->properties, record->property_count);
                while (properties.next()) {}
                EXPECT_TRUE(properties.at_end());
            }
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
