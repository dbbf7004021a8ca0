// The session as a row: every field of tutor::Session but the topic's content.
//
// Each struct is taken apart with a structured binding, so that a field which is added to it and
// forgotten here does not compile.
#include <google/protobuf/arena.h>

#include "envelope/convert.h"
#include "envelope/convert_row.h"
#include "envelope/proto_io.h"
#include "envelope/rows.h"

namespace lyceum::envelope {
namespace {

using tutor::BusyPolicy;
using tutor::Lifecycle;
using tutor::Role;
using tutor::Strategy;
using tutor::TimerKind;
using tutor::Tool;

// Memory for one message and all inside it: a session row is some forty of them, on every turn.
class Scratch {
 public:
  Scratch() : arena_(block_, sizeof block_) {}
  template <class Message>
  Message& Make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  alignas(8) char block_[8 * 1024];
  google::protobuf::Arena arena_;
};

// The numbers of these enums are on disk, as those of the rows.
template <class Enum>
constexpr bool AreNumbered(std::initializer_list<Enum> values) {
  int next = 0;
  for (const Enum value : values) {
    if (static_cast<int>(value) != next++) return false;
  }
  return true;
}
static_assert(AreNumbered({Lifecycle::kActive, Lifecycle::kSuspended, Lifecycle::kArchived}));
static_assert(AreNumbered({BusyPolicy::kReplyWait, BusyPolicy::kDefer, BusyPolicy::kInterrupt}));
static_assert(AreNumbered({Role::kLearner, Role::kTutor, Role::kOperator, Role::kSystem,
                           Role::kTeacher}));
static_assert(AreNumbered({TimerKind::kToolDeadline, TimerKind::kIdle, TimerKind::kTtl,
                           TimerKind::kApproval}));
static_assert(AreNumbered({Strategy::kHint, Strategy::kExplanation, Strategy::kWorkedExample}));
static_assert(AreNumbered({Tool::kLoadTopic, Tool::kPresentMaterial, Tool::kClarifyConcept,
                           Tool::kGenerateQuestion, Tool::kCheckAnswer, Tool::kGiveHint,
                           Tool::kRemediateKnownError, Tool::kDiagnoseError,
                           Tool::kClassifyIntent}));

// `last`: the enum's largest number.
template <class Enum>
Enum ReadEnum(std::string_view field, int number, Enum last, Reader& reader) {
  if (number < 0 || number > static_cast<int>(last)) {
    reader.Refuse(field, "a number that this program does not know");
    return Enum{};
  }
  return static_cast<Enum>(number);
}

void WriteRow(const tutor::Call& call, v1::CallRow* out);
tutor::Call ReadRow(const v1::CallRow& in, Reader& reader);
void WriteRow(const tutor::Draft& draft, v1::DraftRow* out);
tutor::Draft ReadRow(const v1::DraftRow& in, Reader& reader);

struct StateWriter {
  v1::StateRow* out;

