// Spans of records: who makes them, once, and what leaves with their ids.
#include <map>
#include <set>

#include "base/span_names.h"
#include "shard_world.h"

namespace lyceum::shard {
namespace {

constexpr char kGiven[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct Kept final : SpanSink {
  void Add(Span span) override { spans.push_back(std::move(span)); }
  std::vector<Span> spans;
};

class Spans : public ::testing::Test {
 protected:
  Spans() {
    worker_.Kill();
    worker_.options.tracer = &tracer_;
    EXPECT_TRUE(worker_.Start());
    worker_.tap = [this](const wire::Outbound& message) {
      const std::string subject(message.subject);
      if (subject.starts_with("lyceum.out.")) messages_.emplace(message.data, message.trace);
      if (subject.starts_with("lyceum.tool.")) requests_.emplace_back(message.trace);
    };
  }
  void Tell(const std::string& id, tutor::EventKind kind, std::string_view trace) {
    const tutor::Event event{
        .id = EventId(id), .client = ClientId(ann_.id), .kind = std::move(kind)};
    world_.PublishRaw(world_.subjects.In(envelope::RecordClass::kUser, UserId(ann_.user)),
                      envelope::EncodeEvent(event, tutor::Encoding::kProtobuf, trace));
  }
  const Span* Find(const std::string& name) const {
    const Span* found = nullptr;
    for (const Span& span : kept_.spans) {
      if (span.name == name && TraceIdIn(Traceparent(span.context)) == TraceIdIn(kGiven)) {
        found = &span;
      }
    }
    return found;
  }
  static std::string TextOf(const Span& span, std::string_view name) {
    for (const auto& [key, value] : span.attributes) {
      if (key == name) return std::get<std::string>(value);
    }
    return "";
  }

  Kept kept_;
  Tracer tracer_{&kept_, 1};
  World world_;
  Worker& worker_ = world_.AddWorker({0, 1});
  ToolWorker& tools_ = world_.AddTools();
  Client& ann_ = world_.AddLearner(0);
  std::set<std::pair<std::string, std::string>> messages_;  // Bytes and trace.
  std::vector<std::string> requests_;
};

TEST_F(Spans, ATurnIsOneTraceFromItsRecordToWhatLeaves) {
  kept_.spans.clear();
  Tell("e1", tutor::UserMessage{"why?", tutor::Intent::kQuestion}, kGiven);
  ASSERT_TRUE(world_.Until([&] { return ann_.answered("e1"); }));
  const auto given = *ParseTraceparent(kGiven);
  const Span* fold = Find("fold message");
  ASSERT_NE(fold, nullptr);
  EXPECT_EQ(fold->parent, given.span);
  EXPECT_EQ(fold->kind, SpanKind::kConsumer);
  EXPECT_EQ(TextOf(*fold, span_names::kStateBefore), "awaiting_answer");
  EXPECT_EQ(TextOf(*fold, span_names::kStateAfter), "awaiting_tool_result");
  ASSERT_FALSE(tools_.requests.empty());
  EXPECT_EQ(tools_.requests.back().trace, Traceparent(fold->context));
  EXPECT_EQ(requests_.back(), Traceparent(fold->context));
  // The canned tool hands on what it was given.
  const Span* result = Find("fold tool_result");
  ASSERT_NE(result, nullptr);
  const Span* sent = Find("send messages");
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->kind, SpanKind::kProducer);
  EXPECT_EQ(sent->parent, result->context.span);
  bool seen = false;
  for (const auto& [bytes, trace] : messages_) seen |= trace == Traceparent(sent->context);
  EXPECT_TRUE(seen);
}

TEST_F(Spans, AHeaderStandsInWhereTheEventHasNone) {
  const tutor::Event event{.id = EventId("e1"), .client = ClientId(ann_.id), .kind = tutor::Hint{}};
  const auto wire = world_.broker.Connect();
  ASSERT_TRUE(world_.Until([&] { return wire->connected(); }));
  const std::string subject = world_.subjects.In(envelope::RecordClass::kUser, UserId(ann_.user));
  const std::string data = envelope::EncodeEvent(event, tutor::Encoding::kProtobuf);
  ASSERT_TRUE(wire->Publish({.subject = subject, .data = data, .trace = kGiven}));
  wire->Flush();
  ASSERT_TRUE(world_.Until([&] { return ann_.answered("e1"); }));
  EXPECT_NE(Find("fold hint"), nullptr);
}

TEST_F(Spans, WithoutATraceTheRecordBeginsOne) {
  kept_.spans.clear();
  Tell("e1", tutor::Hint{}, "");
  ASSERT_TRUE(world_.Until([&] { return ann_.answered("e1"); }));
  ASSERT_FALSE(kept_.spans.empty());
  for (const Span& span : kept_.spans) {
    EXPECT_TRUE(span.name != "fold hint" || span.parent == 0);
  }
}

TEST_F(Spans, WhatIsFoldedAgainLeavesWithTheSameTraceAndMakesNoSpanAgain) {
  worker_.disk.hold_writes = true;
  for (int i = 0; i < 10; ++i) {
    const std::string id = "e" + std::to_string(i);
    Tell(id, tutor::UserMessage{"why?", tutor::Intent::kQuestion}, kGiven);
    ASSERT_TRUE(world_.Until([&] { return ann_.answered(id); }));
    worker_.KillAndStart();
    ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }));
  }
  std::map<std::string, std::set<std::string>> traces;
  for (const auto& [bytes, trace] : messages_) traces[bytes].insert(trace);
  for (const auto& [bytes, of] : traces) EXPECT_EQ(of.size(), 1u);
  std::set<uint64_t> ids;
  for (const Span& span : kept_.spans) EXPECT_TRUE(ids.insert(span.context.span).second);
}

