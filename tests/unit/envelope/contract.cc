#include "contract.h"

namespace lyceum::envelope {
namespace {

// The middle of a tool request: the tool's name and its arguments.
std::string ToolRequestJson(const std::string& tool, const std::string& args) {
  return R"({"id":"3-17-1","attempt":2,"tool":")" + tool +
         R"(","user":"ana","deadline":"2026-01-31T08:15:30.500Z","reply_subject":"lyceum.in.tool.ana",)"
         R"("stream_subject":"lyceum.out.c1","args":{")" +
         tool + R"(":)" + args +
         R"(},"context":{"tone":"kind","persona":"owl","objectives":["pass","enjoy"],"language":"en",)"
         R"("supervision":"draft","undecided":"as_is","decide_seconds":90},)"
         R"("trace":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","stream_json":true,)"
         R"("stream_subjects":["lyceum.out.c1","lyceum.out.c0"],)"
         R"("stream_json_subjects":["lyceum.out.c1"]})";
}

const char kRef[] = R"("ref":{"course":"algebra","version":"v1","topic":"lines"})";
const char kView[] =
    R"("question":{"id":"q1","text":"2+2?","format":"choice","choices":["3","4"]})";
const char kAttempts[] =
    R"("attempts":[{"answer":"3","verdict":"incorrect","error_id":"off_by_one"},)"
    R"({"answer":"4","verdict":"correct"}])";
const char kQuestion[] =
    R"({"id":"q1","text":"2+2?","format":"numeric","choices":["3","4"],"answers":["4","four"],)"
    R"("hints":["count","on your fingers"],"known_errors":[{"id":"off_by_one","answers":["3","5"],)"
    R"("text":"You slipped by one.","credit":0.25}],"solution":"2+2=4","tolerance":0.5,"unit":"m",)"
    R"("relative_tolerance":0.125,"significant_figures":3,"partial_credit":true})";

std::string MessageJson(const std::string& body) {
  return R"({"user":"ana","id":"3-17-0","n":5,"in_reply_to":"e1","at":"2026-01-31T08:15:00.123Z",)"
         R"("state":"awaiting_answer",)" +
         body + "}";
}

}  // namespace

std::string ToolResultEvent(std::string_view tool, std::string_view ok) {
  return R"({"id":"r1","tool_result":{"id":"3-17-1","attempt":1,"tool":")" + std::string(tool) +
         R"(","ok":{")" + std::string(tool) + R"(":)" + std::string(ok) + "}}}";
}

