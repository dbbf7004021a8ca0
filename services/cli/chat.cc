// lyceum chat: a conversation in the terminal, or from a script.
//
// One loop over one mailbox that takes both the tutor's messages and the learner's lines. A
// person's line goes out at once; a script's (or a pipe's) line waits until the view is ready for
// it.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <deque>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/ask.h"
#include "cli/chat_view.h"
#include "cli/cli.h"
#include "cli/line_reader.h"
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

enum Tag : int { kFromTutor = 0, kLine = 1, kEnd = 2 };

Looks LooksOf(const Common& common) {
  if (common.json || isatty(STDOUT_FILENO) == 0) return {};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {.colour = true};
  return {.colour = true, .width = size.ws_col};
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
    if (!ended) {
      LineReader lines(lines_fd_, box_, kLine, kEnd);
      lines_ = &lines;
      while (!ended) ended = Turn();
      box_->Close();
    }
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
    std::string course;
    if (json.is_object() && json.contains("syllabus")) {
      course = json["syllabus"].value("course", "");
    }
    const bool over = found->state == tutor::Name(tutor::StateName::kCompleted);
    const bool other = course != options_.course;
    if (!found->found || (over && other)) {
      view_ = ChatView(looks, found->found ? std::nullopt : std::optional<uint32_t>(0));
      tutor::Start start;
      start.course = CourseId(options_.course);
      return Send(std::move(start), true);
    }
    if (other) {
      std::cerr << "this learner is in the course " << PlainLine(course, 80)
                << ": going on with it\n";
    }
    const uint32_t after_n = found->n > kShownAgain ? found->n - kShownAgain : 0;
    view_ = ChatView(looks, after_n);
    const auto state = tutor::Parse<tutor::StateName>(found->state);
    view_.Join(found->n, state.value_or(tutor::StateName::kExposition));
    return Send(tutor::Attach{after_n}, false);
  }

  // `answered`: the session says something to it, so wait for that.
  std::optional<int> Send(tutor::EventKind kind, bool answered) {
    tutor::Event event{EventId(FreshId()), client_, tutor::Encoding::kJson, std::move(kind)};
    if (auto checked = CheckEvent(event); !checked) return FailUsage(checked.error());
    if (answered) view_.Sent(event.id);
    auto ack = Deliver(*connection_, subjects_, user_, event, Patience());
    if (!ack) return Fail(ack.error());
    return std::nullopt;
  }

  // One step of the loop. An exit code where the conversation is over.
  std::optional<int> Turn() {
    if (auto failed = FillGaps()) return failed;
    if (view_.Ready() && view_.completed()) {
      if (auto failed = Settle()) return failed;
      if (view_.Ready()) return Leave();
    }
    if (!kept_.empty() && (!paced_ || view_.Ready())) {
      if (auto failed = paced_ ? Settle() : std::nullopt) return failed;
      if (paced_ && !view_.Ready()) return std::nullopt;
      const wire::Message line = std::move(kept_.front());
      kept_.pop_front();
      lines_->Next();
      return line.tag == kEnd ? Leave() : HandleLine(line.data);
    }
    auto message = box_->Pop(In(kTick));
    if (!message) {
      if (paced_ && !view_.Ready() && LeftMs(due_) == 0) {
        return Fail(kAway, "the tutor did not answer in " + std::to_string(options_.timeout_s) +
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
      std::cerr << HelpText();
    } else if (const auto* bad = std::get_if<BadLine>(&meaning)) {
      if (paced_) return Fail(kUsage, bad->why);
      std::cerr << bad->why << "\n";
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
      std::cerr << "a message that can not be read was left out: " << received.error().text << "\n";
      return;
    }
    if (received->user != user_ || received->is_delta || received->is_retract) return;
    Show(view_.Receive(received->message));
  }

  void Show(const std::vector<tutor::ClientMessage>& messages) {
    for (const tutor::ClientMessage& message : messages) {
      if (common_.json) {
        std::cout << envelope::EncodeClientMessage(user_, message, tutor::Encoding::kJson) << "\n";
      } else {
        std::cout << view_.Render(message);
      }
    }
    if (!messages.empty()) std::cout.flush();
  }

  // A step says several things, and the first of them looks like an answer: the owner tells how
  // many messages there are by now. After this the view is ready only if all of them have come.
  std::optional<int> Settle() {
    auto view = AskView(*connection_, subjects_, user_, {.history_max = 1}, Patience());
    if (!view) return Fail(view.error());
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
      std::cerr << "some messages after " << *missing << " are not kept any more\n";
      Show(view_.GiveUpGap());
      return std::nullopt;
    }
    ++attach_tries_;
    return Send(tutor::Attach{*missing}, false);
  }

  int Leave() {
    tutor::Event detach{EventId(FreshId()), client_, tutor::Encoding::kJson, tutor::Detach{}};
    if (auto ack = Deliver(*connection_, subjects_, user_, detach, In(kGoodbye)); !ack) {
      std::cerr << "left without saying so: " << ack.error().text << "\n";
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
  ChatView view_;
  const std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(kBoxMax);
  std::shared_ptr<wire::Connection> connection_;
  LineReader* lines_ = nullptr;
  std::deque<wire::Message> kept_;  // At most the one line that the reader may be ahead.
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
      return Fail(kUsage, "can not read " + options.script + ": name a readable file");
    }
  }
  const bool paced = !options.script.empty() || isatty(STDIN_FILENO) == 0;
  if (!paced) std::cerr << "talking to the tutor; /help says what you can do\n";
  const int code = Chat(common, options, *user, *client, lines, paced).Run();
  if (lines != STDIN_FILENO) close(lines);
  return code;
}

}  // namespace lyceum::cli
