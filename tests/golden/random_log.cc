#include "random_log.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/base64url.h"
#include "base/check.h"
#include "envelope/events.h"
#include "log_fold.h"
#include "tutor/limits.h"
#include "tutor/table_samples.h"

namespace lyceum::golden {
namespace {

using envelope::Encoding;
using envelope::RecordClass;

// As the wire has them: the envelope refuses longer ones, the session texts that it calls long.
constexpr size_t kLongTextBytes = 2'000;
// The last one, InvariantViolated, is never on the wire.
constexpr size_t kKindCount = std::variant_size_v<tutor::EventKind>;
constexpr size_t kNeverOnTheWire = 15;
static_assert(std::is_same_v<std::variant_alternative_t<kNeverOnTheWire, tutor::EventKind>,
                             tutor::InvariantViolated>);

RecordedLog EmptyLog(const Walk& walk) {
  return {.partition = walk.partition, .lineage = walk.lineage, .topics = {}, .records = {}};
}

class Walker {
 public:
  explicit Walker(const Walk& walk) : random_(walk.seed), log_(EmptyLog(walk)), fold_(log_, {}) {
    for (size_t i = 0; users_.size() < walk.users; ++i) {
      // The last one's name is not plain.
      const std::string name = "user-" + std::to_string(i);
      const bool plain = users_.size() + 1 < walk.users;
      UserId user(plain ? name : "~" + EncodeBase64Url("Зоя " + name));
      if (fold_.subjects().PartitionOf(user) == walk.partition) users_.push_back(std::move(user));
    }
  }

  RecordedLog Run(size_t records) {
    while (log_.records.size() < records) Step();
    return std::move(log_);
  }