const std::vector<EventSample>& EventSamples() {
  using enum RecordClass;
  static const std::vector<EventSample> kSamples = {
      {kUser,
       R"({"id":"e1","client":"c1","trace":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
       R"("start":{"course":"algebra","version":"v1","topic":"lines","context":{"tone":"kind",)"
       R"("persona":"owl","objectives":["pass","enjoy"],"language":"en"},"busy_policy":"defer",)"
       R"("again":true}})"},
      {kUser, R"({"id":"e2","client":"c1","start":{"course":"algebra"}})"},
      {kUser,
       R"({"id":"e2s","client":"c1","start":{"course":"algebra","context":{"supervision":"draft",)"
       R"("undecided":"as_is","decide_seconds":90}}})"},
      {kTeacher, R"({"id":"e2a","client":"t1","supervise":{"draft":"3-17-1","approve":{}}})"},
      {kTeacher,
       R"({"id":"e2e","client":"t1","supervise":{"draft":"3-17-1","edit":"A slope rises."}})"},
      {kTeacher, R"({"id":"e2r","supervise":{"draft":"3-17-1","replace":"Look at page 4."}})"},
      {kUser, R"({"id":"e3","client":"c1","message":{"text":"x = 4","intent":"ANSWER"}})"},
      {kUser, R"({"id":"e4","client":"~YS5i","message":{"text":"why?","intent":"QUESTION"}})"},
      {kUser, R"({"id":"e5","message":{"text":"hm"}})"},
      {kUser, R"({"id":"e6","message":{}})"},
      {kUser, R"({"id":"e7","client":"c1","hint":{}})"},
      {kUser, R"({"id":"e8","client":"c1","skip":{}})"},
      {kUser, R"({"id":"e9","client":"c1","continue":{}})"},
      {kUser, R"({"id":"e10","client":"c1","attach":{"after_n":12}})"},
      {kUser, R"({"id":"e10s","client":"c1","stop":{}})"},
      {kUser, R"({"id":"e10r","client":"c1","review":{"n":7,"text":"It is the same number."}})"},
      {kUser, R"({"id":"e11","client":"c1","detach":{}})"},
      {kTimer, R"({"id":"e12","timer":{"token":"3-17-2"}})"},
      {kAdmin, R"({"id":"e13","client":"op","force_remediation":{"error_id":"off_by_one"}})"},
      {kAdmin, R"({"id":"e14","force_skip":{}})"},
      {kAdmin, R"({"id":"e15","goto_topic":{"topic":"slopes"}})"},
      {kAdmin, R"({"id":"e16","retry":{}})"},
      {kAdmin, R"({"id":"e17","end":{"reason":"term is over"}})"},
      {kAdmin, R"({"id":"e18","shutdown":{"reason":"maintenance"}})"},
      {kTool,
       R"({"id":"r1","tool_result":{"id":"3-17-1","attempt":2,"tool":"present_material",)"
       R"("worker":"t1","provider":"anthropic","model":"m","latency_ms":120,"usage":{"input_tokens":7,)"
       R"("output_tokens":8,"cached_tokens":9},"degraded":true,"ok":{"present_material":{"text":"A line."}},)"
       R"("attempts_made":4,"fallbacks":1,"first_text_ms":310,"functions":[{"name":"look_up","outcome":"ok",)"
       R"("argument_bytes":12,"result_bytes":345,"latency_ms":6},{"name":"unknown","outcome":"unknown"}],)"
       R"("authored":"A line is straight."}})"},
      {kTool, R"({"id":"r2","tool_result":{"id":"3-17-1","attempt":3,"error":{"code":"lost",)"
              R"("text":"no tool worker answered","retryable":true}}})"},
      {kTool, ToolResultEvent("load_topic", TopicSample())},
      {kTool, ToolResultEvent("load_topic", NamedTopicSample())},
      {kTool, ToolResultEvent("clarify_concept",
                              R"({"text":"A slope.","on_topic":true,"reveals_answer":true})")},
      {kTool, ToolResultEvent("generate_question", kQuestion)},
      {kTool,
       ToolResultEvent("check_answer",
                       R"({"question_id":"q1","verdict":"partially_correct","score":0.5,)"
                       R"("confidence":0.75,"method":"numeric","known_error":{"id":"off_by_one",)"
                       R"("confidence":0.25},"feedback":{"text":"Nearly.","reveals_answer":true},)"
                       R"("answer_note":"rounded"})")},
      {kTool,
       ToolResultEvent("give_hint", R"({"level":2,"of":3,"text":"Count.","bottom_out":true})")},
      {kTool,
       ToolResultEvent("remediate_known_error",
                       R"({"error_id":"off_by_one","strategy":"worked_example","text":"See.",)"
                       R"("probe":"And 3+3?","reveals_answer":true})")},
      {kTool, ToolResultEvent("diagnose_error",
                              R"({"hypotheses":[{"error_id":"off_by_one","label":"slip",)"
                              R"("confidence":0.5},{"label":"guess","confidence":0.25}],)"
                              R"("text":"It may be a slip.","probe":"And 3+3?"})")},
      {kTool, ToolResultEvent("classify_intent", R"({"intent":"off_topic","confidence":0.875})")},
  };
  return kSamples;
}

