// A strict reader of Prometheus' text format, version 0.0.4: what it takes, every scraper takes.
#pragma once

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pulsekit::test {

class Metrics {
public:
    using Labels = std::map<std::string, std::string>;
    struct Sample {
        std::string name;
        Labels labels;
        double value = 0;
    };
    struct Family {
        std::string type;
        std::string help;
        std::vector<Sample> samples;
    };

    /// Throws std::runtime_error with the line that breaks a rule.
    explicit Metrics(std::string_view text) {
        if (text.empty() || text.back() != '\n') fail("the last line has no end");
        while (!text.empty()) {
            const auto end = text.find('\n');
            line_ = text.substr(0, end);
            text.remove_prefix(end + 1);
            read_line();
        }
        for (const auto& [name, family] : families_) {
            line_ = name;
            if (family.samples.empty()) fail("a family without samples");
            if (family.type == "histogram") check_histogram(name, family);
        }
    }

    const std::map<std::string, Family>& families() const { return families_; }

    /// The sample of that name and those labels.
    double at(const std::string& name, const Labels& labels = {}) const {
        for (const auto& [family_name, family] : families_) {
            for (const auto& sample : family.samples) {
                if (sample.name == name && sample.labels == labels) return sample.value;
            }
        }
        throw std::runtime_error("no sample " + name);
    }
    /// Of all samples of that family.
    double sum(const std::string& name) const {
        double all = 0;
        for (const auto& sample : families_.at(name).samples) all += sample.value;
        return all;
    }

private:
    [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(what + ": " + line_); }

    static bool is_name(std::string_view text, bool colons) {
        if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
        for (const char c : text) {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && !(c >= '0' && c <= '9') && c != '_' && !(colons && c == ':')) return false;
        }
        return true;
    }

    void read_line() {
        if (line_.rfind("# HELP ", 0) == 0) return begin_family();
        if (line_.rfind("# TYPE ", 0) == 0) return type_family();
        if (line_.empty() || line_[0] == '#') fail("neither HELP, TYPE nor a sample");
        read_sample();
    }

    std::pair<std::string, std::string> name_and_rest() const {
        const std::string rest = line_.substr(7);
        const auto space = rest.find(' ');
        if (space == std::string::npos) fail("no text after the name");
        return {rest.substr(0, space), rest.substr(space + 1)};
    }

    void begin_family() {
        auto [name, help] = name_and_rest();
        if (!is_name(name, true)) fail("not a metric's name");
        if (families_.count(name)) fail("a family that was there before");
        if (help.empty()) fail("no help");
        for (std::size_t i = 0; i < help.size(); ++i) {
            if (help[i] != '\\') continue;
            if (++i == help.size() || (help[i] != '\\' && help[i] != 'n')) fail("a bad escape");
        }
        families_[name].help = help;
        current_ = name;
    }

    void type_family() {
        auto [name, type] = name_and_rest();
        if (name != current_ || !families_[name].type.empty()) fail("TYPE does not follow its HELP");
        static const std::set<std::string> kTypes = {"counter", "gauge", "histogram"};
        if (!kTypes.count(type)) fail("unknown type");
        const bool total = name.size() > 6 && name.compare(name.size() - 6, 6, "_total") == 0;
        if (total != (type == "counter")) fail("a counter, and no other, ends with _total");
        families_[name].type = type;
    }

    std::string quoted(std::size_t& at) const {
        std::string value;
        if (at == line_.size() || line_[at++] != '"') fail("a label's value is not quoted");
        while (at < line_.size() && line_[at] != '"') {
            char c = line_[at++];
            if (c == '\\') {
                if (at == line_.size()) fail("a bad escape");
                c = line_[at++];
                if (c != '\\' && c != '"' && c != 'n') fail("a bad escape");
                if (c == 'n') c = '\n';
            }
            value += c;
        }
        if (at++ >= line_.size()) fail("a label's value does not end");
        return value;
    }

    Labels read_labels(std::size_t& at) const {
        Labels labels;
        while (true) {
            const auto equals = line_.find('=', at);
            if (equals == std::string::npos) fail("a label without a value");
            const std::string name = line_.substr(at, equals - at);
            if (!is_name(name, false) || name.rfind("__", 0) == 0) fail("not a label's name");
            at = equals + 1;
            if (!labels.emplace(name, quoted(at)).second) fail("a label twice");
            if (at == line_.size()) fail("the labels do not end");
            const char c = line_[at++];
            if (c == '}') return labels;
            if (c != ',') fail("neither another label nor their end");
        }
    }

    void read_sample() {
        Sample sample;
        std::size_t at = line_.find_first_of("{ ");
        if (at == std::string::npos) fail("no value");
        sample.name = line_.substr(0, at);
        if (line_[at++] == '{') {
            sample.labels = read_labels(at);
            if (at == line_.size() || line_[at++] != ' ') fail("no value");
        }
        sample.value = number(line_.substr(at));
        auto& family = families_[current_];
        const std::string suffix =
            sample.name.rfind(current_, 0) == 0 ? sample.name.substr(current_.size()) : std::string("?");
        const bool fits = family.type == "histogram" ? suffix == "_bucket" || suffix == "_sum" || suffix == "_count"
                                                     : suffix.empty() && !family.type.empty();
        if (current_.empty() || !fits) fail("a sample of no declared family");
        if (family.type == "counter" && !(sample.value >= 0)) fail("a negative counter");
        for (const auto& other : family.samples) {
            if (other.name == sample.name && other.labels == sample.labels) fail("a sample twice");
        }
        family.samples.push_back(std::move(sample));
    }

    double number(const std::string& text) const {
        if (text == "+Inf") return std::numeric_limits<double>::infinity();
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) fail("not a number");
        return value;
    }

    void check_histogram(const std::string& name, const Family& family) {
        double bound = -std::numeric_limits<double>::infinity();
        double count = 0;
        std::optional<double> all;
        bool has_sum = false;
        for (const auto& sample : family.samples) {
            if (sample.name == name + "_bucket") {
                if (sample.labels.size() != 1 || !sample.labels.count("le")) fail("a bucket without le");
                const double le = number(sample.labels.at("le"));
                if (!(le > bound)) fail("bounds do not ascend");
                if (sample.value < count) fail("buckets are not cumulative");
                bound = le;
                count = sample.value;
            } else if (sample.name == name + "_count") {
                all = sample.value;
            } else {
                has_sum = true;
            }
        }
        if (!std::isinf(bound)) fail("no bucket +Inf");
        if (!has_sum || !all) fail("no sum or no count");
        if (*all != count) fail("+Inf is not the count");
    }

    std::string line_;
    std::string current_;
    std::map<std::string, Family> families_;
};

}  // namespace pulsekit::test
