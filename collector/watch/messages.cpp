#include "watch/messages.hpp"

#include <utility>

#include "support/time_text.hpp"

namespace collector::watch {

std::string envelope(std::string_view event, std::string_view project_id, std::int64_t now_ms, http::Json data) {
    return http::to_text({{"event", event},
                          {"project_id", project_id},
                          {"timestamp", pulsekit::date_time_text(now_ms)},
                          {"data", std::move(data)}});
}

}  // namespace collector::watch