const std::vector<std::string>& ClientMessageSamples() {
  static const std::vector<std::string> kSamples = {
      MessageJson(R"("text":"A line is straight.")"),
      MessageJson(R"("question":{"id":"q1","text":"2+2?","format":"choice","choices":["3","4"]})"),
      MessageJson(R"("feedback":{"verdict":"incorrect","score":0.5,"text":"Not yet.",)"
                  R"("known_error":"off_by_one"})"),
      MessageJson(R"("feedback":{"verdict":"correct","score":1,"text":"Yes."})"),
      MessageJson(R"("hint":{"level":1,"of":3,"text":"Count."})"),
      MessageJson(R"("wait":{})"),
      MessageJson(R"("wait":{"kept":true,"place":3})"),
      MessageJson(R"("error":{"code":"unavailable","text":"Try again.","retryable":true})"),
      MessageJson(R"("progress":{"topic":"lines","done":2,"total":9})"),
      MessageJson(R"("completed":{})"),
      MessageJson(R"("retract":{"request_id":"3-17-1"})"),
      MessageJson(
          R"("resumed":{"first_n":4,"last_n":9,"topic":"lines","progress":{"topic":"lines",)"
          R"("done":2,"total":9},"question":{"id":"q1","text":"2+2?","format":"choice",)"
          R"("choices":["3","4"]}})"),
      MessageJson(R"("resumed":{"first_n":1})"),
      MessageJson(R"("detached":{"reason":"Too many clients."})"),
  };
  return kSamples;
}

const std::vector<std::string>& StreamSamples() {
  static const std::vector<std::string> kSamples = {
      R"({"user":"ana","delta":{"request_id":"3-17-1","attempt":1,"offset":42,"text":"A li"}})",
      R"({"user":"ana","retract":{"request_id":"3-17-1","attempt":2}})",
  };
  return kSamples;
}

const std::vector<std::string>& ToolRequestSamples() {
  const std::string ref = kRef;
  const std::string view = kView;
  const std::string learner =
      R"(,"learner":{"hints_shown":1,"questions_correct":4,"questions_incorrect":2})";
  const std::string attempts = kAttempts;
  static const std::vector<std::string> kSamples = {
      ToolRequestJson("load_topic", "{" + ref + "}"),
      ToolRequestJson("present_material", "{" + ref + R"(,"segment":3,"text":"A line."})"),
      ToolRequestJson("clarify_concept",
                      "{" + ref + R"(,"text":"why?",)" + view +
                          R"(,"recent":[{"index":9,"at":"2026-01-31T08:14:59Z","role":"learner",)"
                          R"("kind":"message","text":"hm"}],)" +
                          attempts + learner + "}"),
      ToolRequestJson("generate_question", "{" + ref + "}"),
      ToolRequestJson("check_answer", R"({"question":)" + std::string(kQuestion) +
                                          R"(,"answer":"4",)" + attempts + R"(,"grader":2})"),
      ToolRequestJson("give_hint",
                      "{" + ref + "," + view + R"(,"level":2,"of":3,)" + attempts + learner + "}"),
      ToolRequestJson("remediate_known_error",
                      "{" + ref +
                          R"(,"error_id":"off_by_one","error_text":"slipped",)"
                          R"("strategy":"explanation",)" +
                          view + R"(,"answer":"3",)" + attempts + learner + "}"),
      ToolRequestJson("diagnose_error",
                      "{" + ref + "," + view + R"(,"answer":"3",)" + attempts + "}"),
      ToolRequestJson("classify_intent", "{" + ref + "," + view + R"(,"text":"hm"})"),
  };
  return kSamples;
}

const std::vector<std::string>& ToolAckSamples() {
  static const std::vector<std::string> kSamples = {
      R"({"id":"3-17-1","accepted":{"worker":"t1"}})",
      R"({"id":"3-17-1","busy":{}})",
  };
  return kSamples;
}

const std::string& ToolHeartbeatSample() {
  static const std::string kSample =
      R"({"worker":"t1","tools":["check_answer","give_hint"],"slots":4,"free":2,"draining":true,)"
      R"("in_flight":["3-17-1","4-1-0"],"protobuf":true,"direct":true})";
  return kSample;
}

