// Whatever is wrong with an event is refused with a sentence that names the field and quotes
// nothing.
#include <gtest/gtest.h>

#include <limits>

#include "contract.h"
#include "lyceum/v1/lyceum.pb.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

std::string Refusal(std::string_view json, RecordClass record_class = RecordClass::kUser,
                    Encoding encoding = kJson) {
  const auto decoded = DecodeEvent(json, encoding, record_class);
  if (decoded) return "accepted";
  EXPECT_EQ(decoded.error().fault, Fault::kReject);
  return decoded.error().text;
}

std::string ToolRefusal(std::string_view tool, std::string_view ok) {
  return Refusal(ToolResultEvent(tool, ok), RecordClass::kTool);
}

const char kIdRule[] = ": must be 1 to 128 bytes without control characters";
const char kTokenRule[] =
    ": must be a subject token: [A-Za-z0-9_-]{1,64}, or ~ and base64url of the id, 128 characters "
    "at most";

TEST(Refusals, Ids) {
  const std::string rule = std::string("id") + kIdRule;
  EXPECT_EQ(Refusal(R"({"hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":"","hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":"a\r\nb","hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":"a\u0000","hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":"a\u007f","hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":"a\u0085","hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":")" + std::string(129, 'a') + R"(","hint":{}})"), rule);
  EXPECT_EQ(Refusal(R"({"id":")" + std::string(128, 'a') + R"(","hint":{}})"), "accepted");
  EXPECT_EQ(Refusal("{\"id\":\"a b \xF0\x9F\xA6\x89 \xC2\xA0\",\"hint\":{}}"), "accepted");
}

TEST(Refusals, ClientsAndTraces) {
  const std::string rule = std::string("client") + kTokenRule;
  for (const std::string client :
       {"a.b", "*", ">", "a b", "a\\r\\nPUB x 0", "~", "~YQ==", "\xF0\x9F\xA6\x89"}) {
    EXPECT_EQ(Refusal(R"({"id":"e","client":")" + client + R"(","hint":{}})"), rule) << client;
  }
  EXPECT_EQ(Refusal(R"({"id":"e","client":"","hint":{}})"), "accepted");
  EXPECT_EQ(Refusal(R"({"id":"e","trace":")" + std::string(129, '0') + R"(","hint":{}})"),
            std::string("trace") + kIdRule);
  EXPECT_EQ(Refusal(R"({"id":"e","trace":"00\r\nX: y","hint":{}})"),
            std::string("trace") + kIdRule);
}

TEST(Refusals, TheKindMustBeSetAndBelongToItsClass) {
  EXPECT_TRUE(Refusal(R"({"id":"e"})").starts_with("kind: one must be set: start, message, hint"));
  EXPECT_TRUE(Refusal(R"({"id":"e","hint":null})").starts_with("kind: one must be set: "));
  EXPECT_EQ(Refusal(R"({"id":"e","hint":{},"skip":{}})"),
            "the message: more than one of its kinds is set");
  for (const auto& [own_class, json] : EventSamples()) {
    for (const RecordClass record_class :
         {RecordClass::kUser, RecordClass::kAdmin, RecordClass::kTool, RecordClass::kTimer,
          RecordClass::kTeacher}) {
      if (record_class == own_class) continue;
      const std::string text = Refusal(json, record_class);
      EXPECT_NE(text.find(": belongs to class " + std::string(Name(own_class)) +
                          ", and the subject says " + std::string(Name(record_class))),
                std::string::npos)
          << text;
    }
  }
  EXPECT_EQ(Refusal(R"({"id":"e","message":{"text":"x"}})", RecordClass::kAdmin),
            "message: belongs to class user, and the subject says admin");
}

