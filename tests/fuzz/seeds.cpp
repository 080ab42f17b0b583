// Writes the inputs to begin with, made by the code that makes the real ones: seeds FOLDER.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "src/record.hpp"

namespace {

using namespace pulsekit;

std::string event(RecordType type, std::string_view name, const Properties& properties, std::uint8_t fields = 0,
                  std::uint8_t flags = kNormalPriority) {
    RecordHead head;
    head.type = type;
    head.fields = fields;
    head.flags = flags;
    head.time_ms = 1'700'000'000'000;
    head.name = name;
    head.properties = PropertiesAccess::count(properties);
    std::string out(head.encoded_size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    return out + std::string(PropertiesAccess::encoded(properties));
}

std::string context(std::string_view user) {
    Context made;
    made.user_id = std::string(user);
    made.device_id = "device";
    made.app_version = "1.0";
    made.os = "Linux";
    made.globals.set("plan", "free");
    return made.encoded();
}

std::vector<std::string> records() {
    Properties plain;
    plain.set("null", nullptr).set("yes", true).set("n", std::numeric_limits<std::int64_t>::min()).set("pi", 3.14);
    plain.set("text", "a \"quoted\" \x01 \xff \xf0\x9f\x98\x80").set("nan", std::numeric_limits<double>::quiet_NaN());
    plain.set("at", std::chrono::system_clock::time_point(std::chrono::hours(480'000)));
    Properties inner;
    inner.set("x", 1).set("y", "z");
    Array list;
    list.add(1).add("two").add(inner);
    Properties nested;
    nested.set("object", inner).set("list", list);
    Properties failure;
    failure.set(field_name::kErrorMessage, "it broke").set("where", "here");
    return {context(""),
            event(RecordType::track, "level_complete", plain),
            event(RecordType::screen, "menu", {}),
            event(RecordType::identify, "identify", plain, 0, 2),
            context("someone"),
            event(RecordType::error, "error", failure, 1, 0),
            event(RecordType::track, "nested", nested, 0, kNormalPriority | record_flag::kNow)};
}

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

/// As in a ring: u32 size, u32 checksum (the fuzzer fills it in), the bytes, padding to 8.
std::string ring_frame(const std::string& bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    std::string out(8, '\0');
    std::memcpy(&out[0], &size, sizeof size);
    out += bytes;
    out.resize((out.size() + 7) & ~std::size_t{7});
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::filesystem::path folder = argv[1];
    const auto all = records();
    std::string frames(1, '\0');
    std::string ring(1, '\1');
    int number = 0;
    for (const auto& record : all) {
        append_frame(frames, record);
        ring += ring_frame(record);
        write(folder / "records" / ("first-" + std::to_string(++number)), frames);
        write(folder / "journal" / ("first-" + std::to_string(number)), ring);
        std::string alone(1, '\0');
        append_frame(alone, all.front());
        append_frame(alone, record);
        write(folder / "records" / ("alone-" + std::to_string(number)), alone);
    }
    frames[0] = 2;
    write(folder / "records" / "skipping", frames);
    write(folder / "journal" / "torn", ring.substr(0, ring.size() / 2));
    ring.append("\xff\xff\xff\xff\0\0\0\0", 8);
    write(folder / "journal" / "skips-the-lap", ring);
    std::string file(1 + 4096 + 4096, '\0');
    file.replace(1, 8, "PKSRING3");
    write(folder / "journal" / "raw", file);
    write(folder / "journal" / "short", file.substr(0, 100));
    return 0;
}
