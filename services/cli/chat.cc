// lyceum chat: a conversation in the terminal, or from a script.
//
// One loop over one mailbox that takes both the tutor's messages and the learner's lines. A
// person's line goes out at once; a script's (or a pipe's) line waits until the view is ready for
// it.
//
// On a terminal that can move its cursor a person has a Prompt: the tutor's text is shown as it comes
// above the line that is typed, and a sign while there is nothing to show yet.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/ask.h"
#include "cli/chat_view.h"
#include "cli/cli.h"
#include "cli/delta_text.h"
#include "cli/line_reader.h"
#include "cli/prompt.h"
#include "cli/terminal.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

constexpr size_t kBoxMax = 4096;
constexpr uint32_t kShownAgain = 5;  // Messages of an open session that are shown at its start.
constexpr int kAttachTries = 3;      // For a gap, before it is given up.
constexpr std::chrono::milliseconds kAttachAfter{300};  // What is missing may be under way.
constexpr std::chrono::seconds kAttachEvery{2};
constexpr std::chrono::milliseconds kTick{200};
constexpr std::chrono::seconds kGoodbye{1};
constexpr std::chrono::seconds kSilence{5};  // Then the owner is asked whether it is there.
constexpr std::chrono::seconds kOwnerAnswers{1};

enum Tag : int { kFromTutor = 0, kLine = 1, kEnd = 2 };

bool WantsColour() {
  const char* none = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (none == nullptr || *none == '\0') && terminal != nullptr &&
         std::strcmp(terminal, "dumb") != 0;
}

size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Looks LooksOf(const Common& common) {
  if (common.json || isatty(STDOUT_FILENO) == 0) return {};
  return {.colour = WantsColour(), .width = TerminalWidth()};
}

// Empty: nowhere.
std::string HistoryFile() {
  namespace fs = std::filesystem;
  fs::path folder;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    folder = state;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    folder = fs::path(home) / ".local" / "state";
  } else {
    return {};
  }
  folder /= "lyceum";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return {};
  fs::permissions(folder, fs::perms::owner_all, error);
  return folder / "chat_history";
}

class Chat {
 public:
  Chat(const Common& common, const ChatOptions& options, UserId user, ClientId client, int lines_fd,
       bool paced)
      : common_(common),
        options_(options),
        subjects_(common.subjects()),
        user_(std::move(user)),
        client_(std::move(client)),
        lines_fd_(lines_fd),
        paced_(paced),
        prompted_(!paced && !common.json && Prompt::Possible()),
        view_(LooksOf(common)) {}

  int Run() {
    auto connection = Connect(common_);
    if (!connection) return FailUsage(connection.error());
    connection_ = *connection;
    auto subscription = connection_->Subscribe(subjects_.Out(client_), "", box_, kFromTutor);
    if (!subscription) return Fail(subscription.error());
    if (auto flushed = connection_->Flush(std::chrono::seconds(5)); !flushed) {
      return Fail(flushed.error());
    }
    reconnects_ = connection_->reconnects();
    std::optional<int> ended = Open();
    if (ended) return *ended;
    if (prompted_) {
      prompt_ = std::make_unique<Prompt>(box_, kLine, kEnd, HistoryFile());
    } else {
      lines_ = std::make_unique<LineReader>(lines_fd_, box_, kLine, kEnd);
    }
    while (!ended) ended = Turn();
    ShowLive(true);
    box_->Close();
    lines_.reset();
    prompt_.reset();
    std::cerr << last_sentence_;
    return *ended;
  }

 private:
  Deadline Patience() const { return In(std::chrono::seconds(options_.timeout_s)); }