TEST(Refusals, Start) {
  const auto start = [](const std::string& inner) {
    return Refusal(R"({"id":"e","start":{)" + inner + "}}");
  };
  const std::string long_text(513, 'a');
  EXPECT_EQ(start(""), std::string("start.course") + kIdRule);
  EXPECT_EQ(start(R"("course":")" + std::string(129, 'a') + R"(")"),
            std::string("start.course") + kIdRule);
  EXPECT_EQ(start(R"("course":"a","topic":")" + std::string(129, 'a') + R"(")"),
            std::string("start.topic") + kIdRule);
  EXPECT_EQ(start(R"("course":"a","version":"\n")"), std::string("start.version") + kIdRule);
  EXPECT_EQ(start(R"("course":"a","busy_policy":"later")"),
            "start.busy_policy: must be one of reply_wait, defer, interrupt");
  for (const std::string field : {"tone", "persona", "language"}) {
    EXPECT_EQ(start(R"("course":"a","context":{")" + field + R"(":")" + long_text + R"("})"),
              "start.context." + field + ": must be at most 512 bytes");
  }
  EXPECT_EQ(start(R"("course":"a","context":{"supervision":"drafts"})"),
            "start.context.supervision: must be one of none, draft");
  EXPECT_EQ(start(R"("course":"a","context":{"supervision":"draft","undecided":"never"})"),
            "start.context.undecided: must be one of authored, as_is");
  for (const char* seconds : {"4", "3601"}) {
    EXPECT_EQ(start(R"("course":"a","context":{"decide_seconds":)" + std::string(seconds) + "}"),
              "start.context.decide_seconds: must be 0 for the default, or 5 to 3600");
  }
  EXPECT_EQ(start(R"("course":"a","context":{"objectives":["x",")" + long_text + R"("]})"),
            "start.context.objectives: must be at most 512 bytes");
  std::string many = R"("x")";
  for (int i = 0; i < 16; ++i) many += R"(,"x")";
  EXPECT_EQ(start(R"("course":"a","context":{"objectives":[)" + many + "]}"),
            "start.context.objectives: must be at most 16");
}

TEST(Refusals, OtherKinds) {
  EXPECT_EQ(Refusal(R"({"id":"e","message":{"text":"x","intent":7}})"),
            "message.intent: must be one of UNSPECIFIED, ANSWER, QUESTION");
  EXPECT_EQ(Refusal(R"({"id":"e","timer":{}})", RecordClass::kTimer),
            std::string("timer.token") + kIdRule);
  EXPECT_EQ(Refusal(R"({"id":"e","goto_topic":{}})", RecordClass::kAdmin),
            std::string("goto_topic.topic") + kIdRule);
  EXPECT_EQ(Refusal(R"({"id":"e","end":{"reason":")" + std::string(513, 'a') + R"("}})",
                    RecordClass::kAdmin),
            "end.reason: must be at most 512 bytes");
  EXPECT_EQ(Refusal(R"({"id":"e","shutdown":{"reason":")" + std::string(513, 'a') + R"("}})",
                    RecordClass::kAdmin),
            "shutdown.reason: must be at most 512 bytes");
  EXPECT_EQ(
      Refusal(R"({"id":"e","force_remediation":{"error_id":")" + std::string(129, 'a') + R"("}})",
              RecordClass::kAdmin),
      std::string("force_remediation.error_id") + kIdRule);
}

// The session answers these itself.
TEST(Refusals, LongAndEmptyTextsPass) {
  EXPECT_EQ(Refusal(R"({"id":"e","message":{"text":""}})"), "accepted");
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const auto event = [&](size_t bytes) {
      return EncodeEvent({EventId("e"),
                          {},
                          encoding,
                          tutor::UserMessage{std::string(bytes, 'a'), tutor::Intent::kAnswer}},
                         encoding);
    };
    const auto decoded = DecodeEvent(event(900 * 1024), encoding, RecordClass::kUser);
    ASSERT_TRUE(decoded) << decoded.error().text;
    EXPECT_EQ(std::get<tutor::UserMessage>(decoded->event.kind).text.size(), 900u * 1024);
    EXPECT_EQ(Refusal(event(900 * 1024 + 1), RecordClass::kUser, encoding),
              "message.text: must be at most 921600 bytes");
    EXPECT_EQ(Refusal(event(1024 * 1024), RecordClass::kUser, encoding),
              "the payload: 1 MiB at most");
  }
}

