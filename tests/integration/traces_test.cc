// One trace for each turn, from the gateway's caller to what leaves for the client: the real programs, a provider and a
// collector of OTLP that are the test's own.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <set>

#include "cli_fixture.h"
#include "otlp/v1/trace.pb.h"
#include "support/llm_server.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::LlmCall;
using test::LlmReply;
using test::LlmServer;
using test::Program;

constexpr char kLearner[] = "ada-of-the-test";
constexpr char kLearnersWords[] = "zebra-question";
constexpr char kModelsWords[] = "walrus-answer";
constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
constexpr char kCaller[] = "b7ad6b7169203331";

LlmReply Took() { return {.raw = {{""}}, .content_type = "application/x-protobuf"}; }

std::string Hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

struct Came {
  std::string program, name, id, parent;
  int kind = 0;
  bool error = false;
  std::map<std::string, std::string> attributes;
};

class Traces : public Installed {
 protected:
  Traces() {
    test::WriteFile(dir_ / "course.toml", kCourse);
    stack_.ImportCourse(dir_ / "course.toml");
    test::WriteFile(dir_ / "llm.toml",
                    fmt::format("[llm]\n[[llm.provider]]\nname = \"near\"\napi = \"openai\"\n"
                                "base_url = \"{}/v1\"\nkey_env = \"\"\nmodel = \"m-1\"\n",
                                provider_.url()));
  }
  void Start(const std::string& endpoint, const std::vector<std::string>& of_gateway = {}) {
    const auto with = [&](std::vector<std::string> args, const std::string& listen) {
      for (const std::string& arg : {std::string("--metrics-listen"), listen}) args.push_back(arg);
      if (!endpoint.empty()) args.insert(args.end(), {"--otlp-endpoint", endpoint});
      return args;
    };
    stack_.StartSessionWorker(with({}, sessions_));
    tools_ = stack_.StartToolWorker(
        "t1", with({"--config", dir_ / "llm.toml", "--prompts", test::SourceFile("ops/prompts")},
                   tool_listen_));
    std::vector<std::string> args = with(
        {Program("lyceum-gateway"), "--demo", "--web", "", "--listen", door_}, gateway_listen_);
    args.insert(args.end(), of_gateway.begin(), of_gateway.end());
    gateway_ = std::make_unique<test::Process>(args, stack_.nats().env_for("gateway"));
    for (const std::string& listen : {sessions_, tool_listen_, gateway_listen_}) {
      ASSERT_TRUE(
          test::Eventually(seconds(30), [&] { return Get(listen, "/readyz") == "ready\n"; }))
          << stack_.session_worker_logs() << tools_->err() << gateway_->err();
    }
    const json made =
        json::parse(Post("/v1/demo/token", json{{"learner", kLearner}}.dump(), {}), nullptr, false);
    ASSERT_TRUE(made.is_object() && made.contains("token")) << gateway_->err();
    token_ = made["token"].get<std::string>();
  }
  static std::string Get(const std::string& listen, const std::string& path,
                         const std::string& header = "X-None: 1") {
    return test::Run({"curl", "-s", "--max-time", "5", "-H", header, "http://" + listen + path})
        .out;
  }
  std::string Post(const std::string& path, const std::string& body,
                   const std::vector<std::string>& headers) {
    std::vector<std::string> args = {
        "curl", "-s", "--max-time", "10", "-H", "Content-Type: application/json", "-d", body};
    for (const std::string& header : headers) args.insert(args.end(), {"-H", header});
    args.push_back("http://" + door_ + path);
    return test::Run(args).out;
  }
  std::string Session() { return Get(door_, "/v1/sessions/me", "Authorization: Bearer " + token_); }
  // Stored, and answered by the model.
  void Send(const json& event, const std::string& traceparent = "") {
    std::vector<std::string> headers = {"Authorization: Bearer " + token_};
    if (!traceparent.empty()) headers.push_back("traceparent: " + traceparent);
    const std::string stored = Post("/v1/sessions/me/events", event.dump(), headers);
    ASSERT_NE(stored.find("sequence"), std::string::npos) << stored;
  }
  // A lesson begins, and a question of the learner's is answered.
  void AskQuestion(const std::string& traceparent = "") {
    Send({{"id", "e1"}, {"start", {{"course", "small"}}}});
    ASSERT_TRUE(test::Eventually(seconds(30),
                                 [&] {
                                   const json session = json::parse(Session(), nullptr, false);
                                   return session.is_object() &&
                                          session.value("busy", true) == false;
                                 }))
        << Session() << tools_->err();
    Send({{"id", "e2"}, {"message", {{"text", kLearnersWords}, {"intent", "QUESTION"}}}},
         traceparent);
    ASSERT_TRUE(test::Eventually(seconds(30),
                                 [&] {
                                   const std::string session = Session();
                                   return session.find(kLearnersWords) != std::string::npos &&
                                          session.rfind(kModelsWords) >
                                              session.find(kLearnersWords) &&
                                          session.find("\"busy\":false") != std::string::npos;
                                 }))
        << Session() << tools_->err();
  }
  // Of that trace; empty: of all.
  std::vector<Came> Spans(const std::string& trace) {
    std::vector<Came> spans;
    for (const LlmCall& call : collector_.calls()) {
      EXPECT_EQ(call.path, "/v1/traces");
      EXPECT_EQ(call.header("content-type"), "application/x-protobuf");
      otlp::v1::ExportRequest request;
      EXPECT_TRUE(request.ParseFromString(call.body));
      for (const auto& resource : request.resource_spans()) {
        const std::string program = resource.resource().attributes(0).value().string_value();
        for (const auto& span : resource.scope_spans(0).spans()) {
          EXPECT_EQ(span.trace_id().size(), 16u);
          EXPECT_GE(span.end_time_unix_nano(), span.start_time_unix_nano());
          if (!trace.empty() && Hex(span.trace_id()) != trace) continue;
          Came came{program,
                    span.name(),
                    Hex(span.span_id()),
                    Hex(span.parent_span_id()),
                    span.kind(),
                    span.has_status(),
                    {}};
          for (const auto& attribute : span.attributes()) {
            came.attributes[attribute.key()] = attribute.value().has_int_value()
                                                   ? std::to_string(attribute.value().int_value())
                                                   : attribute.value().string_value();
          }
          spans.push_back(std::move(came));
        }
      }
    }
    return spans;
  }
  static const Came* Find(const std::vector<Came>& spans, const std::string& name) {
    for (const Came& span : spans) {
      if (span.name == name) return &span;
    }
    return nullptr;
  }
  static double Value(const std::string& listen, const std::string& series) {
    const std::string page = "\n" + Get(listen, "/metrics");
    const size_t begin = page.find("\n" + series + " ");
    return begin == std::string::npos ? -1 : std::stod(page.substr(begin + series.size() + 2));
  }