TEST(SpansOfTwo, AStandbyMakesNone) {
  Kept kept[2];
  Tracer tracers[2] = {{&kept[0], 1}, {&kept[1], 1}};
  World world(1);
  world.AddTools();
  std::vector<Worker*> workers;
  for (int i : {0, 1}) {
    workers.push_back(&world.AddWorker({0}, "w" + std::to_string(i)));
    workers[i]->Kill();
    workers[i]->options.tracer = &tracers[i];
    ASSERT_TRUE(workers[i]->Start());
  }
  const auto has = [&](int i, Partition::Role role) {
    return workers[i]->partition(0).role() == role && workers[i]->partition(0).caught_up();
  };
  int owner = 0;
  ASSERT_TRUE(world.Until(
      [&] {
        owner = has(0, Partition::Role::kOwner) ? 0 : 1;
        return has(owner, Partition::Role::kOwner) && has(1 - owner, Partition::Role::kStandby);
      },
      20'000));
  Client& ann = world.AddLearner(0);
  const std::string asked = ann.Ask();
  ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }));
  const uint64_t last = world.broker.last_sequence(world.Stream(0));
  ASSERT_TRUE(world.Until([&] { return workers[1 - owner]->partition(0).position() == last; }));
  EXPECT_FALSE(kept[owner].spans.empty());
  EXPECT_TRUE(kept[1 - owner].spans.empty());
}

TEST(WithoutSpans, WhatLeavesHasTheTraceOfItsRecord) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client& ann = world.AddLearner(0);
  std::set<std::string> traces;
  worker.tap = [&](const wire::Outbound& message) {
    if (message.subject.starts_with("lyceum.out.")) traces.insert(std::string(message.trace));
  };
  const tutor::Event event{.id = EventId("e1"),
                           .client = ClientId(ann.id),
                           .kind = tutor::UserMessage{"why?", tutor::Intent::kQuestion}};
  world.PublishRaw(world.subjects.In(envelope::RecordClass::kUser, UserId(ann.user)),
                   envelope::EncodeEvent(event, tutor::Encoding::kProtobuf, kGiven));
  ASSERT_TRUE(world.Until([&] { return ann.answered("e1"); }));
  EXPECT_EQ(tools.requests.back().trace, kGiven);
  EXPECT_EQ(traces, std::set<std::string>{kGiven});
}

}  // namespace
}  // namespace lyceum::shard
