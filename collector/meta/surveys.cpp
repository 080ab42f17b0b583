#include "meta/surveys.hpp"

#include <utility>

#include "meta/database.hpp"
#include "meta/definition_rows.hpp"
#include "meta/survey_rows.hpp"
#include "model/names.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;

constexpr std::string_view kStatuses[] = {"draft", "active", "paused", "archived"};
constexpr int kTriesToEmptyTheLog = 5;  // each waits for readers as long as the connection does

Error unknown(std::string_view id) { return {ErrorCode::not_found, "no survey " + std::string(id)}; }

Result<Survey> find_survey(Database& database, std::string_view project_id, std::string_view id) {
    auto found = find_surveys(database, project_id, id);
    if (!found) return std::move(found).error();
    if (found->empty()) return unknown(id);
    return std::move(found->front());
}

Result<Survey> committed(Database& database, Transaction& transaction, Survey survey) {
    if (auto done = write(database, survey); !done) return std::move(done).error();
    if (auto done = transaction.commit(); !done) return std::move(done).error();
    return survey;
}

void apply(const SurveyChange& change, SurveyContent& content) {
    if (change.name) content.name = *change.name;
    if (change.questions) content.questions = *change.questions;
    if (change.trigger_config) content.trigger_config = *change.trigger_config;
    if (change.appearance) content.appearance = *change.appearance;
    if (change.response_limit) content.response_limit = *change.response_limit;
}

/// Why the survey takes no response, or nothing.
Result<void> takes_responses(const Survey& survey) {
    const auto refused = [&](const std::string& why) {
        return Error{ErrorCode::invalid, "Survey '" + survey.id + "' " + why};
    };
    if (survey.status != Survey::Status::active) return refused("is not active.");
    const auto& limit = survey.content.response_limit;
    if (limit && survey.responses >= *limit) return refused("has reached its response limit.");
    return {};
}

/// What was erased is in SQLite's log until that is copied and cut.
Result<void> empty_log(const std::string& path) {
    auto database = open_database(path);
    if (!database) return std::move(database).error();
    for (int tries = 0; tries < kTriesToEmptyTheLog; ++tries) {
        const auto busy = database->query_integer("PRAGMA wal_checkpoint(TRUNCATE)");
        if (busy && *busy == 0) return {};
        if (!busy && busy.error().code != ErrorCode::conflict) return busy.error();
    }
    return Error{ErrorCode::unavailable, "the log is being read"};
}

}  // namespace

std::string_view name_of(Survey::Status status) { return kStatuses[static_cast<std::size_t>(status)]; }

std::optional<Survey::Status> survey_status_named(std::string_view name) {
    return model::named<Survey::Status>(kStatuses, name);
}

// Two connections: who asks which surveys are active waits for no commit. Those who read many responses open their own.
struct Surveys::Impl {
    Impl(std::string file, Database writer, Database reader, pulsekit::Clock& time, pulsekit::Random& chance)
        : path(std::move(file)), clock(time), ids(chance), changes(std::move(writer)), reads(std::move(reader)) {}

    const std::string path;
    pulsekit::Clock& clock;
    pulsekit::Mutex changing;
    pulsekit::UuidGenerator ids PULSEKIT_GUARDED_BY(changing);
    Database changes PULSEKIT_GUARDED_BY(changing);
    pulsekit::Mutex reading;
    Database reads PULSEKIT_GUARDED_BY(reading);
};