  test::TempDir dir_;
  LlmServer provider_{[](const LlmCall&) { return LlmReply{.text = kModelsWords}; }};
  LlmServer collector_{[](const LlmCall&) { return Took(); }};
  const std::string sessions_ = fmt::format("127.0.0.1:{}", test::FreePort());
  const std::string tool_listen_ = fmt::format("127.0.0.1:{}", test::FreePort());
  const std::string gateway_listen_ = fmt::format("127.0.0.1:{}", test::FreePort());
  const std::string door_ = fmt::format("127.0.0.1:{}", test::FreePort());
  std::unique_ptr<test::Process> tools_, gateway_;
  std::string token_;
};

TEST_F(Traces, ATurnWithAToolAndAModelIsOneWholeTree) {
  Start(collector_.url());
  AskQuestion(fmt::format("00-{}-{}-01", kTrace, kCaller));
  const std::vector<std::pair<std::string, int>> wanted = {
      {"publish message", 4}, {"fold message", 5},     {"execute_tool clarify_concept", 1},
      {"chat m-1", 3},        {"fold tool_result", 5}, {"send messages", 4},
  };
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    const auto spans = Spans(kTrace);
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const auto& one) { return Find(spans, one.first) != nullptr; });
  }));
  const std::vector<Came> spans = Spans(kTrace);
  std::set<std::string> ids = {kCaller};
  for (const Came& span : spans) EXPECT_TRUE(ids.insert(span.id).second) << span.name;
  for (const Came& span : spans) {
    EXPECT_TRUE(ids.contains(span.parent)) << span.name;
    EXPECT_FALSE(span.error) << span.name;
  }
  for (const auto& [name, kind] : wanted) EXPECT_EQ(Find(spans, name)->kind, kind) << name;
  const Came* publish = Find(spans, "publish message");
  const Came* fold = Find(spans, "fold message");
  const Came* tool = Find(spans, "execute_tool clarify_concept");
  const Came* chat = Find(spans, "chat m-1");
  const Came* again = Find(spans, "fold tool_result");
  EXPECT_EQ(publish->parent, kCaller);
  EXPECT_EQ(publish->program, "lyceum-gateway");
  EXPECT_EQ(fold->parent, publish->id);
  EXPECT_EQ(fold->program, "lyceum-session-worker");
  EXPECT_EQ(tool->parent, fold->id);
  EXPECT_EQ(tool->program, "lyceum-tool-worker");
  EXPECT_EQ(chat->parent, tool->id);
  EXPECT_EQ(again->parent, tool->id);
  EXPECT_EQ(fold->attributes.at("lyceum.state.after"), "awaiting_tool_result");
  EXPECT_EQ(again->attributes.at("lyceum.state.before"), "awaiting_tool_result");
  EXPECT_EQ(tool->attributes.at("gen_ai.operation.name"), "execute_tool");
  EXPECT_EQ(tool->attributes.at("gen_ai.tool.name"), "clarify_concept");
  EXPECT_EQ(chat->attributes.at("gen_ai.operation.name"), "chat");
  EXPECT_EQ(chat->attributes.at("gen_ai.provider.name"), "openai");
  EXPECT_EQ(chat->attributes.at("gen_ai.request.model"), "m-1");
  EXPECT_EQ(chat->attributes.at("gen_ai.response.model"), "m-1");
  EXPECT_EQ(chat->attributes.at("gen_ai.usage.input_tokens"), "100");
  EXPECT_NE(chat->attributes.at("gen_ai.usage.output_tokens"), "0");
  // The log of the worker can be found by the trace.
  EXPECT_NE(tools_->err().find(fmt::format("\"trace\":\"{}\"", kTrace)), std::string::npos);
  for (const std::string& listen : {sessions_, tool_listen_, gateway_listen_}) {
    EXPECT_GT(Value(listen, "lyceum_spans_exported_total"), 0) << listen;
  }
}