const std::string& WorkerHeartbeatSample() {
  static const std::string kSample =
      R"({"worker":"w1","boot":"b7","at":"2026-01-31T08:15:00.100Z","partitions":[)"
      R"({"partition":3,"position":"18","confirmed":"17","lineage":1,"fold_version":2,"digest":"0f",)"
      R"("state":"halted","halted_because":"the log lost its tail","checkpoint":"16","log_end":"20",)"
      R"("role":"owner","epoch":"7","moved_to":"w-2","erasing":true,"forgotten":"40"},)"
      R"({"partition":15,"position":"9007199254740993"}],"shard":1,"shards":2,"leaving":true,"forgets":true})";
  return kSample;
}

const std::vector<std::string>& PartitionCommandSamples() {
  static const std::vector<std::string> kSamples = {
      R"({"resume":{}})",
      R"({"rebuild":{"user":"ana"}})",
      R"({"move":{"worker":"w-2"}})",
      R"({"list":{"limit":500}})",
      R"({"list":{"after":"ana","limit":20,"state":"awaiting_answer","course":"fractions",)"
      R"("inactive_since":"2026-03-01T09:30:00Z","stuck":true,"like":"an"}})",
      R"({"list":{"limit":1,"state":"damaged"}})",
  };
  return kSamples;
}

const std::vector<std::string>& PartitionReplySamples() {
  static const std::vector<std::string> kSamples = {
      R"({"done":true,"records":"17"})",
      R"({"done":true,"sessions":[{"user":"ana","state":"awaiting_tool_result",)"
      R"("lifecycle":"active","course":"fractions","topic":"halves","tool":"check_answer",)"
      R"("deadline":"2026-03-01T09:30:05Z","at":"2026-03-01T09:30:00Z","last_seq":"17",)"
      R"("stuck":true},{"user":"bo","state":"damaged","stuck":true,"text":"Why."}],)"
      R"("next":"bo","looked":"2"})",
      R"({"error":{"code":"busy","text":"Try again.","retryable":true}})",
  };
  return kSamples;
}

const std::string& FunctionRequestSample() {
  static const std::string kSample =
      R"({"id":"3-17-0-fab-1","attempt":1,"tool":"look_up","user":"ann",)"
      R"("deadline":"2026-03-01T09:30:00.125Z","reply_subject":"_INBOX.tool_worker.x.7",)"
      R"("args":{"function":{"json":"{\"word\":\"ratio\"}"}},"trace":"00-0af7-b7ad-01"})";
  return kSample;
}

const std::string& FunctionResultSample() {
  static const std::string kSample =
      R"({"id":"3-17-0-fab-1","tool_result":{"id":"3-17-0-fab-1","attempt":1,"tool":"look_up",)"
      R"("worker":"t2","latency_ms":6,"ok":{"function":{"json":"{\"meaning\":7}"}}}})";
  return kSample;
}

const std::string& ToolRefusedSample() {
  static const std::string kSample = R"({"id":"3-17-1","reason":"score: must be at most 1"})";
  return kSample;
}

const std::string& BarrierSample() {
  static const std::string kSample = R"({"id":"b1","barrier":{"fold_version":2}})";
  return kSample;
}

const std::string& NamedTopicSample() {
  static const std::string sample =
      R"({"topic":"t1","course":"c1","version":"v1","digest":")" + std::string(64, 'a') + R"("})";
  return sample;
}

const std::string& TopicSample() {
  static const std::string kSample =
      R"({"topic":"lines","material":["A line.","A slope."],"questions":[)" +
      std::string(kQuestion) +
      R"(],"gate":{"window":5,"correct":4},"next_topic":"slopes","course":"algebra","version":"v1",)"
      R"("title":"Lines","generate_questions":true,"synonyms":[{"terms":["slope","steepness"]}],)"
      R"("supervision":{"undecided":"as_is","decide_seconds":60}})";
  return kSample;
}

}  // namespace lyceum::envelope
