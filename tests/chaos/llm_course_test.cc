// A whole course with a language model that misbehaves in every fifth call, and that gives keys
// away wherever it can.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>

#include "classroom.h"
#include "course_key.h"
#include "support/eventually.h"
#include "support/llm_server.h"
#include "support/nats_server.h"
#include "support/seed.h"
#include "support/stack.h"
#include "tools/course_file.h"
#include "wire/http.h"

namespace lyceum::chaos {
namespace {

using test::LlmCall;
using test::LlmReply;
using test::Trouble;

// What nobody but the model says; the key of the question that its prompt holds follows.
constexpr std::string_view kLeak = "Believe me: the answer is ";

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

constexpr std::array kTroubles = {Trouble::kStatus,
                                  Trouble::kErrorEvent,
                                  Trouble::kErrorEventLate,
                                  Trouble::kNoFirstByte,
                                  Trouble::kStall,
                                  Trouble::kCutInEvent,
                                  Trouble::kCutInCharacter,
                                  Trouble::kCutBeforeEnd,
                                  Trouble::kHugeBody,
                                  Trouble::kHugeEvent,
                                  Trouble::kWrongContentType,
                                  Trouble::kInvalidJson,
                                  Trouble::kInvalidUtf8,
                                  Trouble::kRefusal,
                                  Trouble::kMaxTokens,
                                  Trouble::kOnlyEmptyChoices,
                                  Trouble::kNoFinishReason,
                                  Trouble::kNotStreamed,
                                  Trouble::kRedirect};
constexpr std::array kStatuses = {400, 401, 403, 404, 408, 409, 413, 429, 500, 503, 529};

// The model of the configuration is the name of the tool: so the server knows what it is asked.
class Model {
 public:
  Model(const std::string& course, uint64_t seed) : seed_(seed) {
    auto read = tools::ReadCourseFile(course);
    if (!read) throw std::runtime_error(read.error().text);
    for (const tutor::Topic& topic : read->course.topics) {
      for (const tutor::Question& question : topic.questions) questions_.push_back(question);
    }
  }

  LlmReply operator()(const LlmCall& call) {
    const uint64_t roll = Mix(seed_ + call.number * 0x9e3779b97f4a7c15);
    LlmReply reply;
    reply.text = TextFor(call, roll);
    reply.piece_bytes = 1 + roll % 23;
    if ((roll >> 8) % 5 != 0) return reply;
    ++troubles;
    reply.trouble = kTroubles[(roll >> 16) % kTroubles.size()];
    reply.status = kStatuses[(roll >> 24) % kStatuses.size()];
    if (reply.trouble == Trouble::kStatus && (roll >> 32) % 2 == 0) reply.retry_after_ms = "5";
    return reply;
  }

  std::atomic<uint64_t> troubles{0}, leaks{0};

 private:
  std::string TextFor(const LlmCall& call, uint64_t roll) {
    if (call.model == "check_answer") {
      return R"({"verdict":"incorrect","score":0,"confidence":0.9,"known_error_id":"","feedback":"Öh, no."})";
    }
    if (call.model == "classify_intent") return R"({"intent":"question","confidence":0.9})";
    std::string text = "Think of a cake – cut it, and count the pieces. ";
    if ((roll >> 40) % 3 != 0) text += Leak(call);
    text += "Then say what you see.";
    if (call.model != "diagnose_error") return text;
    return R"({"hypotheses":[{"error_id":"","label":"a slip","confidence":0.8}],"text":")" + text +
           R"(","probe":"Which part is the whole?"})";
  }

  // Of the open question, which stands first behind these words of the prompts. The history behind
  // it holds closed ones, whose keys are no secret.
  std::string Leak(const LlmCall& call) {
    const size_t open = call.last_user_text.find("The open question");
    if (open == std::string::npos) return {};
    const tutor::Question* first = nullptr;
    size_t first_at = std::string::npos;
    for (const tutor::Question& question : questions_) {
      const size_t at = call.last_user_text.find(question.text, open);
      if (at >= first_at) continue;
      first_at = at;
      first = &question;
    }
    if (first == nullptr) return {};
    ++leaks;
    return fmt::format("{}{}. ", kLeak, first->answers.front());
  }

  const uint64_t seed_;
  std::vector<tutor::Question> questions_;
};

// Everything a learner reads, looked through for keys.
class Watch {
 public:
  explicit Watch(const AnswerKey& key) : key_(key) {}

  void operator()(size_t learner, const envelope::ReceivedMessage& received) {
    if (received.is_retract) {
      ++retracts;
      said_.erase({learner, received.request_id});
      return;
    }
    if (received.is_delta) {
      ++deltas;
      std::string& said = said_[{learner, received.request_id}];
      if (received.offset != said.size()) {
        complaints.insert(fmt::format("{}: a delta at {} after {} bytes", received.request_id,
                                      received.offset, said.size()));
      }
      said += received.delta_text;
      Look(said);
      return;
    }
    // The last rung may give the answer away.
    const auto* hint = std::get_if<tutor::HintOut>(&received.message.body);
    if (hint == nullptr || hint->level < hint->of) Look(Line(received.message));
  }