TEST_F(Traces, NoWordOfAnybodyAndNoUserIsInThem) {
  Start(collector_.url());
  AskQuestion();
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    const auto spans = Spans("");
    return Find(spans, "chat m-1") != nullptr && Find(spans, "fold tool_result") != nullptr &&
           Find(spans, "publish message") != nullptr;
  }));
  gateway_->Terminate();
  tools_->Terminate();
  stack_.session_worker().Terminate();  // All that is left is sent.
  EXPECT_EQ(gateway_->Wait(In(seconds(20))), 0);
  EXPECT_EQ(tools_->Wait(In(seconds(20))), 0);
  EXPECT_EQ(stack_.session_worker().Wait(In(seconds(20))), 0);
  for (const LlmCall& call : collector_.calls()) {
    for (const char* secret : {kLearner, kLearnersWords, kModelsWords, "Two and two", "2 + 2"}) {
      EXPECT_EQ(call.body.find(secret), std::string::npos) << secret;
    }
    EXPECT_EQ(call.body.find(subjects_.In(envelope::RecordClass::kUser, UserId(kLearner))),
              std::string::npos);
    EXPECT_EQ(call.body.find(token_), std::string::npos);
  }
}

TEST_F(Traces, WhatTheCallerDoesNotSampleIsNotSent) {
  Start(collector_.url(), {"--trace-ratio", "1"});
  AskQuestion(fmt::format("00-{}-{}-00", kTrace, kCaller));
  // A trace of our own that comes after it is there.
  Send({{"id", "e3"}, {"hint", json::object()}});
  ASSERT_TRUE(
      test::Eventually(seconds(20), [&] { return Find(Spans(""), "fold hint") != nullptr; }));
  EXPECT_TRUE(Spans(kTrace).empty());
}

TEST_F(Traces, AStuckCollectorCostsNobodyAnything) {
  LlmServer stuck([](const LlmCall&) { return Took(); }, {.answers = false});
  Start(stuck.url());
  AskQuestion(fmt::format("00-{}-{}-01", kTrace, kCaller));
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return stuck.connections() >= 3; }));
  for (test::Process* process : {gateway_.get(), tools_.get(), &stack_.session_worker()}) {
    process->Terminate();
    EXPECT_EQ(process->Wait(In(seconds(20))), 0);
  }
}

TEST_F(Traces, ACollectorThatHasNoRoomCostsNobodyAnythingAndIsCounted) {
  LlmServer full([](const LlmCall&) {
    return LlmReply{.trouble = test::Trouble::kStatus, .status = 503, .retry_after = "3600"};
  });
  Start(full.url());
  AskQuestion(fmt::format("00-{}-{}-01", kTrace, kCaller));
  for (const std::string& listen : {sessions_, tool_listen_, gateway_listen_}) {
    EXPECT_TRUE(test::Eventually(seconds(20), [&] {
      return Value(listen, "lyceum_spans_dropped_total{reason=\"collector\"}") > 0;
    })) << listen;
    EXPECT_EQ(Value(listen, "lyceum_spans_exported_total"), 0) << listen;
  }
}

TEST(TraceSettings, WhatCannotBeIsRefusedAtTheStart) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"--otlp-endpoint", "nowhere"}, {"--trace-ratio", "2"}, {"--trace-ratio", "some"}}) {
    const test::Ran ran =
        test::Run({Program("lyceum-gateway"), "--demo", "--web", "", name, value});
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_NE(ran.err.find(name), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace lyceum
