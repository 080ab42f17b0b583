// The administration API as commands: the list.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace collector::cli {

/// What a command takes, and where the request has it.
struct Argument {
    enum class Place { path, query, body };
    enum class Type { text, integer, integer_or_forever, list };  ///< forever is null; lists are separated by commas

    std::string name;   ///< of the placeholder, the parameter or the member
    std::string flag;   ///< `--name`; empty: it is told by its place
    std::string value;  ///< what help calls it
    std::string help;   ///< one line
    Place place = Place::body;
    Type type = Type::text;
    bool required = false;
};

/// A request of the administration API, and what people see of its answer.
struct Command {
    std::string resource;
    std::string verb;  ///< empty: the resource is command enough
    std::string summary;
    std::string method;
    std::string path;
    std::vector<Argument> arguments;
    std::string rows;                  ///< the member that has the list; empty: the answer is one thing
    std::vector<std::string> columns;  ///< of a list; none: the members of its first row
    std::string question;              ///< asked first; empty: nothing is
    std::string done;                  ///< told in place of an answer without a body
    bool pages = false;                ///< the answer is lines, page by page, which go to standard output as they are
};

const std::vector<Command>& commands();

/// `keys create`.
std::string called(const Command& command);
/// Null when there is none.
const Command* find(std::string_view resource, std::string_view verb);
bool is_resource(std::string_view name);

}  // namespace collector::cli
