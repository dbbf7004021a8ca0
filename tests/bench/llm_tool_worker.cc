#include "bench/llm_tool_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "bench/figures.h"
#include "bench/llm_server_process.h"
#include "support/eventually.h"
#include "tools/course_file.h"
#include "tutor/names.h"

namespace lyceum::bench {
namespace {

using std::chrono::milliseconds;

constexpr char kCourse[] = "ops/courses/fractions.toml";
constexpr char kStoppedLine[] = "\"stopped\"";
constexpr uint64_t kLearners = 1000;
constexpr std::chrono::seconds kCallTime{60};

void Require(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

std::string ConfigOf(const std::string& llm_url) {
  return fmt::format(
      "[llm]\n[[llm.provider]]\nname = \"near\"\napi = \"anthropic\"\nbase_url = \"{}\"\n"
      "key_env = \"\"\nmodel = \"m\"\nconcurrency = 0\n",
      llm_url);
}

tutor::TopicRef FirstTopic() {
  const auto read = tools::ReadCourseFile(test::SourceFile(kCourse));
  Require(read.has_value(), "the course can not be read");
  return {read->course.id, read->course.version, read->course.topics.front().id};
}

}  // namespace

LlmToolWorker::LlmToolWorker(test::Stack& stack, const std::string& llm_url, size_t slots)
    : AskedWorker(stack), topic_(FirstTopic()) {
  test::WriteFile(dir_ / "lyceum.toml", ConfigOf(llm_url));
  process_ = stack.StartToolWorker(
      "tools-1", {"--config", dir_ / "lyceum.toml", "--prompts", test::SourceFile("ops/prompts"),
                  "--slots", std::to_string(slots)});
  WaitUntilItAnswers();
}

// By a first call: it says that it has started before the server has heard that it listens.
void LlmToolWorker::WaitUntilItAnswers() {
  const wire::Message first = NextRequest();
  const bool accepted =
      test::Eventually(kPatience, [&] { return session().Request(first, kPatience).has_value(); });
  if (!accepted) throw std::runtime_error("the tool worker does not start: " + log());
  while (!said_.empty()) Hear();
}

wire::Message LlmToolWorker::NextRequest() {
  envelope::ToolRequest request;
  request.id = CallId(fmt::format("call-{}", ++asked_));
  request.tool = tutor::Tool::kClarifyConcept;
  request.user = UserId(fmt::format("learner-{}", asked_ % kLearners));
  request.deadline_ms = UnixMs() + milliseconds(kCallTime).count();
  request.reply_subject = subjects_.In(envelope::RecordClass::kTool, request.user);
  request.stream_subject = subjects_.Out(ClientId(kClient));
  request.args = tutor::ClarifyConceptArgs{topic_, "How do I add two fractions?", {}, {}};
  said_[request.id.value];
  wire::Message message;
  message.subject = subjects_.ToolRequests(tutor::Name(request.tool));
  message.data = envelope::EncodeToolRequest(request, envelope::Encoding::kProtobuf);
  return message;
}

void LlmToolWorker::Ask() { Send(NextRequest()); }

AskedWorker::Heard LlmToolWorker::Take(const wire::Message& message, bool delta) {
  if (delta) return TakeDelta(message);
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  const auto ack = envelope::DecodeToolAck(message.data, encoding);
  Require(ack && ack->accepted, "a request was not accepted");
  return {};
}

AskedWorker::Heard LlmToolWorker::TakeDelta(const wire::Message& message) {
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  const auto received = envelope::DecodeClientMessage(message.data, encoding);
  Require(received && received->is_delta, "that is no delta");
  const auto call = said_.find(received->request_id);
  Require(call != said_.end() && received->offset == call->second.size(),
          "a delta that does not go on where the one before has ended");
  call->second += received->delta_text;
  const std::string_view whole = kModelText;
  Require(whole.starts_with(call->second), "the model has said something else");
  if (call->second.size() < whole.size()) return {.delta = true};
  said_.erase(call);
  return {.delta = true, .whole = true};
}

double LlmToolWorker::FirstDelta() {
  const Deadline begun = Steady::now();
  Ask();
  double first_s = -1;
  while (!said_.empty()) {
    const bool delta = Hear().delta;
    if (delta && first_s < 0) first_s = SecondsSince(begun);
  }
  return first_s;
}

Sent LlmToolWorker::Stop() {
  process_->Terminate();
  Require(process_->Wait(In(std::chrono::seconds(60))) == 0, "the tool worker does not end well");
  std::istringstream lines(process_->err());
  for (std::string line; std::getline(lines, line);) {
    if (line.find(kStoppedLine) == std::string::npos) continue;
    const auto json = nlohmann::json::parse(line);
    return {.asked = asked_,
            .accepted = json.at("accepted"),
            .results = json.at("results"),
            .errors = json.at("errors"),
            .drained = json.at("drained")};
  }
  throw std::runtime_error("the tool worker does not say what it has done");
}

}  // namespace lyceum::bench