Surveys::Surveys(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Surveys::~Surveys() = default;

Result<std::unique_ptr<Surveys>> Surveys::open(const std::string& database_path, pulsekit::Clock& clock,
                                               pulsekit::Random& random) {
    auto writer = open_database(database_path);
    if (!writer) return std::move(writer).error();
    auto reader = open_database(database_path);
    if (!reader) return std::move(reader).error();
    auto impl = std::make_unique<Impl>(database_path, *std::move(writer), *std::move(reader), clock, random);
    return std::unique_ptr<Surveys>(new Surveys(std::move(impl)));
}

Result<Survey> Surveys::create(std::string_view project_id, SurveyContent content) {
    const pulsekit::MutexLock lock(impl_->changing);
    auto transaction = Transaction::begin(impl_->changes);
    if (!transaction) return std::move(transaction).error();
    const auto now = impl_->clock.unix_ms();
    return committed(impl_->changes, *transaction,
                     Survey{.id = impl_->ids.next(now).text(),
                            .project_id = std::string(project_id),
                            .content = std::move(content),
                            .created_ms = now});
}

Result<std::vector<Survey>> Surveys::surveys(std::string_view project_id) const {
    const pulsekit::MutexLock lock(impl_->reading);
    return find_surveys(impl_->reads, project_id, std::nullopt);
}

Result<std::vector<Survey>> Surveys::active(std::string_view project_id) const {
    const pulsekit::MutexLock lock(impl_->reading);
    return find_active_surveys(impl_->reads, project_id);
}

Result<Survey> Surveys::survey(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(impl_->reading);
    return find_survey(impl_->reads, project_id, id);
}

Result<Survey> Surveys::change(std::string_view project_id, std::string_view id, const SurveyChange& change) {
    const pulsekit::MutexLock lock(impl_->changing);
    auto transaction = Transaction::begin(impl_->changes);
    if (!transaction) return std::move(transaction).error();
    auto survey = find_survey(impl_->changes, project_id, id);
    if (!survey) return survey;
    if (survey->status != Survey::Status::draft && survey->status != Survey::Status::paused) {
        return Error{ErrorCode::invalid, "Survey can only be updated while draft or paused."};
    }
    apply(change, survey->content);
    return committed(impl_->changes, *transaction, *std::move(survey));
}

Result<Survey> Surveys::set_status(std::string_view project_id, std::string_view id, Survey::Status status) {
    const pulsekit::MutexLock lock(impl_->changing);
    auto transaction = Transaction::begin(impl_->changes);
    if (!transaction) return std::move(transaction).error();
    auto survey = find_survey(impl_->changes, project_id, id);
    if (!survey) return survey;
    survey->status = status;
    return committed(impl_->changes, *transaction, *std::move(survey));
}

Result<void> Surveys::erase(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(impl_->changing);
    const auto erased = erase_row(impl_->changes, "surveys", project_id, id);
    if (!erased) return erased.error();
    return *erased ? Result<void>() : unknown(id);
}

Result<Recorded> Surveys::record(const SurveyResponse& response) {
    const pulsekit::MutexLock lock(impl_->changing);
    auto transaction = Transaction::begin(impl_->changes);
    if (!transaction) return std::move(transaction).error();
    const auto survey = find_survey(impl_->changes, response.project_id, response.survey_id);
    if (!survey) return survey.error();
    const auto known = is_recorded(impl_->changes, response);
    if (!known) return known.error();
    if (*known) return Recorded::known;  // whatever has become of the survey
    if (auto refused = takes_responses(*survey); !refused) return refused.error();
    if (auto done = insert(impl_->changes, response); !done) return done.error();
    if (auto done = transaction->commit(); !done) return done.error();
    return Recorded::fresh;
}

Result<void> Surveys::withdraw(std::string_view project_id, std::string_view event_id) {
    const pulsekit::MutexLock lock(impl_->changing);
    auto transaction = Transaction::begin(impl_->changes);
    if (!transaction) return std::move(transaction).error();
    if (auto done = erase_response(impl_->changes, project_id, event_id); !done) return done;
    return transaction->commit();
}

Result<ResponsePage> Surveys::responses(const ResponseRange& range, std::int64_t limit, std::int64_t offset) const {
    auto database = Database::open(impl_->path, pulsekit::sqlite::Access::read_only);
    if (!database) return std::move(database).error();
    if (auto begun = database->execute("BEGIN"); !begun) return std::move(begun).error();  // both of one state
    const auto total = count_responses(*database, range);
    if (!total) return total.error();
    auto found = find_responses(*database, range, limit, offset);
    if (!found) return std::move(found).error();
    return ResponsePage{.responses = *std::move(found), .total = *total};
}

Result<void> Surveys::for_each_response(
    const ResponseRange& range,
    const std::function<Result<void>(std::string_view answers, bool completed)>& each) const {
    auto database = Database::open(impl_->path, pulsekit::sqlite::Access::read_only);
    if (!database) return std::move(database).error();
    return visit_responses(*database, range, each);
}

Result<std::int64_t> Surveys::erase_responses(std::string_view project_id, Respondent of, std::string_view id) {
    std::int64_t count = 0;
    {
        const pulsekit::MutexLock lock(impl_->changing);
        auto transaction = Transaction::begin(impl_->changes);
        if (!transaction) return std::move(transaction).error();
        const auto emptied = empty_responses(impl_->changes, project_id, of, id);
        if (!emptied) return emptied;
        if (auto done = transaction->commit(); !done) return std::move(done).error();
        count = *emptied;
    }
    if (auto done = empty_log(impl_->path); !done) return std::move(done).error();
    return count;
}

}  // namespace collector::meta
