// The C interface: properties, and events on their way into the queue.
#include <deque>
#include <new>
#include <utility>

#include "src/c_api.hpp"
#include "src/record.hpp"

/// An event inside before_send, with what C was handed of it: texts with a terminator, and handles.
struct pulsekit_event {
    pulsekit::Event& event;
    std::deque<std::string> texts;
    std::deque<pulsekit_properties> objects;
    std::deque<pulsekit_array> arrays;

    const char* keep(std::string_view text) { return texts.emplace_back(text).c_str(); }
};

namespace {

using pulsekit::Array;
using pulsekit::Properties;
using pulsekit::Property;
using pulsekit::Value;
using namespace pulsekit::c_api;

// The years 1 to 9999: what ISO 8601 writes with four digits.
constexpr std::int64_t kFirstInstant = -62'135'596'800'000;
constexpr std::int64_t kLastInstant = 253'402'300'799'999;

pulsekit_property property_of(const char* name, pulsekit_type type) {
    pulsekit_property property{};
    property.name = name;
    property.type = type;
    return property;
}
pulsekit_property bool_of(const char* name, int value) {
    auto property = property_of(name, PULSEKIT_BOOL);
    property.value.boolean = value;
    return property;
}
pulsekit_property int_of(const char* name, std::int64_t value) {
    auto property = property_of(name, PULSEKIT_INT);
    property.value.integer = value;
    return property;
}
pulsekit_property double_of(const char* name, double value) {
    auto property = property_of(name, PULSEKIT_DOUBLE);
    property.value.real = value;
    return property;
}
pulsekit_property string_of(const char* name, const char* value) {
    auto property = property_of(name, PULSEKIT_STRING);
    property.value.string = value;
    return property;
}
pulsekit_property time_of(const char* name, std::int64_t unix_ms) {
    auto property = property_of(name, PULSEKIT_TIME);
    property.value.unix_ms = unix_ms;
    return property;
}
pulsekit_property object_of(const char* name, const pulsekit_properties* value) {
    auto property = property_of(name, PULSEKIT_OBJECT);
    property.value.object = value;
    return property;
}
pulsekit_property array_of(const char* name, const pulsekit_array* value) {
    auto property = property_of(name, PULSEKIT_ARRAY);
    property.value.array = value;
    return property;
}

pulsekit_status set(pulsekit_properties* properties, const pulsekit_property& from) {
    Property property;
    if (!properties || !read_property(from, property)) return PULSEKIT_INVALID;
    if (property.value.type() == Value::Type::object && from.value.object == properties) {
        const Properties copy = properties->properties;  // the bytes must not move while they are copied
        properties->properties.set(property.name, copy);
    } else {
        properties->properties.set(property.name, property.value);
    }
    return PULSEKIT_OK;
}

pulsekit_status add(pulsekit_array* array, const pulsekit_property& from) {
    Value value;
    if (!array || !read_value(from, value)) return PULSEKIT_INVALID;
    if (value.type() == Value::Type::array && from.value.array == array) {
        const Array copy = array->array;
        array->array.add(copy);
    } else {
        array->array.add(value);
    }
    return PULSEKIT_OK;
}

/// A value as C sees it; what it points to lives as long as the event.
pulsekit_property shown(pulsekit_event& event, const char* name, const Value& value) {
    switch (value.type()) {
        case Value::Type::null: break;
        case Value::Type::boolean: return bool_of(name, value.boolean() ? 1 : 0);
        case Value::Type::integer: return int_of(name, value.integer());
        case Value::Type::real: return double_of(name, value.real());
        case Value::Type::text: return string_of(name, event.keep(value.text()));
        case Value::Type::time: return time_of(name, value.integer());
        case Value::Type::object: {
            auto& object = event.objects.emplace_back();
            pulsekit::PropertyReader reader(value.text(), pulsekit::ValueAccess::count(value));
            while (const auto member = reader.next()) object.properties.set(member->name, member->value);
            return object_of(name, &object);
        }
        case Value::Type::array: {
            auto& array = event.arrays.emplace_back();
            pulsekit::ElementReader reader(value);
            while (const auto element = reader.next()) array.array.add(*element);
            return array_of(name, &array);
        }
    }
    return property_of(name, PULSEKIT_NULL);
}

}  // namespace

namespace pulsekit::c_api {

bool read_value(const pulsekit_property& from, Value& value) {
    switch (raw(from.type)) {
        case PULSEKIT_NULL: value = Value(nullptr); return true;
        case PULSEKIT_BOOL: value = Value(from.value.boolean != 0); return true;
        case PULSEKIT_INT: value = Value(from.value.integer); return true;
        case PULSEKIT_DOUBLE: value = Value(from.value.real); return true;
        case PULSEKIT_STRING: value = from.value.string ? Value(from.value.string) : Value(nullptr); return true;
        case PULSEKIT_TIME:
            if (from.value.unix_ms < kFirstInstant || from.value.unix_ms > kLastInstant) return false;
            value = ValueAccess::time(from.value.unix_ms);
            return true;
        case PULSEKIT_OBJECT: value = from.value.object ? Value(from.value.object->properties) : Value(nullptr); break;
        case PULSEKIT_ARRAY: value = from.value.array ? Value(from.value.array->array) : Value(nullptr); break;
        default: return false;
    }
    return ValueAccess::valid(value);
}

bool read_property(const pulsekit_property& from, Property& property) {
    if (!from.name || !read_value(from, property.value)) return false;
    property.name = from.name;
    return encoded_size(property) != 0;
}

bool read_properties(const pulsekit_property* list, std::size_t count, Properties& properties) {
    if (!list && count != 0) return false;
    for (std::size_t i = 0; i < count; ++i) {
        Property property;
        if (!read_property(list[i], property)) return false;
        properties.set(property.name, property.value);
    }
    return true;
}

void read_before_send(const pulsekit_options& given, Options& options) {
    if (!given.before_send) return;
    options.before_send = [before_send = given.before_send, user_data = given.user_data](Event& event) {
        pulsekit_event shown{event, {}, {}, {}};
        return before_send(&shown, user_data) != 0;
    };
}

}  // namespace pulsekit::c_api