TEST(Refusals, ToolResults) {
  const auto result = [](const std::string& inner) {
    return Refusal(R"({"id":"e","tool_result":{)" + inner + "}}", RecordClass::kTool);
  };
  const std::string tools =
      "load_topic, present_material, clarify_concept, generate_question, check_answer, give_hint, "
      "remediate_known_error, diagnose_error, classify_intent";
  EXPECT_EQ(result(R"("error":{"code":"lost"})"), std::string("tool_result.id") + kIdRule);
  EXPECT_EQ(result(R"("id":"1")"), "tool_result.outcome: one must be set: ok, error");
  EXPECT_EQ(result(R"("id":"1","ok":{})"), "tool_result.ok: one must be set: " + tools);
  EXPECT_EQ(result(R"("id":"1","tool":"sing","error":{"code":"x"})"),
            "tool_result.tool: must be one of " + tools);
  EXPECT_EQ(result(R"("id":"1","tool":"give_hint","ok":{"present_material":{"text":"x"}})"),
            "tool_result.tool: must be present_material, as the result in ok is");
  EXPECT_EQ(result(R"("id":"1","ok":{"give_hint":{}},"error":{"code":"x"})"),
            "tool_result: more than one of its kinds is set");
  EXPECT_EQ(result(R"("id":"1","tool":"give_hint","ok":{"give_hint":{},"present_material":{}})"),
            "tool_result.ok: more than one of its kinds is set");
  EXPECT_EQ(result(R"("id":"1","error":{})"), "tool_result.error.code: must not be empty");
  EXPECT_EQ(result(R"("id":"1","error":{"code":")" + std::string(65, 'a') + R"("})"),
            "tool_result.error.code: must be at most 64 bytes");
  EXPECT_EQ(result(R"("id":"1","worker":"a\nb","error":{"code":"x"})"),
            std::string("tool_result.worker") + kIdRule);
}

TEST(Refusals, WordsThatNoTableHas) {
  EXPECT_EQ(ToolRefusal("check_answer", R"({"verdict":"right"})"),
            "tool_result.ok.check_answer.verdict: must be one of correct, partially_correct, "
            "incorrect, invalid, not_an_answer, ungraded");
  EXPECT_EQ(ToolRefusal("classify_intent", R"({"intent":"ANSWER"})"),
            "tool_result.ok.classify_intent.intent: must be one of answer, question, hint, skip, "
            "continue, off_topic");
  EXPECT_EQ(ToolRefusal("generate_question", R"({"text":"x","format":"essay"})"),
            "tool_result.ok.generate_question.format: must be one of choice, numeric, expression, "
            "equation, interval, list, text");
  EXPECT_EQ(
      ToolRefusal(
          "load_topic",
          R"({"topic":"t","course":"c","questions":[{"id":"q","format":"text"},{"id":"r"}]})"),
      "tool_result.ok.load_topic.questions[1].format: must be one of choice, numeric, "
      "expression, equation, interval, list, text");
}

TEST(Refusals, NumbersOutOfRange) {
  const std::string path = "tool_result.ok.check_answer.";
  for (const std::string number : {"-0.01", "1.01", "1e300", "\"NaN\"", "\"Infinity\""}) {
    EXPECT_EQ(ToolRefusal("check_answer", R"({"verdict":"correct","score":)" + number + "}"),
              path + "score: must be a number from 0 to 1");
    EXPECT_EQ(ToolRefusal("check_answer", R"({"verdict":"correct","confidence":)" + number + "}"),
              path + "confidence: must be a number from 0 to 1");
    EXPECT_EQ(ToolRefusal(
                  "check_answer",
                  R"({"verdict":"correct","known_error":{"id":"e","confidence":)" + number + "}}"),
              path + "known_error.confidence: must be a number from 0 to 1");
    EXPECT_EQ(
        ToolRefusal("diagnose_error", R"({"hypotheses":[{"confidence":)" + number + "}]}"),
        "tool_result.ok.diagnose_error.hypotheses[0].confidence: must be a number from 0 to 1");
    EXPECT_EQ(ToolRefusal("classify_intent", R"({"intent":"hint","confidence":)" + number + "}"),
              "tool_result.ok.classify_intent.confidence: must be a number from 0 to 1");
  }
  EXPECT_EQ(ToolRefusal("generate_question", R"({"format":"numeric","tolerance":-1})"),
            "tool_result.ok.generate_question.tolerance: must be a number of 0 or more");
  v1::Event event;
  event.set_id("e");
  event.mutable_tool_result()->set_id("1");
  event.mutable_tool_result()->set_tool("check_answer");
  auto* ok = event.mutable_tool_result()->mutable_ok()->mutable_check_answer();
  ok->set_verdict("correct");
  ok->set_score(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(Refusal(event.SerializeAsString(), RecordClass::kTool, kProtobuf),
            path + "score: must be a number from 0 to 1");
}

TEST(Refusals, ToolTextsOverTheirBound) {
  const std::string text = R"({"text":")" + std::string(64 * 1024 + 1, 'a') + R"("})";
  const std::string rule = "text: must be at most 65536 bytes";
  for (const std::string tool : {"present_material", "clarify_concept", "give_hint",
                                 "remediate_known_error", "diagnose_error"}) {
    EXPECT_EQ(ToolRefusal(tool, text), "tool_result.ok." + tool + "." + rule);
  }
  EXPECT_EQ(ToolRefusal("check_answer", R"({"verdict":"correct","feedback":)" + text + "}"),
            "tool_result.ok.check_answer.feedback." + rule);
  EXPECT_EQ(ToolRefusal("generate_question", text),
            "tool_result.ok.generate_question." + rule + " with all that belongs to the question");
  EXPECT_EQ(ToolRefusal("load_topic", R"({"topic":"t","course":"c","material":[")" +
                                          std::string(256 * 1024, 'a') + R"("]})"),
            "tool_result.ok.load_topic.topic: must be at most 256 KiB as a whole");
  EXPECT_EQ(DecodeTopic(R"({"topic":"t","course":"c","material":[")" +
                        std::string(256 * 1024, 'a') + R"("]})")
                .error()
                .text,
            "the topic: 256 KiB at most");
}

