// lyceum supervise: a teacher reads the drafts of supervised sessions and decides on them.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/time_text.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/line_reader.h"
#include "cli/terminal.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

enum Tag { kDraft, kOfSession, kLine, kEnd };

constexpr size_t kBoxMax = 4096;
constexpr size_t kOpenMax = 10'000;  // Shown drafts that are remembered.
constexpr std::chrono::milliseconds kTick{200};
constexpr std::chrono::seconds kFlush{5};

std::string HelpText() {
  return "approve N | edit N TEXT | replace N TEXT | show N | quit, where N is a draft's number\n";
}

// What teachers are told, and what becomes of their decisions.
class Desk {
 public:
  explicit Desk(const Common& common)
      : common_(common), subjects_(common.subjects()), client_(FreshId()) {}

  Result<void> Open(const CourseId& course) {
    auto connection = Connect(common_);
    if (!connection) return connection.error();
    connection_ = *std::move(connection);
    box_ = std::make_shared<wire::MessageBox>(kBoxMax);
    auto drafts = connection_->Subscribe(subjects_.Drafts(course), "", box_, kDraft);
    if (!drafts) return drafts.error();
    auto refusals = connection_->Subscribe(subjects_.Out(client_), "", box_, kOfSession);
    if (!refusals) return refusals.error();
    subscriptions_.push_back(*std::move(drafts));
    subscriptions_.push_back(*std::move(refusals));
    const uint64_t before = connection_->async_errors();
    if (auto flushed = connection_->Flush(kFlush); !flushed) return flushed.error();
    if (connection_->async_errors() != before) {
      return Reject("the server refused it: " + connection_->last_async_error() +
                    "; this command needs the role teacher: set NATS_USER and NATS_PASSWORD to "
                    "it, or use a context of it");
    }
    return {};
  }

  // Empty: nothing came.
  std::optional<wire::Message> Next(Deadline deadline) { return box_->Pop(deadline); }

  // Empty: it is none, and was said to be none.
  static std::optional<envelope::ReceivedDraft> Read(const wire::Message& message) {
    auto draft = envelope::DecodeDraft(
        message.data, envelope::EncodingOf(message.header("Content-Type"), message.data));
    if (draft) return *std::move(draft);
    std::cerr << "a draft that cannot be read was left out: " << draft.error().text << "\n";
    return std::nullopt;
  }

  // What a session says to a decision that it does not use. Empty: of another event.
  static std::optional<std::string> Refusal(const wire::Message& message, const EventId& id) {
    auto received = envelope::DecodeClientMessage(
        message.data, envelope::EncodingOf(message.header("Content-Type"), message.data));
    if (!received || received->message.in_reply_to != id) return std::nullopt;
    const auto* error = std::get_if<tutor::ErrorOut>(&received->message.body);
    if (error == nullptr) return std::nullopt;
    return error->code + ": " + error->text;
  }

  Result<EventId> Send(const UserId& user, tutor::Supervise decision, Deadline deadline) {
    const tutor::Event event{EventId(FreshId()), client_, tutor::Encoding::kJson,
                             std::move(decision)};
    if (auto checked = CheckEvent(event); !checked) return checked.error();
    auto ack = Deliver(*connection_, subjects_, user, event, deadline);
    if (!ack) return ack.error();
    return event.id;
  }

  const std::shared_ptr<wire::MessageBox>& box() const { return box_; }

 private:
  const Common& common_;
  const envelope::Subjects subjects_;
  const ClientId client_;
  std::shared_ptr<wire::Connection> connection_;
  std::shared_ptr<wire::MessageBox> box_;
  std::vector<wire::Subscription> subscriptions_;
};

void Print(const Common& common, const envelope::ReceivedDraft& draft, size_t number) {
  if (common.json) {
    std::cout << draft.json << std::endl;
    return;
  }
  std::string head = number == 0 ? "" : "[" + std::to_string(number) + "] ";
  head += PlainLine(draft.user.value, 128) + " " + PlainLine(draft.id.value, 128);
  if (!draft.outcome.empty()) {
    std::cout << head << "  " << PlainLine(draft.outcome, 64) << std::endl;
    return;
  }
  std::cout << head << "  " << PlainLine(draft.course.value, 128) << "/"
            << PlainLine(draft.topic, 128) << "  " << PlainLine(draft.tool, 64) << "  until "
            << TimeText(draft.due_ms) << ", then " << PlainLine(draft.undecided, 64) << "\n";
  if (!draft.asked.empty()) std::cout << "    learner: " << PlainLine(draft.asked, 500) << "\n";
  std::istringstream lines(Plain(draft.text));
  for (std::string line; std::getline(lines, line);) std::cout << "    | " << line << "\n";
  std::cout.flush();
}

// Drafts as they come and decisions as they are typed.
class Live {
 public:
  explicit Live(const Common& common) : common_(common), desk_(common) {}

  int Run(const SuperviseOptions& options) {
    patience_s_ = options.timeout_s;
    if (auto opened = desk_.Open(CourseId(options.course)); !opened) {
      return FailUsage(opened.error());
    }
    LineReader lines(STDIN_FILENO, desk_.box(), kLine, kEnd);
    if (!common_.json) std::cerr << HelpText();
    while (true) {
      auto message = desk_.Next(In(kTick));
      if (!message) continue;
      switch (message->tag) {
        case kDraft:
          OnDraft(*message);
          break;
        case kOfSession:
          OnRefusal(*message);
          break;
        case kLine: {
          const bool goes_on = OnLine(message->data);
          lines.Next();
          if (!goes_on) return kDone;
          break;
        }
        case kEnd:
          return kDone;
      }
    }
  }