  // Starts a session, or joins the one that is there. An exit code where that failed.
  std::optional<int> Open() {
    due_ = Patience();
    auto found = AskView(*connection_, subjects_, user_, {.history_max = 1}, Patience());
    if (!found) return Fail(found.error());
    const Looks looks = LooksOf(common_);
    const auto json = nlohmann::json::parse(found->json, nullptr, false);
    const auto syllabus =
        json.is_object() ? json.value("syllabus", nlohmann::json::object()) : nlohmann::json();
    const std::string course = syllabus.is_object() ? syllabus.value("course", "") : "";
    const bool over = found->state == tutor::Name(tutor::StateName::kCompleted);
    const bool other = !options_.course.empty() && course != options_.course;
    if (!found->found || (over && (other || options_.again))) {
      const std::string begun =
          options_.course.empty() && options_.again ? course : options_.course;
      if (begun.empty()) {
        return Fail(
            kUsage,
            "this learner has no session yet: name the course with --course; `lyceum course "
            "list`, as the operator, shows which there are");
      }
      view_ = ChatView(looks, found->found ? std::nullopt : std::optional<uint32_t>(0));
      tutor::Start start;
      start.course = CourseId(begun);
      start.again = options_.again;
      start.topic = TopicId(options_.topic);
      start.version = options_.version;
      start.busy_policy = tutor::BusyPolicy::kDefer;  // No line that is typed is lost.
      return Send(std::move(start), true);
    }
    if (!paced_ && !common_.json) std::cerr << WhereOneIs(course, syllabus);
    if (other && paced_) {
      std::cerr << "this learner is in the course " << PlainLine(course, 80)
                << ": going on with it\n";
    }
    open_question_ = json.contains("current_question") ? json["current_question"].dump() : "";
    const uint32_t after_n = found->n > kShownAgain ? found->n - kShownAgain : 0;
    view_ = ChatView(looks, after_n);
    const auto state = tutor::Parse<tutor::StateName>(found->state);
    view_.Join(found->n, state.value_or(tutor::StateName::kExposition));
    return Send(tutor::Attach{after_n}, false);
  }

  static std::string WhereOneIs(const std::string& course, const nlohmann::json& syllabus) {
    std::string text = "going on with " + NameOf(course);
    if (const std::string topic = syllabus.value("topic", ""); !topic.empty()) {
      text += ", topic " + NameOf(topic);
    }
    const size_t done = syllabus.contains("done") ? syllabus["done"].size() : 0;
    const size_t left = syllabus.contains("queue") ? syllabus["queue"].size() : 0;
    if (done > 0) text += fmt::format(", {} topic{} done", done, done == 1 ? "" : "s");
    if (left > 0) text += fmt::format(", {} question{} to come in it", left, left == 1 ? "" : "s");
    return text + "\n";
  }

  // The question that was open when this client came back, where it was asked longer ago than what is
  // shown again.
  void ShowOpenQuestion() {
    const std::string text = std::exchange(open_question_, "");
    const auto open = nlohmann::json::parse(text, nullptr, false);
    if (!open.is_object() || !open.contains("question") || common_.json) return;
    const auto& view = open["question"];
    tutor::QuestionOut out;
    out.question.id = QuestionId(view.value("id", ""));
    if (out.question.id == shown_question_ || view_.locked()) return;
    out.question.text = view.value("text", "");
    out.question.choices = view.value("choices", std::vector<std::string>());
    tutor::ClientMessage message;
    message.n = view_.last_n();
    message.body = out;
    view_.OpenQuestion(out.question);
    Print(view_.Render(message));
  }

  // What people are shown, and what they are told beside it.
  void Print(const std::string& text) {
    if (prompt_) {
      prompt_->Print(text);
    } else {
      std::cout << text << std::flush;
    }
  }
  void Tell(const std::string& text) {
    if (prompt_) {
      prompt_->Print(text);
    } else {
      std::cerr << text;
    }
  }

  // A sentence for the end: written when the terminal is as it was.
  int End(int code, const std::string& sentence) {
    if (!prompt_) return Fail(static_cast<Exit>(code), sentence);
    last_sentence_ = "lyceum: " + sentence + "\n";
    return code;
  }
  int End(const Error& error) {
    return End(error.fault == Fault::kRetry ? kAway : kNo, error.text);
  }