 private:
  uint64_t Below(uint64_t count) { return random_() % count; }
  bool OneIn(uint64_t count) { return Below(count) == 0; }
  template <class T>
  const T& OneOf(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

  // --- Records -----------------------------------------------------------------------------------

  void Step() {
    user_ = OneIn(3) ? UserInSeldomState() : OneOf(users_);
    session_ = fold_.Find(user_.value);
    PassTime();
    if (OneIn(60)) return AddBarrier();
    if (OneIn(16)) return AddGarbage();
    if (OneIn(25) && !log_.records.empty()) return AddAgain();
    const tutor::Event event = MakeEvent();
    Add(envelope::ClassOf(event.kind), event);
  }

  const UserId& UserInSeldomState() const {
    return *std::min_element(users_.begin(), users_.end(), [&](const auto& one, const auto& other) {
      return SeenInStateOf(one) < SeenInStateOf(other);
    });
  }
  uint64_t SeenInStateOf(const UserId& user) const {
    const tutor::Session* session = fold_.Find(user.value);
    if (session == nullptr) return 0;
    const auto& seen = seen_[session->state.index()];
    return std::accumulate(seen.begin(), seen.end(), uint64_t{0});
  }

  void PassTime() {
    sequence_ += OneIn(40) ? 1 + Below(5) : 1;  // Records that were deleted.
    switch (Below(24)) {
      case 0:
        now_ms_ += static_cast<int64_t>(Below(tutor::kTtlMs / 4));
        break;
      case 1:
        now_ms_ += tutor::kIdleMs;
        break;
      case 2:
        now_ms_ -= static_cast<int64_t>(Below(60'000));  // The log's clock was set.
        break;
      default:
        now_ms_ += static_cast<int64_t>(Below(20'000));
    }
  }

  void Add(RecordClass record_class, const tutor::Event& event) {
    const std::string trace =
        OneIn(3) ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" : "";
    LogRecord record;
    record.subject = fold_.subjects().Log(log_.partition, record_class, user_);
    record.data = envelope::EncodeEvent(event, event.encoding, trace);
    if (event.encoding == Encoding::kJson && !OneIn(3)) record.content_type = "application/json";
    Append(std::move(record));
  }

  void Append(LogRecord record) {
    record.sequence = sequence_;
    record.time_ms = now_ms_;
    const auto step = fold_.OnRecord(record);
    CHECK(step.has_value());
    if ((*step)->event && (*step)->from) {
      ++seen_[static_cast<size_t>(*(*step)->from)][(*step)->event->kind.index()];
    }
    for (const tutor::Effect& effect : (*step)->effects) {
      if (const auto* call = std::get_if<tutor::CallTool>(&effect)) {
        earlier_[user_.value] = std::exchange(latest_[user_.value], call->call.id);
      }
    }
    log_.records.push_back(std::move(record));
  }

  void AddBarrier() {
    LogRecord record;
    record.subject = fold_.subjects().Barrier(log_.partition, "session-1");
    const EventId id("barrier-" + std::to_string(sequence_));
    record.data =
        OneIn(5)
            ? "\x0a\x01"
            : envelope::EncodeBarrier({id, static_cast<uint32_t>(1 + Below(tutor::kFoldVersion))});
    Append(std::move(record));
  }

  // A record once more as it was: the broker's, or its sender's second try.
  void AddAgain() {
    LogRecord record =
        log_.records[log_.records.size() - 1 - Below(std::min<size_t>(log_.records.size(), 40))];
    Append(std::move(record));
  }

  void AddGarbage() {
    const tutor::Event event = MakeEvent();
    LogRecord record;
    record.subject = fold_.subjects().Log(log_.partition, envelope::ClassOf(event.kind), user_);
    record.data = envelope::EncodeEvent(event, event.encoding);
    switch (Below(9)) {
      case 0:
        record.data.clear();
        break;
      case 1:
        record.data.resize(Below(record.data.size()));
        break;
      case 2:
        record.data[Below(record.data.size())] ^= static_cast<char>(1 << Below(8));
        break;
      case 3:  // The subject says another class than the event.
        record.subject =
            fold_.subjects().Log(log_.partition, static_cast<RecordClass>(Below(4)), user_);
        break;
      case 4:  // Of another partition's user.
        record.subject = fold_.subjects().Log(log_.partition, RecordClass::kUser,
                                              UserId("stranger-" + std::to_string(Below(9))));
        break;
      case 5:
        record.subject = OneIn(2) ? "lyceum.p." + std::to_string(log_.partition) + ".user"
                                  : "lyceum.p." + std::to_string(log_.partition) + ".nobody.x";
        break;
      case 6:
        record.data = R"({"id":"x","client":"c1","message":{"text":"12","colour":"red"}})";
        break;
      case 7:
        record.data = R"({"id":"x","client":"c2","start":{"course":")" + std::string(300, 'a');
        record.content_type = "application/json";
        break;
      default:
        for (char& byte : record.data) byte = static_cast<char>(Below(256));
    }
    Append(std::move(record));
  }

  // --- Events ------------------------------------------------------------------------------------

  tutor::Event MakeEvent() {
    tutor::Event event;
    event.id = EventId("e" + std::to_string(OneIn(20) ? Below(sequence_ + 1) : sequence_));
    event.client = ClientId("c" + std::to_string(OneIn(3) ? Below(12) : Below(2)));
    if (OneIn(15)) event.client = {};
    event.encoding = OneIn(2) ? Encoding::kJson : Encoding::kProtobuf;
    event.kind = MakeKind();
    return event;
  }

  bool locked() const {
    return session_ != nullptr &&
           std::holds_alternative<tutor::AwaitingToolResult>(session_->state);
  }

  uint32_t last_n() const { return session_ != nullptr ? session_->n : 5; }

  tutor::EventKind MakeKind() {
    if (session_ == nullptr && !OneIn(6)) return MakeStart();
    if (session_ != nullptr && std::holds_alternative<tutor::Completed>(session_->state) &&
        OneIn(3)) {
      return MakeStart();
    }
    // Interrupted by what needs a question, a session rests where it would make one.
    const tutor::Call* call = OpenCall();
    if (call != nullptr && call->tool == tutor::Tool::kGenerateQuestion && OneIn(2)) {
      return tutor::Hint{};
    }
    if (session_ != nullptr && (IsRare(session_->state) ? !OneIn(4) : OneIn(3))) {
      return MakeSeldom();
    }
    if (locked() && !OneIn(4)) return MakeResult();
    if (session_ != nullptr && std::holds_alternative<tutor::AwaitingAnswer>(session_->state) &&
        OneIn(2)) {
      return tutor::UserMessage{"7", tutor::Intent::kAnswer};
    }
    // Messages and continue are most of what a learner does.
    static const std::vector<size_t> kKinds = {0, 1, 1, 1, 1, 2,  2,  3,  4,  4, 4,
                                               5, 6, 7, 8, 9, 11, 12, 16, 17, 18};
    return MakeKind(OneOf(kKinds));
  }

  static bool IsRare(const tutor::State& state) {
    using enum tutor::StateName;
    const tutor::StateName name = NameOf(state);
    return name == kSettingQuestion || name == kRemediatingKnownError ||
           name == kRemediatingUnknownError || name == kAwaitingApproval;
  }

  // What has happened in this state least often.
  tutor::EventKind MakeSeldom() {
    const auto& seen = seen_[session_->state.index()];
    size_t seldom = Below(kKindCount);
    for (size_t i = 0, kind = seldom; i < kKindCount; ++i, kind = (kind + 1) % kKindCount) {
      if (kind != kNeverOnTheWire && seen[kind] < seen[seldom]) seldom = kind;
    }
    return MakeKind(seldom);
  }

  tutor::EventKind MakeKind(size_t kind) {
    static_assert(kKindCount == 19);
    switch (kind) {
      case 0:
        return MakeStart();
      case 1:
        return tutor::UserMessage{MakeText(), static_cast<tutor::Intent>(Below(3))};
      case 2:
        return tutor::Hint{};
      case 3:
        return tutor::Skip{};
      case 4:
        return tutor::Continue{};
      case 5:
        return tutor::Attach{static_cast<uint32_t>(Below(last_n() + 3))};
      case 6:
        return tutor::Detach{};
      case 7:
        return MakeResult();
      case 8:
        return MakeTimer();
      case 9:
        return tutor::ForceRemediation{ErrorId(OneIn(2) ? "added" : "")};
      case 10:
        return tutor::ForceSkip{};
      case 11:
        return tutor::GotoTopic{TopicId(OneIn(2) ? "t1" : "t3")};
      case 12:
        return tutor::RetryCall{};
      case 13:
        return tutor::End{OneIn(2) ? "enough" : ""};
      case 14:
        return tutor::Shutdown{"deploy"};
      case kNeverOnTheWire:
      case 16:
        return tutor::Stop{};
      case 18:
        return MakeDecision();
      default:
        return tutor::Review{static_cast<uint32_t>(Below(last_n() + 2)), OneIn(2) ? "why" : ""};
    }
  }

  tutor::EventKind MakeDecision() {
    tutor::Supervise event{CallId("0-0-0"), static_cast<tutor::Decision>(Below(3)), ""};
    const tutor::State* state = session_ == nullptr || OneIn(5) ? nullptr : &session_->state;
    const auto* wait = std::get_if<tutor::AwaitingApproval>(state);
    if (wait != nullptr) event.draft = wait->draft->call.id;
    if (event.decision != tutor::Decision::kApprove) event.text = MakeText();
    return event;
  }

  tutor::EventKind MakeStart() {
    tutor::Start start;
    start.course = CourseId(OneIn(2) ? "course" : "another");
    if (OneIn(3)) start.version = "v1";
    if (OneIn(3)) start.topic = TopicId("t2");
    start.busy_policy =
        OneIn(4) ? tutor::BusyPolicy::kInterrupt : static_cast<tutor::BusyPolicy>(Below(3));
    if (OneIn(2)) start.context.tone = "kind";
    if (OneIn(3)) start.context.persona = "a carpenter";
    if (OneIn(3)) start.context.objectives = {"multiply", "über Brüche reden"};
    if (OneIn(3)) start.context.language = "de";
    if (!OneIn(3)) {
      start.context.supervision = tutor::Supervision::kDraft;
      start.context.undecided = static_cast<tutor::Undecided>(Below(2));
      start.context.decide_s = OneIn(2) ? 0 : 5 + static_cast<uint32_t>(Below(60));
    }
    start.again = OneIn(4);
    return start;
  }

  tutor::EventKind MakeTimer() {
    if (session_ == nullptr || session_->timers.empty() || OneIn(6)) {
      return tutor::TimerFired{std::to_string(log_.partition) + "-1-1"};
    }
    const tutor::Timer& timer = session_->timers[Below(session_->timers.size())];
    // A worker fires what is due; now and then its clock is wrong.
    if (!OneIn(4)) now_ms_ = std::max(now_ms_, timer.due_ms + static_cast<int64_t>(Below(500)));
    return tutor::TimerFired{timer.token};
  }

  std::string MakeText() {
    if (OneIn(150)) return std::string(tutor::kLearnerTextBytesMax + 1, 'a');
    if (OneIn(40)) {
      std::string text;
      while (text.size() < kLongTextBytes) text += "Warum größer? ∞ ";
      return text;
    }
    return OneOf<std::string>({"12", "7", "12", "why?", "help me", "", "b", "hm", " ", "skip it",
                               "x = 12", "die Größe \"12\" \\ \n oder 🙂", "ein Viertel"});
  }

  // --- Tool results ------------------------------------------------------------------------------

  const tutor::Call* OpenCall() const {
    if (session_ == nullptr) return nullptr;
    const tutor::State* state = &session_->state;
    if (const auto* lock = std::get_if<tutor::AwaitingToolResult>(state)) return &lock->call;
    if (const auto* error = std::get_if<tutor::ErrorState>(state)) return &error->failed;
    return nullptr;
  }

  tutor::EventKind MakeResult() {
    tutor::ToolReply reply;
    reply.call = OneIn(2) ? earlier_[user_.value] : latest_[user_.value];
    if (reply.call.empty()) reply.call = CallId("0-0-0");
    auto tool = static_cast<tutor::Tool>(Below(tutor::kToolCount));
    if (const tutor::Call* call = OpenCall()) {
      if (!OneIn(12)) reply.call = call->id;
      if (!OneIn(14)) tool = call->tool;
    }
    reply.outcome = OneIn(7) ? MakeError() : MakeOutcome(tool);
    reply.attempt = static_cast<uint32_t>(1 + Below(3));
    reply.worker = "tools-" + std::to_string(Below(2));
    reply.latency_ms = static_cast<uint32_t>(Below(5'000));
    if (OneIn(2)) {
      reply.provider = "somebody";
      reply.model = "large";
      reply.input_tokens = static_cast<uint32_t>(Below(4'000));
      reply.output_tokens = static_cast<uint32_t>(Below(400));
      reply.cached_tokens = static_cast<uint32_t>(Below(100));
      reply.attempts_made = 2;
      reply.fallbacks = 1;
      reply.first_text_ms = 120;
    }
    reply.degraded = OneIn(5);
    if (OneIn(2)) reply.authored = MakeSpeech();
    return tutor::ToolResult{std::move(reply)};
  }

  tutor::ToolOutcome MakeError() {
    const bool retryable = OneIn(2);
    return tutor::ToolError{OneOf<std::string>({"lost", "deadline", "unavailable", "not_found",
                                                "bad_result", "tool_failed"}),
                            retryable, "gone"};
  }

  tutor::Topic MakeTopic() {
    std::string id = "t1";
    const tutor::Call* call = OpenCall();
    if (call != nullptr && !call->topic.empty()) id = call->topic.value;
    const std::string next = id == "t1" ? "t2" : id == "t2" ? "t3" : "";
    tutor::Topic topic = tutor::samples::SampleTopic(id, next);
    if (session_ != nullptr) topic.course = session_->syllabus.course;
    if (OneIn(4)) topic.material.clear();
    if (OneIn(3)) topic.gate = {3, 2};
    if (OneIn(3)) {
      for (tutor::Question& question : topic.questions) question.hints = {"", ""};
    }
    if (OneIn(3)) topic.questions.clear();
    topic.generate_questions = topic.questions.empty() || OneIn(2);
    if (OneIn(4) && !topic.questions.empty()) {
      tutor::Question choice = topic.questions[0];
      choice.id = QuestionId("q3");
      choice.format = tutor::AnswerFormat::kChoice;
      choice.choices = {"7", "12", "34"};
      topic.questions.push_back(std::move(choice));
    }
    return topic;
  }

  std::string MakeSpeech() {
    if (OneIn(200)) return std::string(tutor::kToolTextBytesMax / 8, 'x');
    return OneOf<std::string>({"", "Look again.", "The answer is 12.", "12",
                               "Schau genau hin: ½ < ¾.", "First this.\nThen that.",
                               "It is a sum, <b>not</b> a product."});
  }

  tutor::ToolOutcome MakeOutcome(tutor::Tool tool) {
    switch (tool) {
      case tutor::Tool::kLoadTopic:
        return tutor::LoadTopicOk{std::make_shared<const tutor::Topic>(MakeTopic()), ""};
      case tutor::Tool::kPresentMaterial:
        return tutor::PresentMaterialOk{MakeSpeech()};
      case tutor::Tool::kClarifyConcept: {
        tutor::ClarifyConceptOk ok{MakeSpeech()};
        ok.on_topic = OneIn(2);
        ok.reveals_answer = OneIn(5);
        return ok;
      }
      case tutor::Tool::kGenerateQuestion: {
        tutor::GenerateQuestionOk ok;
        ok.question.text = "How much is 6 + 6?";
        ok.question.format = tutor::AnswerFormat::kNumeric;
        if (!OneIn(4)) ok.question.answers = {"12"};
        return ok;
      }
      case tutor::Tool::kCheckAnswer:
        return MakeGrade();
      case tutor::Tool::kGiveHint: {
        tutor::GiveHintOk ok{.level = 1, .of = 1, .text = MakeSpeech()};
        ok.bottom_out = OneIn(2);
        return ok;
      }
      case tutor::Tool::kRemediateKnownError: {
        tutor::RemediateKnownErrorOk ok{.error = ErrorId("added"), .strategy = "hint"};
        ok.text = MakeSpeech();
        ok.probe = MakeSpeech();
        ok.reveals_answer = OneIn(5);
        return ok;
      }
      case tutor::Tool::kDiagnoseError: {
        tutor::DiagnoseErrorOk ok;
        const double confidence = 0.4 + 0.1 * static_cast<double>(Below(6));
        ok.hypotheses = {{ErrorId("added"), "adds where it should multiply", confidence}};
        ok.text = MakeSpeech();
        return ok;
      }
      case tutor::Tool::kClassifyIntent: {
        tutor::ClassifyIntentOk ok;
        ok.intent = static_cast<tutor::FoundIntent>(Below(6));
        ok.confidence = OneIn(3) ? 0.3 : 0.9;
        return ok;
      }
    }
    return tutor::ToolError{};
  }

  tutor::ToolOutcome MakeGrade() {
    tutor::CheckAnswerOk grade;
    const tutor::Question* open = session_ != nullptr ? CurrentQuestion(*session_) : nullptr;
    if (open != nullptr && !OneIn(16)) grade.question = open->id;
    if (grade.question.empty()) grade.question = QuestionId("q9");
    grade.verdict = OneIn(2) ? tutor::Verdict::kIncorrect : static_cast<tutor::Verdict>(Below(6));
    grade.score = OneIn(9) ? -3 : static_cast<double>(Below(101)) / 100;
    grade.confidence = OneIn(6) ? 0.1 : 1 - static_cast<double>(Below(3)) / 7;
    grade.method = OneIn(2) ? "rubric_llm" : "numeric";
    grade.feedback = MakeSpeech();
    if (OneIn(2)) grade.known_error = tutor::FoundError{ErrorId(OneIn(6) ? "x" : "added"), 0.9};
    return grade;
  }

  std::mt19937_64 random_;
  RecordedLog log_;
  LogFold fold_;
  std::vector<UserId> users_;
  std::map<std::string, CallId> latest_;   // By user: the last call,
  std::map<std::string, CallId> earlier_;  // and the one before.
  UserId user_;                            // Of the record that is being made.
  const tutor::Session* session_ = nullptr;
  std::array<std::array<uint64_t, kKindCount>, tutor::kStateCount> seen_{};
  uint64_t sequence_ = 0;
  int64_t now_ms_ = 1'700'000'000'000;
};

}  // namespace

RecordedLog RandomLog(const Walk& walk) { return Walker(walk).Run(walk.records); }

}  // namespace lyceum::golden
