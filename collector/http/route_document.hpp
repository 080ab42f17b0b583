// What the API document says of a route beyond what the route itself does.
#pragma once

#include <string>
#include <vector>

namespace collector::http {

/// A parameter of the query, or, when the pattern has a placeholder of its name, of the path.
struct DocumentedParameter {
    std::string name;
    std::string summary;
    enum class Type { text, integer, instant } type = Type::text;  ///< instant: an ISO 8601 date or date-time
    bool required = false;
    bool repeated = false;            ///< may be given more than once
    std::vector<std::string> one_of;  ///< empty: anything
    std::string otherwise;            ///< what it is when it is absent; empty: nothing, or told by the summary
    std::string example;
};

struct RouteDocument {
    std::string key_header;  ///< where the credential is documented to be; empty: any header that a key may be in
    bool key_optional = false;
    std::vector<DocumentedParameter> parameters;
    std::string request;  ///< an example of the body, as JSON; empty: there is none
    std::string answer;   ///< an example of the body; empty: there is none
    int status = 200;     ///< of that answer
    std::string answer_type = "application/json";
};

}  // namespace collector::http