  // What a tool says so far, or a sign that something is awaited.
  void ShowLive(bool over = false) {
    if (!prompt_) return;
    std::string live = over ? "" : ForPeople(deltas_.text());
    if (live.empty() && !over && !view_.Ready()) {
      const auto waited = std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - asked_);
      live = nobody_answers_ ? "… nobody answers" : "… the tutor is thinking";
      if (waited >= kSilence) live += fmt::format(" ({} s)", waited.count());
    }
    prompt_->Live(live);
  }

  // Nothing came for a while: is anybody there? Said once, and taken back by what comes.
  void LookForTheOwner() {
    if (paced_ || view_.Ready() || LeftMs(silent_until_) > 0) return;
    silent_until_ = In(kSilence);
    const bool there =
        AskView(*connection_, subjects_, user_, {.history_max = 1}, In(kOwnerAnswers)).has_value();
    if (there || nobody_answers_) {
      nobody_answers_ = !there;
      return;
    }
    nobody_answers_ = true;
    Tell(
        "! Nobody answers right now. What you wrote is kept; the answer comes when the tutor is "
        "back. "
        "You can wait, or /quit and come back later.\n");
  }
  void HeardSomething() {
    nobody_answers_ = false;
    silent_until_ = In(kSilence);
  }

  // `answered`: the session says something to it, so wait for that.
  std::optional<int> Send(tutor::EventKind kind, bool answered) {
    tutor::Event event{EventId(FreshId()), client_, tutor::Encoding::kJson, std::move(kind)};
    if (auto checked = CheckEvent(event); !checked) return End(kUsage, checked.error().text);
    if (answered) {
      view_.Sent(event.id);
      asked_ = Steady::now();
      HeardSomething();
    }
    if (prompt_ && answered && !connection_->connected()) {
      Tell("! The server cannot be reached; trying for " + std::to_string(options_.timeout_s) +
           " s.\n");
    }
    auto ack = Deliver(*connection_, subjects_, user_, event, Patience());
    if (!ack && prompt_ && answered && ack.error().fault == Fault::kRetry) {
      Tell("! Not sent: " + ack.error().text + ". Say it again later.\n");
      return std::nullopt;
    }
    if (!ack) return End(ack.error());
    return std::nullopt;
  }

  // One step of the loop. An exit code where the conversation is over.
  std::optional<int> Turn() {
    if (auto failed = FillGaps()) return failed;
    LookForTheOwner();
    ShowLive();
    if (!open_question_.empty() && view_.Ready()) ShowOpenQuestion();
    if (view_.Ready() && view_.completed()) {
      if (auto failed = Settle()) return failed;
      if (view_.Ready()) return Leave();
    }
    if (!kept_.empty() && (!paced_ || view_.Ready())) {
      if (auto failed = paced_ ? Settle() : std::nullopt) return failed;
      if (paced_ && !view_.Ready()) return std::nullopt;
      const wire::Message line = std::move(kept_.front());
      kept_.pop_front();
      if (lines_) lines_->Next();
      return line.tag == kEnd ? Leave() : HandleLine(line.data);
    }
    auto message = box_->Pop(In(kTick));
    if (!message) {
      if (paced_ && !view_.Ready() && LeftMs(due_) == 0) {
        return End(kAway, "the tutor did not answer in " + std::to_string(options_.timeout_s) +
                              " s: see that session and tool workers run");
      }
      return std::nullopt;
    }
    if (message->tag == kFromTutor) {
      HandleMessage(*message);
    } else {
      kept_.push_back(std::move(*message));
      if (view_.Ready()) due_ = Patience();
    }
    return std::nullopt;
  }

  std::optional<int> HandleLine(const std::string& line) {
    const LineMeaning meaning = view_.Read(line);
    if (std::holds_alternative<Quit>(meaning)) return Leave();
    if (std::holds_alternative<ShowHelp>(meaning)) {
      Tell(HelpText());
    } else if (const auto* bad = std::get_if<BadLine>(&meaning)) {
      if (paced_) return Fail(kUsage, bad->why);
      Tell(bad->why + "\n");
    } else if (const auto* send = std::get_if<SendEvent>(&meaning)) {
      if (paced_ && !common_.json) std::cout << "> " << Plain(line) << std::endl;
      due_ = Patience();
      return Send(send->kind, true);
    }
    return std::nullopt;
  }

  void HandleMessage(const wire::Message& message) {
    auto received = envelope::DecodeClientMessage(
        message.data, envelope::EncodingOf(message.header("Content-Type"), message.data));
    if (!received) {
      Tell("a message that cannot be read was left out: " + received.error().text + "\n");
      return;
    }
    if (received->user != user_) return;
    HeardSomething();
    if (received->is_delta || received->is_retract) {
      ShowDelta(*received);
    } else {
      Show(view_.Receive(received->message));
    }
    ShowLive();
  }

  void ShowDelta(const envelope::ReceivedMessage& received) {
    if (!common_.json) {
      deltas_.Add(received);
      return;
    }
    if (received.is_retract) {
      std::cout << envelope::EncodeRetract(user_, CallId(received.request_id), received.attempt,
                                           tutor::Encoding::kJson);
    } else {
      const envelope::Delta delta{CallId(received.request_id), received.attempt, received.offset,
                                  received.delta_text};
      std::cout << envelope::EncodeDelta(user_, delta, tutor::Encoding::kJson);
    }
    std::cout << std::endl;
  }

  void Show(const std::vector<tutor::ClientMessage>& messages) {
    view_.SetWidth(LooksOf(common_).width);
    for (const tutor::ClientMessage& message : messages) {
      // The final message says all of it again.
      if (message.n > 0 && !std::holds_alternative<tutor::WaitOut>(message.body)) deltas_.Clear();
      if (const auto* question = std::get_if<tutor::QuestionOut>(&message.body)) {
        shown_question_ = question->question.id;
      }
      if (common_.json) {
        std::cout << envelope::EncodeClientMessage(user_, message, tutor::Encoding::kJson) << "\n";
      } else {
        Print(view_.Render(message));
      }
    }
    if (!messages.empty()) std::cout.flush();
  }

  // A step says several things, and the first of them looks like an answer: the owner tells how
  // many messages there are by now. After this the view is ready only if all of them have come.
  std::optional<int> Settle() {
    auto view = AskView(*connection_, subjects_, user_, {.history_max = 1}, Patience());
    if (!view) return End(view.error());
    const auto state = tutor::Parse<tutor::StateName>(view->state);
    if (view->found && state) view_.Join(view->n, *state);
    return std::nullopt;
  }

  // What was missed, by a gap in n or while the connection was away, is asked for again.
  std::optional<int> FillGaps() {
    if (const uint64_t now = connection_->reconnects(); now != reconnects_) {
      reconnects_ = now;
      return Send(tutor::Attach{view_.last_n()}, false);
    }
    const auto missing = view_.Missing();
    if (!missing || missing != missing_) {
      missing_ = missing;
      attach_tries_ = 0;
      attach_again_ = In(kAttachAfter);
      return std::nullopt;
    }
    if (LeftMs(attach_again_) > 0) return std::nullopt;
    attach_again_ = In(kAttachEvery);
    if (attach_tries_ == kAttachTries) {
      Tell("some messages after " + std::to_string(*missing) + " are not kept any more\n");
      Show(view_.GiveUpGap());
      return std::nullopt;
    }
    ++attach_tries_;
    return Send(tutor::Attach{*missing}, false);
  }

  int Leave() {
    tutor::Event detach{EventId(FreshId()), client_, tutor::Encoding::kJson, tutor::Detach{}};
    if (auto ack = Deliver(*connection_, subjects_, user_, detach, In(kGoodbye)); !ack) {
      Tell("left without saying so: " + ack.error().text + "\n");
    }
    return kDone;
  }

  const Common& common_;
  const ChatOptions& options_;
  const envelope::Subjects subjects_;
  const UserId user_;
  const ClientId client_;
  const int lines_fd_;
  const bool paced_;  // A script or a pipe: a line waits until the view is ready.
  const bool prompted_;
  ChatView view_;
  const std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(kBoxMax);
  std::shared_ptr<wire::Connection> connection_;
  std::unique_ptr<LineReader> lines_;  // One of these two.
  std::unique_ptr<Prompt> prompt_;
  std::deque<wire::Message> kept_;  // Lines that were not dealt with yet.
  DeltaText deltas_;
  std::string open_question_;  // JSON of the view, until it is known to have been shown.
  QuestionId shown_question_;
  std::string last_sentence_;
  Steady::time_point asked_ = Steady::now();
  Deadline silent_until_ = In(kSilence);
  bool nobody_answers_ = false;
  Deadline due_ = Deadline::max();  // Of the answer to what was said last.
  uint64_t reconnects_ = 0;
  std::optional<uint32_t> missing_;
  int attach_tries_ = 0;
  Deadline attach_again_ = Deadline::min();
};

}  // namespace

int RunChat(const Common& common, const ChatOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  Result<ClientId> client = ClientOf(options.client.empty() ? FreshId() : options.client);
  if (!client) return FailUsage(client.error());
  int lines = STDIN_FILENO;
  if (!options.script.empty()) {
    lines = open(options.script.c_str(), O_RDONLY | O_CLOEXEC);
    if (lines < 0) {
      return Fail(kUsage, "cannot read " + options.script + ": name a readable file");
    }
  }
  const bool paced = !options.script.empty() || isatty(STDIN_FILENO) == 0;
  if (!paced) std::cerr << "talking to the tutor; /help says what you can do\n";
  const int code = Chat(common, options, *user, *client, lines, paced).Run();
  if (lines != STDIN_FILENO) close(lines);
  return code;
}

}  // namespace lyceum::cli
