// A tool worker whose tools ask language models: from a request on NATS to deltas and the result.
#include <gtest/gtest.h>

#include <map>

#include "base/check.h"
#include "llm_fixture.h"
#include "support/eventually.h"
#include "support/lateness.h"
#include "support/nats_server.h"
#include "toolhost/tool_worker.h"
#include "tutor/names.h"
#include "wire/jetstream.h"

namespace lyceum::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tutor::Tool;

constexpr seconds kWait{30};
constexpr char kSaid[] = "A leaf takes in light and air, and what it makes of them you will see.";

class LlmWorker : public LlmTutorTest {
 protected:
  LlmWorker() : server_({.roles = false, .jetstream = true}), nats_(server_.Connect("")) {}

  void Start(size_t slots) {
    wire::StreamConfig log;
    log.name = "RESULTS";
    log.subjects = {"lyceum.in.tool.*"};
    ASSERT_TRUE(wire::EnsureStream(*nats_, log));
    auto deltas = nats_->Subscribe("lyceum.out.*", "", heard_box_, 0);
    auto results = nats_->Subscribe("lyceum.in.tool.*", "", results_, 0);
    ASSERT_TRUE(deltas && results);
    subscriptions_.push_back(std::move(*deltas));
    subscriptions_.push_back(std::move(*results));
    loop_ = std::make_shared<wire::EventLoop>();
    Toolbox box = toolbox();
    auto worker =
        toolhost::ToolWorker::Start(server_.options_for(""), std::move(box),
                                    {.host = {.id = "w1", .slots = slots, .heartbeat = heartbeat_},
                                     .loop = loop_,
                                     .http = http_});
    ASSERT_TRUE(worker) << worker.error().text;
    worker_ = std::move(*worker);
  }
  void Dispatch(const std::string& id) {
    tutor::ClarifyConceptArgs args;
    args.text = "What does a leaf do?";
    args.ref = {CourseId("plants"), "v", TopicId("leaves")};
    envelope::ToolRequest request = Request(args);
    request.id = CallId(id);
    request.deadline_ms = UnixMs() + 60'000;
    request.reply_subject = "lyceum.in.tool.ada";
    request.stream_subject = "lyceum.out.c1";
    request.stream_json = true;
    wire::Message message;
    message.subject = envelope::Subjects().ToolRequests(tutor::Name(Tool::kClarifyConcept));
    message.data = envelope::EncodeToolRequest(request, envelope::Encoding::kJson);
    ASSERT_TRUE(
        test::Eventually(kWait, [&] { return nats_->Request(message, seconds(1)).has_value(); }));
  }
  // The next result of the log; empty: none came.
  std::optional<tutor::ToolReply> NextResult() {
    const auto message = results_->Pop(In(kWait));
    if (!message) return std::nullopt;
    const auto event = envelope::DecodeEvent(message->data, envelope::Encoding::kProtobuf,
                                             envelope::RecordClass::kTool);
    if (!event) return std::nullopt;
    return std::get<tutor::ToolResult>(event->event.kind).reply;
  }
  // What the deltas say, by request: all that has come by now.
  void TakeDeltas() {
    while (auto message = heard_box_->Pop(Deadline{})) {
      const auto one = envelope::DecodeClientMessage(message->data, envelope::Encoding::kJson);
      ASSERT_TRUE(one) << one.error().text;
      ASSERT_TRUE(one->is_delta);
      ASSERT_EQ(one->offset, said_[one->request_id].size());
      said_[one->request_id] += one->delta_text;
    }
  }

  milliseconds heartbeat_{500};
  test::NatsServer server_;
  std::shared_ptr<wire::Connection> nats_;
  std::shared_ptr<wire::MessageBox> heard_box_ = std::make_shared<wire::MessageBox>(65536);
  std::shared_ptr<wire::MessageBox> results_ = std::make_shared<wire::MessageBox>(4096);
  std::vector<wire::Subscription> subscriptions_;
  std::unique_ptr<toolhost::ToolWorker> worker_;
  std::map<std::string, std::string> said_;
};