  uint64_t deltas = 0, retracts = 0;
  std::set<std::string> complaints;

 private:
  void Look(const std::string& text) {
    const size_t at = text.find(kLeak);
    if (at == std::string::npos) return;
    const std::string_view said = std::string_view(text).substr(at + kLeak.size());
    for (const auto& [question, answer] : key_) {
      if (said.starts_with(answer)) complaints.insert(text);
    }
  }
  const AnswerKey& key_;
  std::map<std::pair<size_t, std::string>, std::string> said_;
};

double Metric(const std::string& metrics, const std::string& name) {
  const size_t at = metrics.find("\n" + name + "{");
  if (at == std::string::npos) return -1;
  return std::stod(metrics.substr(metrics.find("} ", at) + 2));
}

class LlmCourse : public testing::Test {
 protected:
  void Run(const std::string& api, size_t learners) {
    const uint64_t seed = test::Seed();
    const std::string file = test::SourceFile("ops/courses/fractions.toml");
    Model model(file, seed);
    test::LlmServer server([&](const LlmCall& call) { return model(call); });
    test::TempDir dir;
    test::WriteFile(dir / "lyceum.toml", Config(api, server.url()));
    const std::string listen = fmt::format("127.0.0.1:{}", test::FreePort());

    test::Stack stack;
    stack.ImportCourse(file);
    stack.StartSessionWorker();
    const auto tools = stack.StartToolWorker(
        "tools-1", {"--config", dir / "lyceum.toml", "--prompts", test::SourceFile("ops/prompts"),
                    "--slots", "32", "--metrics-listen", listen});
    const Course course = ReadCourse(file);
    Watch watch(course.key);
    Classroom classroom(stack.nats().Connect("gateway"), envelope::Subjects(),
                        {.course = course.id,
                         .key = course.key,
                         .seed = seed,
                         .learners = learners,
                         .watch = [&](size_t learner, const envelope::ReceivedMessage& received) {
                           watch(learner, received);
                         }});
    EXPECT_TRUE(classroom.Run(In(std::chrono::seconds(120)), [](uint64_t) { return false; }))
        << stack.session_worker_logs() << tools->err();
    EXPECT_EQ(classroom.Complaints(), std::vector<std::string>());
    EXPECT_EQ(watch.complaints, std::set<std::string>());

    std::string metrics;
    EXPECT_TRUE(test::Eventually(std::chrono::seconds(20), [&] {
      metrics = Metrics(listen);
      return Metric(metrics, "lyceum_llm_running") == 0;
    })) << metrics;
    fmt::print("{}: {} calls, {} in trouble, {} leaks tried, {} deltas, {} retracts\n", api,
               server.call_count(), model.troubles.load(), model.leaks.load(), watch.deltas,
               watch.retracts);
    EXPECT_GT(model.troubles, 10u);
    EXPECT_GT(model.leaks, 10u);
    EXPECT_GT(watch.deltas, 20u);
    // Nothing is asked, and so nothing billed, that the accounts do not know.
    EXPECT_EQ(Metric(metrics, "lyceum_llm_requests_total"), server.call_count()) << metrics;
    for (const LlmCall& call : server.calls()) {
      EXPECT_EQ(call.anthropic, api == "anthropic");
    }
  }

  static std::string Config(const std::string& api, const std::string& url) {
    std::string models;
    for (const char* tool :
         {"present_material", "clarify_concept", "check_answer", "give_hint", "generate_question",
          "remediate_known_error", "diagnose_error", "classify_intent"}) {
      models += fmt::format("{}{} = \"{}\"", models.empty() ? "" : ", ", tool, tool);
    }
    return fmt::format(
        "[llm]\n[[llm.provider]]\nname = \"fake\"\napi = \"{}\"\nbase_url = \"{}\"\n"
        "model = \"other\"\nmodels = {{ {} }}\nfirst_byte_ms = 400\nbetween_bytes_ms = 400\n"
        "whole_ms = 4000\nbackoff_ms = 10\nbreaker_open_ms = 10\n",
        api, api == "openai" ? url + "/v1" : url, models);
  }

  static std::string Metrics(const std::string& listen) {
    auto http = wire::HttpClient::Start({});
    if (!http) throw std::runtime_error(http.error().text);
    auto transfer = (*http)->Begin({.method = "GET",
                                    .url = "http://" + listen + "/metrics",
                                    .headers = {},
                                    .body = {},
                                    .deadline = In(std::chrono::seconds(5))});
    auto head = Wait(transfer.Head());
    if (!head) throw std::runtime_error(head.error().text);
    auto body = Wait(transfer.ReadAll(1 << 20));
    if (!body) throw std::runtime_error(body.error().text);
    return *body;
  }
};

TEST_F(LlmCourse, EveryLearnerCompletesWithAnthropicsFormat) { Run("anthropic", 60); }
TEST_F(LlmCourse, EveryLearnerCompletesWithOpenAisFormat) { Run("openai", 60); }

}  // namespace
}  // namespace lyceum::chaos
