// Queries and their answer, the view of a session.
#include "base/digest.h"
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "envelope/views.h"
#include "tutor/dump.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

// A view has to fit into one NATS message with its headers.
constexpr size_t kViewBytesMax = 1000 * 1024;

struct NameOfOrigin {
  tutor::State operator()(const auto& origin) const { return origin; }
};

void WriteCall(const tutor::Call& call, v1::SessionView::CallView* out) {
  out->set_id(call.id.value);
  out->set_tool(std::string(tutor::Name(call.tool)));
  out->set_origin(std::string(tutor::Name(tutor::NameOf(std::visit(NameOfOrigin{}, call.origin)))));
  out->set_question_id(call.question.value);
  out->set_attempt(call.attempt);
}

void WriteCalls(const tutor::Session& session, v1::SessionView* out) {
  if (const auto* locked = std::get_if<tutor::AwaitingToolResult>(&session.state)) {
    auto* call = out->add_pending_calls();
    WriteCall(locked->call, call);
    for (const tutor::Timer& timer : session.timers) {
      if (timer.kind != tutor::TimerKind::kToolDeadline) continue;
      WriteTime(timer.due_ms, call->mutable_deadline());
    }
  }
  if (const auto* wait = std::get_if<tutor::AwaitingApproval>(&session.state)) {
    const tutor::ShowDraft draft{.draft = wait->draft,
                                 .course = session.syllabus.course,
                                 .topic = session.syllabus.topic,
                                 .undecided = session.context.undecided,
                                 .at_ms = session.time_ms};
    Write(session.user, draft, out->mutable_draft());
  }
  if (const auto* failed = std::get_if<tutor::ErrorState>(&session.state)) {
    WriteCall(failed->failed, out->mutable_failed_call());
    out->mutable_failed_call()->set_code(failed->code);
  }
}

void WriteSyllabus(const tutor::Session& session, v1::SessionView::SyllabusView* out) {
  const tutor::Syllabus& syllabus = session.syllabus;
  out->set_course(syllabus.course.value);
  out->set_version(syllabus.version);
  out->set_topic(syllabus.topic.value);
  for (const auto& topic : syllabus.done) out->add_done(topic.value);
  if (session.topic != nullptr) {
    for (size_t i = syllabus.next_question; i < session.topic->questions.size(); ++i) {
      out->add_queue(session.topic->questions[i].id.value);
    }
  }
  out->set_segment(syllabus.segment);
}

void WriteQuestion(const tutor::Session& session, v1::SessionView::OpenQuestionView* out) {
  if (const tutor::Question* question = tutor::CurrentQuestion(session)) {
    Write(tutor::QuestionView{question->id, question->text, question->format, question->choices},
          out->mutable_question());
  }
  for (const auto& attempt : session.question->attempts) Write(attempt, out->add_attempts());
  out->set_hints_shown(session.question->hints_shown);
}

void WriteCounters(const tutor::Counters& counters, v1::SessionView* out) {
  const auto& [records, correct, incorrect, hints, skips, duplicates, dropped, degraded,
               tool_errors, for_review, violations] = counters;
  const std::pair<const char*, uint64_t> named[] = {
      {"records", records},       {"correct", correct},       {"incorrect", incorrect},
      {"hints", hints},           {"skips", skips},           {"duplicates", duplicates},
      {"dropped", dropped},       {"degraded", degraded},     {"tool_errors", tool_errors},
      {"for_review", for_review}, {"violations", violations},
  };
  for (const auto& [name, value] : named) {
    auto* counter = out->add_counters();
    counter->set_name(name);
    counter->set_value(value);
  }
}

void WriteSession(const tutor::Session& session, v1::SessionView* out) {
  out->set_found(true);
  out->set_state(std::string(tutor::Name(tutor::NameOf(session.state))));
  out->set_lifecycle(std::string(tutor::Name(session.lifecycle)));
  out->set_applied_seq(session.last_sequence);
  out->set_history_count(session.history_count);
  Write(session.context, out->mutable_context());
  out->set_busy_policy(std::string(tutor::Name(session.busy_policy)));
  WriteSyllabus(session, out->mutable_syllabus());
  if (session.question) WriteQuestion(session, out->mutable_current_question());
  WriteCalls(session, out);
  for (const auto& timer : session.timers) {
    auto* view = out->add_timers();
    view->set_kind(std::string(tutor::Name(timer.kind)));
    view->set_token(timer.token);
    WriteTime(timer.due_ms, view->mutable_due());
  }
  WriteCounters(session.counters, out);
  for (const auto& client : session.clients) out->add_clients(client.id.value);
  out->set_inbox(static_cast<uint32_t>(session.inbox.size()));
  out->set_n(session.n);
  out->set_nudges(session.nudges);
  out->set_first_seq(session.first_sequence);
  WriteTime(session.time_ms, out->mutable_at());
  out->set_state_digest(Sha256Hex(tutor::Dump(session)));
}

}  // namespace

std::string EncodeQuery(const Query& query) {
  v1::Query out;
  out.set_history_max(query.history_max);
  out.set_records(query.records);
  out.set_records_from(query.records_from);
  out.set_records_skip(query.records_skip);
  return WriteMessage(out, Encoding::kJson);
}

Result<Query> DecodeQuery(std::string_view data, Encoding encoding) {
  v1::Query in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  if (in.history_max() > kHistoryMax) return Reject("history_max: must be at most 10000");
  return Query{in.history_max() == 0 ? kHistoryDefault : in.history_max(), in.records(),
               in.records_from(), in.records_skip()};
}

std::string EncodeSessionView(const ViewParts& parts, Encoding encoding) {
  v1::SessionView out;
  out.set_user(parts.user.value);
  out.set_partition(parts.partition);
  out.set_owner(parts.owner);
  out.set_epoch(parts.epoch);
  if (parts.session != nullptr) WriteSession(*parts.session, &out);
  for (const auto& entry : parts.history) Write(entry, out.add_history());
  for (const uint64_t sequence : parts.records) out.add_records(sequence);
  out.set_cut(parts.cut);
  std::string bytes = WriteMessage(out, encoding);
  // Of the history the newest stay, of the records the first: both can be asked for further on.
  while (bytes.size() > kViewBytesMax && out.history_size() + out.records_size() > 0) {
    out.set_cut(true);
    if (out.history_size() > 0) {
      out.mutable_history()->DeleteSubrange(0, (out.history_size() + 1) / 2);
    } else {
      out.mutable_records()->Truncate(out.records_size() / 2);
    }
    bytes = WriteMessage(out, encoding);
  }
  return bytes;
}

std::string EncodeQueryError(tutor::ErrorCode code, const std::string& text, Encoding encoding) {
  v1::SessionView out;
  out.mutable_error()->set_code(std::string(tutor::Name(code)));
  out.mutable_error()->set_text(text);
  return WriteMessage(out, encoding);
}

bool IsBusy(const SessionView& view) {
  const auto state = tutor::Parse<tutor::StateName>(view.state);
  return state && tutor::IsBusy(*state);
}

Result<SessionView> DecodeSessionView(std::string_view data, Encoding encoding) {
  v1::SessionView in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  SessionView view;
  view.found = in.found();
  view.state = in.state();
  view.applied_seq = in.applied_seq();
  view.first_seq = in.first_seq();
  view.history_count = in.history_count();
  view.n = in.n();
  view.records.assign(in.records().begin(), in.records().end());
  view.cut = in.cut();
  view.state_digest = in.state_digest();
  if (in.has_error()) view.error = in.error().code() + ": " + in.error().text();
  view.json = WritePretty(in);
  return view;
}

}  // namespace lyceum::envelope