TEST_P(LlmWorker, AHundredLearnersAreSpokenToAtOnce) {
  constexpr size_t kCalls = 100;
  test::LlmReply reply = Says(kSaid);
  reply.gap = milliseconds(10);
  Near([reply](const test::LlmCall&) { return reply; });
  config_.providers[0].limits.concurrency = kCalls;
  Start(kCalls);
  for (size_t i = 0; i < kCalls; ++i) Dispatch("0-" + std::to_string(i + 1) + "-0");
  for (size_t i = 0; i < kCalls; ++i) {
    const auto result = NextResult();
    ASSERT_TRUE(result) << i << " have come";
    const auto* ok = std::get_if<tutor::ClarifyConceptOk>(&result->outcome);
    ASSERT_NE(ok, nullptr);
    EXPECT_EQ(ok->text, kSaid);
    EXPECT_EQ(result->provider, "a");
    EXPECT_EQ(result->model, "a clarify_concept");
    EXPECT_EQ(result->attempts_made, 1U);
    EXPECT_GT(result->input_tokens, 0U);
  }
  ASSERT_TRUE(nats_->Flush(kWait));
  TakeDeltas();
  EXPECT_EQ(said_.size(), kCalls);
  for (const auto& [id, said] : said_) EXPECT_EQ(said, kSaid) << id;
  const auto counters = worker_->counters();
  EXPECT_EQ(counters.deltas_lost, 0U);
  EXPECT_GT(counters.deltas, kCalls) << "in pieces";
  EXPECT_LE(counters.deltas, kCalls * (sizeof(kSaid) / reply.piece_bytes + 1))
      << "and no more of them than the model's";
  EXPECT_EQ(counters.attempts, kCalls);
}

TEST_P(LlmWorker, ACancelEndsTheTransferAndFreesTheSlot) {
  test::LlmReply endless = Says(kSaid);
  endless.trouble = test::Trouble::kStall;
  Near([endless](const test::LlmCall&) { return endless; });
  Start(1);
  Dispatch("0-1-0");
  ASSERT_TRUE(test::Eventually(kWait, [&] {
    TakeDeltas();
    return !said_["0-1-0"].empty();
  })) << "it speaks";
  wire::Message cancel;
  cancel.subject = envelope::Subjects().ToolControl("w1");
  cancel.data = envelope::EncodeToolCancel(CallId("0-1-0"));
  ASSERT_TRUE(nats_->Publish(cancel));
  EXPECT_TRUE(test::Eventually(kWait, [&] { return servers_[0]->calls().at(0).closed_by_peer; }));
  // The server hears of the end a little before the worker's own loop does: busy until then.
  EXPECT_TRUE(test::Eventually(kWait, [&] {
    Dispatch("0-2-0");
    return calls() == 2;
  })) << "the slot is free";
  EXPECT_EQ(worker_->counters().cancelled, 1U);
  EXPECT_EQ(results_->size(), 0U);
}

TEST_P(LlmWorker, AProviderThatStallsDelaysNoHeartbeat) {
  constexpr size_t kCalls = 32, kBeats = 20;
  test::LlmReply endless = Says(kSaid);
  endless.trouble = test::Trouble::kStall;
  Near([endless](const test::LlmCall&) { return endless; });
  config_.providers[0].limits.concurrency = kCalls;
  heartbeat_ = milliseconds(50);
  Start(kCalls);
  const auto beats = std::make_shared<wire::MessageBox>(4096);
  auto subscription = nats_->Subscribe(envelope::Subjects().AllHeartbeats(), "", beats, 0);
  ASSERT_TRUE(subscription);
  const test::Lateness machine;
  for (size_t i = 0; i < kCalls; ++i) Dispatch("0-" + std::to_string(i + 1) + "-0");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return calls() == kCalls; }));
  for (size_t i = 0; i < kBeats; ++i) ASSERT_TRUE(beats->Pop(In(kWait)));
  EXPECT_LE(worker_->counters().heartbeat_late_ms_max, 50 + machine.ms_max());
}

INSTANTIATE_TEST_SUITE_P(Api, LlmWorker, ::testing::Values(llm::Api::kAnthropic, llm::Api::kOpenAi),
                         ApiName);

}  // namespace
}  // namespace lyceum::tools