pulsekit_properties* pulsekit_properties_new(void) { return new (std::nothrow) pulsekit_properties; }
void pulsekit_properties_free(pulsekit_properties* properties) { delete properties; }
std::size_t pulsekit_properties_count(const pulsekit_properties* properties) {
    return properties ? properties->properties.size() : 0;
}
pulsekit_status pulsekit_properties_set(pulsekit_properties* properties, const pulsekit_property* property) {
    return property ? set(properties, *property) : PULSEKIT_INVALID;
}
pulsekit_status pulsekit_properties_set_null(pulsekit_properties* properties, const char* name) {
    return set(properties, property_of(name, PULSEKIT_NULL));
}
pulsekit_status pulsekit_properties_set_bool(pulsekit_properties* properties, const char* name, int value) {
    return set(properties, bool_of(name, value));
}
pulsekit_status pulsekit_properties_set_int(pulsekit_properties* properties, const char* name, std::int64_t value) {
    return set(properties, int_of(name, value));
}
pulsekit_status pulsekit_properties_set_double(pulsekit_properties* properties, const char* name, double value) {
    return set(properties, double_of(name, value));
}
pulsekit_status pulsekit_properties_set_string(pulsekit_properties* properties, const char* name, const char* value) {
    return set(properties, string_of(name, value));
}
pulsekit_status pulsekit_properties_set_time(pulsekit_properties* properties, const char* name, std::int64_t unix_ms) {
    return set(properties, time_of(name, unix_ms));
}
pulsekit_status pulsekit_properties_set_object(pulsekit_properties* properties, const char* name,
                                               const pulsekit_properties* value) {
    return set(properties, object_of(name, value));
}
pulsekit_status pulsekit_properties_set_array(pulsekit_properties* properties, const char* name,
                                              const pulsekit_array* value) {
    return set(properties, array_of(name, value));
}

pulsekit_array* pulsekit_array_new(void) { return new (std::nothrow) pulsekit_array; }
void pulsekit_array_free(pulsekit_array* array) { delete array; }
std::size_t pulsekit_array_count(const pulsekit_array* array) { return array ? array->array.size() : 0; }
pulsekit_status pulsekit_array_add(pulsekit_array* array, const pulsekit_property* element) {
    return element ? add(array, *element) : PULSEKIT_INVALID;
}
pulsekit_status pulsekit_array_add_null(pulsekit_array* array) {
    return add(array, property_of(nullptr, PULSEKIT_NULL));
}
pulsekit_status pulsekit_array_add_bool(pulsekit_array* array, int value) {
    return add(array, bool_of(nullptr, value));
}
pulsekit_status pulsekit_array_add_int(pulsekit_array* array, std::int64_t value) {
    return add(array, int_of(nullptr, value));
}
pulsekit_status pulsekit_array_add_double(pulsekit_array* array, double value) {
    return add(array, double_of(nullptr, value));
}
pulsekit_status pulsekit_array_add_string(pulsekit_array* array, const char* value) {
    return add(array, string_of(nullptr, value));
}
pulsekit_status pulsekit_array_add_time(pulsekit_array* array, std::int64_t unix_ms) {
    return add(array, time_of(nullptr, unix_ms));
}
pulsekit_status pulsekit_array_add_object(pulsekit_array* array, const pulsekit_properties* value) {
    return add(array, object_of(nullptr, value));
}
pulsekit_status pulsekit_array_add_array(pulsekit_array* array, const pulsekit_array* value) {
    return add(array, array_of(nullptr, value));
}

const char* pulsekit_event_name(pulsekit_event* event) { return event ? event->keep(event->event.name()) : ""; }
const char* pulsekit_event_user_id(pulsekit_event* event) { return event ? event->keep(event->event.user_id()) : ""; }
std::int64_t pulsekit_event_unix_ms(const pulsekit_event* event) { return event ? event->event.unix_ms() : 0; }

pulsekit_status pulsekit_event_get_property(pulsekit_event* event, const char* name, pulsekit_property* property) {
    if (!event || !name || !property) return PULSEKIT_INVALID;
    *property = shown(*event, name, event->event.property(name));
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_event_each_property(pulsekit_event* event, pulsekit_property_fn visit, void* user_data) {
    if (!event || !visit) return PULSEKIT_INVALID;
    event->event.for_each([&](const Property& property) {
        const pulsekit_property one = shown(*event, event->keep(property.name), property.value);
        visit(&one, user_data);
    });
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_event_set_name(pulsekit_event* event, const char* name) {
    if (!event || is_empty(name) || view_of(name).size() > pulsekit::kMaxNameBytes) return PULSEKIT_INVALID;
    event->event.set_name(name);
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_event_set_property(pulsekit_event* event, const pulsekit_property* property) {
    Property read;
    if (!event || !property || !read_property(*property, read)) return PULSEKIT_INVALID;
    event->event.set_property(read.name, read.value);
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_event_remove_property(pulsekit_event* event, const char* name) {
    if (!event || !name) return PULSEKIT_INVALID;
    event->event.remove_property(name);
    return PULSEKIT_OK;
}
