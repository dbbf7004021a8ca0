#include "session/query_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "envelope/rows.h"
#include "session/session_cache.h"

namespace lyceum::session {
namespace {

constexpr size_t kQuestionsMax = 4096;
constexpr uint32_t kHistoryDefault = 100;
constexpr uint32_t kHistoryMax = 10'000;
constexpr size_t kRecordsMax = 10'000;
// An answer must fit into one message.
constexpr size_t kHistoryBytesMax = 512 * 1024;

// The newest entries that fit, oldest first.
Result<std::vector<tutor::HistoryEntry>> ReadHistory(store::Store& store,
                                                     store::PartitionId partition,
                                                     const tutor::Session& session,
                                                     uint32_t wanted) {
  const uint64_t count = std::min<uint64_t>(session.history_count, wanted);
  const uint64_t first = session.history_count - count + 1;
  std::vector<tutor::HistoryEntry> entries;
  if (count == 0) return entries;
  auto rows = store.GetHistory(partition, session.user, first, session.history_count);
  if (!rows) return rows.error();
  size_t bytes = 0;
  for (auto row = rows->rbegin(); row != rows->rend(); ++row) {
    bytes += row->size();
    if (bytes > kHistoryBytesMax) break;
    auto entry = envelope::DecodeHistoryEntry(*row);
    if (!entry) return entry.error();
    entries.push_back(std::move(*entry));
  }
  std::reverse(entries.begin(), entries.end());
  return entries;
}

}  // namespace

Result<std::unique_ptr<QueryService>> QueryService::Start(
    std::shared_ptr<wire::Connection> connection, store::Store* store, Options options) {
  std::unique_ptr<QueryService> service(
      new QueryService(std::move(connection), store, std::move(options)));
  for (store::PartitionId partition : service->options_.partitions) {
    auto subscription = service->connection_->Subscribe(
        service->options_.subjects.Queries(partition), "", service->box_, partition);
    if (!subscription) return subscription.error();
    service->subscriptions_.push_back(std::move(*subscription));
  }
  service->thread_ = std::thread([raw = service.get()] { raw->Run(); });
  return service;
}

QueryService::QueryService(std::shared_ptr<wire::Connection> connection, store::Store* store,
                           Options options)
    : connection_(std::move(connection)),
      store_(store),
      options_(std::move(options)),
      box_(std::make_shared<wire::MessageBox>(kQuestionsMax)) {}

QueryService::~QueryService() {
  subscriptions_.clear();
  box_->Close();
  if (thread_.joinable()) thread_.join();
}

void QueryService::Run() {
  while (true) {
    std::optional<wire::Message> question = box_->Pop(In(std::chrono::seconds(60)));
    if (!question) {
      if (box_->closed()) return;
      continue;
    }
    if (question->reply.empty()) continue;
    const auto encoding = envelope::EncodingOf(question->header("Content-Type"), question->data);
    wire::Message answer{.subject = question->reply, .data = Answer(*question)};
    if (encoding == tutor::Encoding::kJson) {
      answer.headers.push_back({"Content-Type", "application/json"});
    }
    if (Result<void> sent = connection_->Publish(answer); !sent) {
      LogWarn("query not answered", {{"text", sent.error().text}});
    }
  }
}

std::string QueryService::Answer(const wire::Message& question) {
  const auto encoding = envelope::EncodingOf(question.header("Content-Type"), question.data);
  Result<UserId> user = options_.subjects.ParseQuery(question.subject);
  if (!user) return envelope::EncodeQueryError("bad_subject", user.error().text, encoding);
  if (options_.subjects.PartitionOf(*user) != static_cast<uint32_t>(question.tag)) {
    return envelope::EncodeQueryError(
        "wrong_partition", "the user does not belong to this partition: ask lyceum.query.<user>",
        encoding);
  }
  Result<envelope::Query> query = envelope::DecodeQuery(question.data, encoding);
  if (!query) return envelope::EncodeQueryError("bad_query", query.error().text, encoding);
  Result<std::string> view = View(*user, *query, encoding);
  if (!view) return envelope::EncodeQueryError("unreadable", view.error().text, encoding);
  return *view;
}

Result<std::string> QueryService::View(const UserId& user, const envelope::Query& query,
                                       tutor::Encoding encoding) {
  const auto partition = static_cast<store::PartitionId>(options_.subjects.PartitionOf(user));
  Result<std::optional<tutor::Session>> session = LoadSession(*store_, partition, user);
  if (!session) return session.error();
  envelope::ViewParts parts{.user = user, .partition = partition, .owner = options_.worker};
  if (session->has_value()) {
    parts.session = &**session;
    const uint32_t wanted = query.history_max == 0 ? kHistoryDefault : query.history_max;
    auto history = ReadHistory(*store_, partition, **session, std::min(wanted, kHistoryMax));
    if (!history) return history.error();
    parts.history = std::move(*history);
    if (query.records) {
      auto records = store_->GetRecords(partition, user, query.records_from, kRecordsMax);
      if (!records) return records.error();
      parts.records = std::move(*records);
    }
  }
  return envelope::EncodeSessionView(parts, encoding);
}

}  // namespace lyceum::session