  void operator()(const tutor::Exposition&) const { out->mutable_exposition(); }
  void operator()(const tutor::SettingQuestion&) const { out->mutable_setting_question(); }
  void operator()(const tutor::AwaitingAnswer&) const { out->mutable_awaiting_answer(); }
  void operator()(const tutor::AwaitingToolResult& state) const {
    const auto& [call] = state;
    WriteRow(call, out->mutable_awaiting_tool_result());
  }
  void operator()(const tutor::RemediatingKnownError& state) const {
    const auto& [error] = state;
    out->set_remediating_known_error(error.value);
  }
  void operator()(const tutor::RemediatingUnknownError&) const {
    out->mutable_remediating_unknown_error();
  }
  void operator()(const tutor::ErrorState& state) const {
    const auto& [failed, code, retried_when_idle] = state;
    auto* to = out->mutable_error_state();
    WriteRow(failed, to->mutable_call());
    to->set_code(code);
    to->set_retried_when_idle(retried_when_idle);
  }
  void operator()(const tutor::Completed&) const { out->mutable_completed(); }
  void operator()(const tutor::AwaitingApproval& state) const {
    const auto& [draft, left_ms] = state;
    WriteRow(*draft, out->mutable_awaiting_approval());
    out->mutable_awaiting_approval()->set_left_ms(left_ms);
  }
};

// The states that both State and Origin have. False: it is another one, or none.
template <class Variant>
bool ReadPlainState(const v1::StateRow& in, Variant* state) {
  switch (in.state_case()) {
    case v1::StateRow::kExposition:
      *state = tutor::Exposition{};
      return true;
    case v1::StateRow::kSettingQuestion:
      *state = tutor::SettingQuestion{};
      return true;
    case v1::StateRow::kAwaitingAnswer:
      *state = tutor::AwaitingAnswer{};
      return true;
    case v1::StateRow::kRemediatingKnownError:
      *state = tutor::RemediatingKnownError{ErrorId(in.remediating_known_error())};
      return true;
    case v1::StateRow::kRemediatingUnknownError:
      *state = tutor::RemediatingUnknownError{};
      return true;
    case v1::StateRow::kCompleted:
      *state = tutor::Completed{};
      return true;
    case v1::StateRow::kAwaitingToolResult:
    case v1::StateRow::kErrorState:
    case v1::StateRow::kAwaitingApproval:
    case v1::StateRow::STATE_NOT_SET:
      break;
  }
  return false;
}

tutor::State ReadState(const v1::StateRow& in, Reader& reader) {
  tutor::State state;
  if (ReadPlainState(in, &state)) return state;
  if (in.has_awaiting_tool_result()) {
    return tutor::AwaitingToolResult{ReadRow(in.awaiting_tool_result(), reader)};
  }
  if (in.has_error_state()) {
    return tutor::ErrorState{ReadRow(in.error_state().call(), reader), in.error_state().code(),
                             in.error_state().retried_when_idle()};
  }
  if (in.has_awaiting_approval()) {
    return tutor::AwaitingApproval{
        std::make_shared<const tutor::Draft>(ReadRow(in.awaiting_approval(), reader)),
        in.awaiting_approval().left_ms()};
  }
  reader.Refuse("state", "is not set");
  return state;
}

void WriteRow(const tutor::Call& call, v1::CallRow* out) {
  const auto& [id, tool, origin, duration_ms, cause, question, text, error, strategy, level,
               attempt, topic, locked_ms] = call;
  out->set_id(id.value);
  out->set_tool(static_cast<v1::CallRow::Tool>(tool));
  std::visit(StateWriter{out->mutable_origin()}, origin);
  out->set_duration_ms(duration_ms);
  out->set_cause(cause.value);
  out->set_question(question.value);
  out->set_text(text);
  out->set_error(error.value);
  out->set_strategy(static_cast<v1::CallRow::Strategy>(strategy));
  out->set_level(level);
  out->set_attempt(attempt);
  out->set_topic(topic.value);
  out->set_locked_ms(locked_ms);
}

tutor::Call ReadRow(const v1::CallRow& in, Reader& reader) {
  tutor::Call call;
  call.id = CallId(in.id());
  call.tool = ReadEnum("call.tool", in.tool(), Tool::kClassifyIntent, reader);
  if (!ReadPlainState(in.origin(), &call.origin)) {
    reader.Refuse("call.origin", "is not a state that a call returns to");
  }
  call.duration_ms = in.duration_ms();
  call.cause = EventId(in.cause());
  call.question = QuestionId(in.question());
  call.text = in.text();
  call.error = ErrorId(in.error());
  call.strategy = ReadEnum("call.strategy", in.strategy(), Strategy::kWorkedExample, reader);
  call.level = in.level();
  call.attempt = in.attempt();
  call.topic = TopicId(in.topic());
  call.locked_ms = in.locked_ms();
  return call;
}

void WriteRow(const tutor::Draft& draft, v1::DraftRow* out) {
  const auto& [call, text, authored, question, error, due_ms, provider, model] = draft;
  WriteRow(call, out->mutable_call());
  out->set_text(text);
  out->set_authored(authored);
  if (question) Write(*question, out->mutable_question());
  out->set_error(error.value);
  out->set_due_ms(due_ms);
  out->set_provider(provider);
  out->set_model(model);
}

tutor::Draft ReadRow(const v1::DraftRow& in, Reader& reader) {
  tutor::Draft draft;
  draft.call = ReadRow(in.call(), reader);
  draft.text = in.text();
  draft.authored = in.authored();
  if (in.has_question()) draft.question = Read(in.question(), reader);
  draft.error = ErrorId(in.error());
  draft.due_ms = in.due_ms();
  draft.provider = in.provider();
  draft.model = in.model();
  return draft;
}

void WriteRow(const tutor::Syllabus& syllabus, v1::SyllabusRow* out) {
  const auto& [course, version, topic, done, segment, next_question, closed, errors, generated] =
      syllabus;
  out->set_course(course.value);
  out->set_version(version);
  out->set_topic(topic.value);
  for (const auto& id : done) out->add_done(id.value);
  out->set_segment(segment);
  out->set_next_question(next_question);
  for (const bool correct : closed) out->add_closed(correct);
  for (const auto& [error, count] : errors) {
    auto* row = out->add_errors();
    row->set_error(error.value);
    row->set_count(count);
  }
  out->set_generated(generated);
}

tutor::Syllabus ReadRow(const v1::SyllabusRow& in) {
  tutor::Syllabus syllabus;
  syllabus.course = CourseId(in.course());
  syllabus.version = in.version();
  syllabus.topic = TopicId(in.topic());
  for (const auto& id : in.done()) syllabus.done.emplace_back(id);
  syllabus.segment = in.segment();
  syllabus.next_question = in.next_question();
  syllabus.closed.assign(in.closed().begin(), in.closed().end());
  for (const auto& row : in.errors()) {
    syllabus.errors.push_back({ErrorId(row.error()), row.count()});
  }
  syllabus.generated = in.generated();
  return syllabus;
}

void WriteRow(const tutor::OpenQuestion& question, v1::OpenQuestionRow* out) {
  const auto& [index, generated, attempts, hints_shown] = question;
  if (index) out->set_index(*index);
  if (generated) Write(*generated, out->mutable_generated());
  for (const auto& attempt : attempts) Write(attempt, out->add_attempts());
  out->set_hints_shown(hints_shown);
}

tutor::OpenQuestion ReadRow(const v1::OpenQuestionRow& in, Reader& reader) {
  tutor::OpenQuestion question;
  if (in.has_index()) question.index = in.index();
  if (in.has_generated()) question.generated = Read(in.generated(), reader);
  for (const auto& attempt : in.attempts()) question.attempts.push_back(Read(attempt, reader));
  question.hints_shown = in.hints_shown();
  return question;
}

void WriteRow(const tutor::Counters& counters, v1::CountersRow* out) {
  const auto& [records, correct, incorrect, hints, skips, duplicates, dropped, degraded,
               tool_errors, for_review, violations] = counters;
  out->set_records(records);
  out->set_correct(correct);
  out->set_incorrect(incorrect);
  out->set_hints(hints);
  out->set_skips(skips);
  out->set_duplicates(duplicates);
  out->set_dropped(dropped);
  out->set_degraded(degraded);
  out->set_tool_errors(tool_errors);
  out->set_for_review(for_review);
  out->set_violations(violations);
}

tutor::Counters ReadRow(const v1::CountersRow& in) {
  return {in.records(),     in.correct(),    in.incorrect(), in.hints(),
          in.skips(),       in.duplicates(), in.dropped(),   in.degraded(),
          in.tool_errors(), in.for_review(), in.violations()};
}

void WriteInbox(const std::vector<tutor::Deferred>& inbox, v1::Session* out) {
  for (const auto& [event, question] : inbox) {
    auto* row = out->add_inbox();
    Write(event, row->mutable_event());
    row->set_json(event.encoding == Encoding::kJson);
    row->set_question(question.value);
  }
}

std::vector<tutor::Deferred> ReadInbox(const v1::Session& in, Reader& reader) {
  std::vector<tutor::Deferred> inbox;
  for (const auto& row : in.inbox()) {
    const Encoding encoding = row.json() ? Encoding::kJson : Encoding::kProtobuf;
    inbox.push_back({Read(row.event(), encoding, reader).event, QuestionId(row.question())});
  }
  return inbox;
}

// Clients, timers, recent history, seen ids.
void WriteLists(const std::vector<tutor::AttachedClient>& clients,
                const std::vector<tutor::Timer>& timers,
                const decltype(tutor::Session::recent)& recent, const tutor::SeenIds& seen,
                v1::Session* out) {
  for (const auto& [id, encoding] : clients) {
    auto* row = out->add_clients();
    row->set_id(id.value);
    row->set_json(encoding == Encoding::kJson);
  }
  for (const auto& [kind, token, due_ms] : timers) {
    auto* row = out->add_timers();
    row->set_kind(static_cast<v1::TimerRow::Kind>(kind));
    row->set_token(token);
    row->set_due_ms(due_ms);
  }
  for (const auto& entry : recent) envelope::WriteRow(entry, out->add_recent());
  for (const uint64_t entry : seen) out->add_seen(entry);
}

void ReadLists(const v1::Session& in, tutor::Session* session, Reader& reader) {
  for (const auto& row : in.clients()) {
    session->clients.push_back(
        {ClientId(row.id()), row.json() ? Encoding::kJson : Encoding::kProtobuf});
  }
  for (const auto& row : in.timers()) {
    session->timers.push_back({ReadEnum("timer.kind", row.kind(), TimerKind::kApproval, reader),
                               row.token(), row.due_ms()});
  }
  for (const auto& row : in.recent()) session->recent.Add() = envelope::ReadRow(row);
  for (const uint64_t entry : in.seen()) session->seen.Add() = entry;
}

}  // namespace

void WriteRow(const tutor::HistoryEntry& entry, v1::HistoryRow* out) {
  const auto& [index, at_ms, role, kind, text] = entry;
  out->set_index(index);
  out->set_at_ms(at_ms);
  out->set_role(static_cast<v1::HistoryRow::Role>(role));
  out->set_kind(kind);
  out->set_text(text);
}

tutor::HistoryEntry ReadRow(const v1::HistoryRow& in) {
  // Only text for people hangs on the role, so an unknown one is no reason to refuse the session.
  const Role role =
      v1::HistoryRow::Role_IsValid(in.role()) ? static_cast<Role>(in.role()) : Role::kSystem;
  return {in.index(), in.at_ms(), role, in.kind(), in.text()};
}

std::string EncodeSession(const tutor::Session& session) {
  const auto& [user, lifecycle, state, context, busy_policy, syllabus, topic, topic_digest,
               question, clients, inbox, timers, recent, seen, history_count, n, time_ms, active_ms,
               nudges, first_sequence, last_sequence, counters] = session;
  (void)topic;  // A row of its own, under topic_digest.
  Scratch scratch;
  v1::Session& out = scratch.Make<v1::Session>();
  out.set_user(user.value);
  out.set_lifecycle(static_cast<v1::Session::Lifecycle>(lifecycle));
  std::visit(StateWriter{out.mutable_state()}, state);
  Write(context, out.mutable_context());
  out.set_busy_policy(static_cast<v1::Session::BusyPolicy>(busy_policy));
  WriteRow(syllabus, out.mutable_syllabus());
  out.set_topic_digest(topic_digest);
  if (question) WriteRow(*question, out.mutable_question());
  WriteInbox(inbox, &out);
  WriteLists(clients, timers, recent, seen, &out);
  out.set_history_count(history_count);
  out.set_n(n);
  out.set_time_ms(time_ms);
  out.set_active_ms(active_ms);
  out.set_nudges(nudges);
  out.set_first_sequence(first_sequence);
  out.set_last_sequence(last_sequence);
  WriteRow(counters, out.mutable_counters());
  return out.SerializeAsString();  // No maps in it: the same bytes each time.
}

Result<tutor::Session> DecodeSession(std::string_view bytes) {
  Scratch scratch;
  v1::Session& in = scratch.Make<v1::Session>();
  if (auto parsed = ParseRow(bytes, &in); !parsed) return parsed.error();
  Reader reader;
  tutor::Session session;
  session.user = UserId(in.user());
  session.lifecycle = ReadEnum("lifecycle", in.lifecycle(), Lifecycle::kArchived, reader);
  session.state = ReadState(in.state(), reader);
  session.context = Read(in.context(), reader);
  session.busy_policy = ReadEnum("busy_policy", in.busy_policy(), BusyPolicy::kInterrupt, reader);
  session.syllabus = ReadRow(in.syllabus());
  session.topic_digest = in.topic_digest();
  if (in.has_question()) session.question = ReadRow(in.question(), reader);
  session.inbox = ReadInbox(in, reader);
  ReadLists(in, &session, reader);
  session.history_count = in.history_count();
  session.n = in.n();
  session.time_ms = in.time_ms();
  session.active_ms = in.active_ms();
  session.nudges = in.nudges();
  session.first_sequence = in.first_sequence();
  session.last_sequence = in.last_sequence();
  session.counters = ReadRow(in.counters());
  auto checked = reader.Finish(std::move(session));
  if (!checked) return Fatal("a session row can not be read: " + checked.error().text);
  return checked;
}

}  // namespace lyceum::envelope