TEST(Refusals, Topics) {
  const auto refusal = [](const std::string& json) { return DecodeTopic(json).error().text; };
  EXPECT_EQ(refusal(R"({"course":"c"})"), std::string("topic") + kIdRule);
  EXPECT_EQ(refusal(R"({"topic":"t"})"), std::string("course") + kIdRule);
  EXPECT_EQ(refusal(R"({"topic":"t","course":"c","questions":[{"format":"text"}]})"),
            std::string("questions[0].id") + kIdRule);
  EXPECT_EQ(refusal(R"({"topic":"t","course":"c","questions":[{"id":"q","format":"text",)"
                    R"("known_errors":[{"text":"x"}]}]})"),
            std::string("questions[0].known_errors[0].id") + kIdRule);
}

TEST(Refusals, ToolRequestsAndSignals) {
  const auto request = [](const std::string& json) {
    return DecodeToolRequest(json, kJson).error().text;
  };
  EXPECT_EQ(request(R"({"id":"1","tool":"give_hint","user":"a.b"})"),
            std::string("user") + kTokenRule);
  EXPECT_EQ(request(R"({"id":"1","tool":"give_hint","user":"ana","args":{"load_topic":{}}})"),
            "args: must be of the tool that is asked for");
  EXPECT_TRUE(request(R"({"id":"1","tool":"load_topic","user":"ana"})")
                  .starts_with("args.tool: one must be set: load_topic, "));
  v1::ToolRequest late;
  late.set_id("1");
  late.set_tool("load_topic");
  late.set_user("ana");
  late.mutable_args()->mutable_load_topic();
  late.mutable_deadline()->set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(DecodeToolRequest(late.SerializeAsString(), kProtobuf).error().text,
            "deadline: must be a time of the years 1 to 9999");
  EXPECT_EQ(DecodeToolAck(R"({"id":"1"})", kJson).error().text,
            "answer: one must be set: accepted, busy");
  EXPECT_EQ(DecodeToolAck(R"({"id":"1","accepted":{}})", kJson).error().text,
            std::string("accepted.worker") + kTokenRule);
  EXPECT_EQ(DecodeToolHeartbeat(R"({"worker":"a b"})", kJson).error().text,
            std::string("worker") + kTokenRule);
  EXPECT_EQ(DecodeToolCancel("{}", kJson).error().text, std::string("id") + kIdRule);
  EXPECT_EQ(DecodeQuery(R"({"history_max":10001})", kJson).error().text,
            "history_max: must be at most 10000");
  EXPECT_EQ(DecodeClientMessage(R"({"user":"ana","state":"exposition"})", kJson).error().text,
            "body: one must be set: text, question, feedback, hint, wait, error, progress, "
            "completed, delta, retract, resumed, detached");
  EXPECT_TRUE(DecodeClientMessage(R"({"user":"ana","state":"asleep","wait":{}})", kJson)
                  .error()
                  .text.starts_with("state: must be one of exposition, setting_question, "));
}

}  // namespace
}  // namespace lyceum::envelope
