// What a session holds in memory, against what its copy allocates. Replaces operator new of this
// program: it counts what is asked for.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "classroom.h"
#include "laws.h"
#include "tutor/dump.h"
#include "tutor/names.h"
#include "tutor/ring.h"

namespace {
size_t allocated_bytes = 0;  // Of blocks that live, as the allocator rounds them.
constexpr size_t kBlockHeadBytes = 8;
}  // namespace

void* operator new(size_t bytes) {
  void* block = std::malloc(bytes);
  if (block == nullptr) std::abort();
  allocated_bytes += malloc_usable_size(block) + kBlockHeadBytes;
  return block;
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  allocated_bytes -= malloc_usable_size(block) + kBlockHeadBytes;
  std::free(block);
}
void operator delete(void* block, size_t) noexcept { operator delete(block); }

namespace lyceum::tutor {
namespace {

void ExpectCounted(const Session& session, const std::string& what) {
  const size_t before = allocated_bytes;
  const auto copy = std::make_unique<Session>(session);
  const auto real = static_cast<double>(allocated_bytes - before);
  const auto approximate = static_cast<double>(ApproximateBytes(*copy));
  EXPECT_LE(approximate, real * 1.5) << what;
  EXPECT_GE(approximate, real / 1.5) << what;
}

TEST(Memory, OfASessionIsCountedInEachState) {
  for (int i = 0; i < kStateCount; ++i) {
    const auto state = static_cast<StateName>(i);
    ExpectCounted(samples::Sample::In(state).session, std::string(Name(state)));
  }
}

TEST(Memory, OfASessionIsCountedWhenAllOfItIsFull) {
  Start start = Classroom::DefaultStart();
  start.busy_policy = BusyPolicy::kDefer;
  start.context = {"a tone of some length, so that it is on the heap", "an owl", {"to pass"}, "en"};
  Classroom room(samples::SampleTopic("t1", ""), start);
  room.Load().Reply(PresentMaterialOk{std::string(3'000, 'm')});
  ExpectCounted(*room.session, "material");
  for (size_t i = 0; i < 2 * kSeenMax; ++i) {
    room.client = ClientId("a-client-with-a-long-name-" + std::to_string(i % 9));
    room.Do(Attach{});
  }
  ExpectCounted(*room.session, "ids and clients");
  room.Do(Skip{}).Answer("12");
  for (size_t i = 0; i < kInboxMax; ++i) room.Ask(std::string(kLearnerTextBytesMax, 'q'));
  ASSERT_EQ(room.session->inbox.size(), kInboxMax);
  ExpectCounted(*room.session, "inbox");
}

TEST(Memory, OfASessionIsCountedWithAGeneratedQuestion) {
  Topic topic = samples::SampleTopic("t1", "");
  topic.questions.clear();
  topic.generate_questions = true;
  Classroom room(topic);
  room.Load().Do(Skip{});
  GenerateQuestionOk made;
  made.question.text = std::string(9'000, 'q');
  made.question.answers = {"6", "six, which is a long way to say it in a key"};
  made.question.hints = {std::string(700, 'h'), std::string(800, 'h')};
  room.Reply(made);
  ASSERT_TRUE(room.session->question->generated);
  ExpectCounted(*room.session, "generated");
}

// The caller's effects and the session's own memory are used again.
TEST(Memory, AStepThatChangesLittleAllocatesNoMoreThanItSays) {
  Classroom room;
  room.Load().Do(Skip{});
  for (size_t i = 0; i < kSeenMax; ++i) room.Do(Attach{});
  Effects effects;
  effects.reserve(8);
  const Event event{EventId("x"), ClientId("c"), Encoding::kJson, Attach{}};
  const size_t before = allocated_bytes;
  Advance(&room.session, UserId("u"), event, {3, 10'000, room.now_ms}, &effects);
  EXPECT_EQ(effects.size(), 2u);
  // The open question, as `resumed` shows it.
  EXPECT_LT(allocated_bytes, before + 512);
}

TEST(Rings, KeepTheLastOnesAndHaveOneValueWhereverTheyBegin) {
  Ring<int, 3> ring;
  for (int i = 0; i < 5; ++i) ring.Add() = i;
  EXPECT_EQ(ring.size(), 3u);
  EXPECT_EQ(std::vector<int>(ring.begin(), ring.end()), (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(ring, (Ring<int, 3>{2, 3, 4}));
  EXPECT_FALSE(ring == (Ring<int, 3>{3, 4, 2}));
  EXPECT_FALSE(ring == (Ring<int, 3>{2, 3}));
}

TEST(Equality, OfSessionsIsOfAllButTheTopicsContent) {
  const Session session = samples::Sample::In(StateName::kAwaitingToolResult).session;
  Session other = session;
  EXPECT_EQ(session, other);
  other.topic = std::make_shared<const Topic>(*session.topic);
  EXPECT_EQ(session, other) << "the same digest";
  other.topic_digest += "x";
  EXPECT_FALSE(session == other);
  other = session;
  std::get<AwaitingToolResult>(other.state).call.duration_ms = 1;
  EXPECT_FALSE(session == other);
  other = session;
  other.inbox.push_back({{EventId("e"), ClientId("c"), Encoding::kJson, Hint{}}, QuestionId()});
  EXPECT_FALSE(session == other);
}

}  // namespace
}  // namespace lyceum::tutor