 private:
  struct Shown {
    size_t number = 0;
    envelope::ReceivedDraft draft;
  };

  Shown* Find(const CallId& id) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [&](const Shown& shown) { return shown.draft.id == id; });
    return found == open_.end() ? nullptr : &*found;
  }
  Shown* Find(size_t number) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [&](const Shown& shown) { return shown.number == number; });
    return found == open_.end() ? nullptr : &*found;
  }

  void OnDraft(const wire::Message& message) {
    auto draft = Desk::Read(message);
    if (!draft) return;
    Shown* known = Find(draft->id);
    if (draft->outcome.empty()) {
      if (known != nullptr) return;  // Shown already.
      if (open_.size() == kOpenMax) open_.erase(open_.begin());
      open_.push_back({++count_, *std::move(draft)});
      return Print(common_, open_.back().draft, open_.back().number);
    }
    Print(common_, *draft, known == nullptr ? 0 : known->number);
    std::erase_if(open_, [&](const Shown& shown) { return shown.draft.id == draft->id; });
  }

  void OnRefusal(const wire::Message& message) {
    for (const EventId& id : sent_) {
      const auto refusal = Desk::Refusal(message, id);
      if (refusal) std::cerr << Plain(*refusal) << "\n";
    }
  }

  // False: the end.
  bool OnLine(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    size_t number = 0;
    if (!(words >> command) || command[0] == '#') return true;
    if (command == "quit") return false;
    const auto decision = tutor::Parse<tutor::Decision>(command);
    if ((!decision && command != "show") || !(words >> number)) {
      std::cerr << HelpText();
      return true;
    }
    const Shown* shown = Find(number);
    if (shown == nullptr) {
      std::cerr << "no draft has this number, or it does not wait any more\n";
      return true;
    }
    if (!decision) {
      Print(common_, shown->draft, shown->number);
      if (!shown->draft.authored.empty()) {
        std::cout << "    without a model: " << Plain(shown->draft.authored) << std::endl;
      }
      return true;
    }
    std::string text;
    std::getline(words >> std::ws, text);
    auto sent = desk_.Send(shown->draft.user, {shown->draft.id, *decision, text},
                           In(std::chrono::seconds(patience_s_)));
    if (!sent) {
      std::cerr << sent.error().text << "\n";
      return true;
    }
    if (sent_.size() == kOpenMax) sent_.erase(sent_.begin());
    sent_.push_back(*sent);
    return true;
  }

  const Common& common_;
  Desk desk_;
  int64_t patience_s_ = 10;
  std::vector<Shown> open_;
  std::vector<EventId> sent_;
  size_t count_ = 0;
};

}  // namespace

int RunSupervise(const Common& common, const SuperviseOptions& options) {
  return Live(common).Run(options);
}

int RunSuperviseList(const Common& common, const SuperviseOptions& options) {
  Desk desk(common);
  if (auto opened = desk.Open(CourseId(options.course)); !opened) return FailUsage(opened.error());
  std::vector<CallId> shown;
  const Deadline deadline = In(std::chrono::seconds(options.seconds));
  while (LeftMs(deadline) > 0) {
    auto message = desk.Next(deadline);
    if (!message || message->tag != kDraft) continue;
    const auto draft = Desk::Read(*message);
    if (!draft || !draft->outcome.empty()) continue;
    if (std::find(shown.begin(), shown.end(), draft->id) != shown.end()) continue;
    shown.push_back(draft->id);
    Print(common, *draft, 0);
  }
  if (shown.empty()) std::cerr << "no drafts\n";
  return kDone;
}

int RunSuperviseDecide(const Common& common, const SuperviseDecideOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  tutor::Supervise decision{CallId(options.draft), options.decision, options.text};
  if (!options.text_file.empty()) {
    auto text = ReadAll(options.text_file, tutor::kToolTextBytesMax);
    if (!text) return FailUsage(text.error());
    decision.text = *std::move(text);
  }
  Desk desk(common);
  if (auto opened = desk.Open(CourseId()); !opened) return FailUsage(opened.error());
  const Deadline deadline = In(std::chrono::seconds(options.timeout_s));
  auto sent = desk.Send(*user, std::move(decision), deadline);
  if (!sent) {
    return sent.error().fault == Fault::kReject ? FailUsage(sent.error()) : Fail(sent.error());
  }
  while (LeftMs(deadline) > 0) {
    auto message = desk.Next(deadline);
    if (!message) continue;
    if (message->tag == kOfSession) {
      if (const auto refusal = Desk::Refusal(*message, *sent)) return Fail(kNo, *refusal);
      continue;
    }
    const auto draft = Desk::Read(*message);
    if (!draft || draft->in_reply_to != *sent) continue;
    Print(common, *draft, 0);
    return kDone;
  }
  return Fail(kAway,
              "the log has the decision, and its session says nothing to it: see that a "
              "session worker runs");
}

}  // namespace lyceum::cli
