#include "shard/queries.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "envelope/limits.h"
#include "shard/journal.h"
#include "tutor/error_code.h"

namespace lyceum::shard {
namespace {

using tutor::ErrorCode;

constexpr size_t kRecordsMax = 10'000;
// An answer must fit into one message.
constexpr size_t kHistoryBytesMax = 512 * 1024;
constexpr size_t kViewJournalBytesMax = 16 << 20;

}  // namespace

void Queries::Serve(const std::vector<store::PartitionId>& partitions) {
  served_.Become(*context_->wire, partitions, [this](store::PartitionId partition) {
    return context_->wire->Subscribe(
        context_->options.subjects.Queries(partition), "",
        [this, partition](const wire::Arrived& question) {
          if (question.reply.empty() || waiting_.size() >= kWaitingMax) return;
          waiting_.push_back({std::string(question.subject), std::string(question.reply),
                              std::string(question.data), std::string(question.content_type),
                              partition});
        });
  });
}

void Queries::Turn() {
  for (size_t count = 0; count < kAnswersMax && !waiting_.empty(); ++count) {
    const Question question = std::move(waiting_.front());
    waiting_.pop_front();
    const auto encoding = envelope::EncodingOf(question.content_type, question.data);
    const auto begun = Steady::now();
    const std::string answer = Answer(question, encoding);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begun);
    ++context_->counters->queries;
    context_->counters->query_us += static_cast<uint64_t>(took.count());
    const bool json = encoding == tutor::Encoding::kJson;
    const auto sent = context_->wire->Publish({.subject = question.reply,
                                               .data = answer,
                                               .content_type = json ? "application/json" : ""});
    if (!sent) LogWarn("query not answered", {{"text", sent.error().text}});
  }
}

std::string Queries::Answer(const Question& question, tutor::Encoding encoding) {
  const Result<UserId> user = context_->options.subjects.ParseQuery(question.subject);
  if (!user) return ErrorAnswer(ErrorCode::kBadSubject, user.error().text, encoding);
  const Result<envelope::Query> query = envelope::DecodeQuery(question.data, encoding);
  if (!query) return ErrorAnswer(ErrorCode::kBadQuery, query.error().text, encoding);
  const Result<std::string> view = View(question.partition, *user, *query, encoding);
  if (view) return *view;
  const bool damaged = view.error().fault == Fault::kFatal;
  return ErrorAnswer(damaged ? ErrorCode::kDamaged : ErrorCode::kUnreadable, view.error().text,
                     encoding);
}

std::string Queries::ErrorAnswer(ErrorCode code, const std::string& text,
                                 tutor::Encoding encoding) {
  ++context_->counters->query_errors;
  return envelope::EncodeQueryError(code, text, encoding);
}

Result<std::string> Queries::View(store::PartitionId partition, const UserId& user,
                                  const envelope::Query& query, tutor::Encoding encoding) {
  const Result<SessionEntry*> loaded = context_->sessions->Load(partition, user.value);
  if (!loaded) return loaded.error();
  envelope::ViewParts parts;
  parts.user = user;
  parts.partition = partition;
  parts.owner = context_->options.worker;
  const SessionEntry* entry = *loaded;
  if (entry == nullptr) return envelope::EncodeSessionView(parts, encoding);
  if (!entry->damaged.empty()) return Fatal(entry->damaged);
  const tutor::Session& session = *entry->session;
  parts.session = &session;
  const uint32_t wanted = query.history_max == 0 ? envelope::kHistoryDefault : query.history_max;
  const uint64_t count =
      std::min<uint64_t>(session.history_count, std::min(wanted, envelope::kHistoryMax));
  const uint64_t first = session.history_count - count + 1;
  const auto enough = [&](std::string_view chunk) {
    if (query.records) return false;  // From the first record on.
    envelope::JournalReader reader(chunk);
    for (auto next = reader.Next(); next && next->has_value(); next = reader.Next()) {
      const envelope::JournalEntry& found = **next;
      if (found.kind == envelope::JournalEntry::Kind::kHistory || found.history_index > 0) {
        return found.history_index <= first;
      }
    }
    return false;
  };
  const auto chunks = ReadJournal(*context_->store, *entry, kViewJournalBytesMax, enough);
  if (!chunks) return chunks.error();
  if (count > 0) {
    auto history =
        envelope::HistoryIn(chunks->views, first, session.history_count, kHistoryBytesMax);
    if (!history) return history.error();
    parts.history = std::move(*history);
    parts.cut = parts.history.size() < count;
  }
  if (query.records) {
    auto records =
        envelope::RecordsIn(chunks->views, query.records_from, kRecordsMax, query.records_skip);
    if (!records) return records.error();
    parts.cut = parts.cut || !chunks->whole || records->size() == kRecordsMax;
    parts.records = std::move(*records);
  }
  return envelope::EncodeSessionView(parts, encoding);
}

}  // namespace lyceum::shard
