#include <gtest/gtest.h>

#include "outbox_vocabulary.h"

namespace lyceum::outbox {
namespace {

std::vector<store::Letter> Numbered(uint64_t first, uint64_t last, const std::string& subject) {
  std::vector<store::Letter> letters;
  for (uint64_t n = first; n <= last; ++n) {
    letters.push_back(
        {{n, 0}, 0, envelope::EncodeLetter({subject, "", "", "", std::to_string(n)})});
  }
  return letters;
}

TEST_F(OutboxTest, LettersArriveInOrderWithTheirHeadersAndAreDone) {
  Ear ear(*admin_, "lyceum.out.*");
  Start();
  for (uint64_t n = 1; n <= 500; ++n) {
    ASSERT_TRUE(CommitLetters({{{n, 0}, 0, LetterTo(n % 2 ? "odd" : "even", std::to_string(n))}}));
  }
  for (uint64_t n = 1; n <= 500; ++n) {
    const auto message = ear.Next();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->data, std::to_string(n));
    EXPECT_EQ(message->subject, n % 2 ? "lyceum.out.odd" : "lyceum.out.even");
    EXPECT_EQ(message->header("Content-Type"), "application/json");
    EXPECT_EQ(message->header("traceparent"), "00-trace-01");
  }
  ASSERT_TRUE(DoneReaches(500));
  EXPECT_EQ(done_.size(), 500u);
  EXPECT_EQ(outbox_->counters().letters_sent, 500u);
  EXPECT_EQ(ear.waiting(), 0u);
}

TEST_F(OutboxTest, RowsOfAnEarlierLifeGoOutFirstAndOnlyOnce) {
  Ear ear(*admin_, "lyceum.out.*");
  PutLetters(Numbered(1, 3'000, "lyceum.out.c"));
  Start();
  for (uint64_t n = 3'001; n <= 3'200; ++n) {
    ASSERT_TRUE(CommitLetters(Numbered(n, n, "lyceum.out.c")));
  }
  for (uint64_t n = 1; n <= 3'200; ++n) {
    const auto message = ear.Next();
    ASSERT_TRUE(message);
    ASSERT_EQ(message->data, std::to_string(n));
  }
  ASSERT_TRUE(DoneReaches(3'200));
  EXPECT_EQ(done_.size(), 3'200u);
  EXPECT_TRUE(store_->GetLetters(kPartition, {}, 10).value().empty());
  EXPECT_EQ(ear.waiting(), 0u);
}

TEST_F(OutboxTest, WhatWasReadFromItsRowIsNotQueuedAgain) {
  Ear ear(*admin_, "lyceum.out.*");
  const auto letters = Numbered(1, 10, "lyceum.out.c");
  PutLetters(letters);
  Start();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(ear.Next());
  Outgoing outgoing;  // Of a commit that was there before the rows were read.
  outgoing.letters = letters;
  ASSERT_TRUE(outbox_->Committed(kPartition, outgoing, In(seconds(5))));
  ASSERT_TRUE(CommitLetters(Numbered(11, 11, "lyceum.out.c")));
  EXPECT_EQ(ear.Next()->data, "11");
}

TEST_F(OutboxTest, NoLetterFallsBetweenTheRowsAndTheQueue) {
  Start();
  for (uint64_t n = 1; n <= 3'000; n += 10) {
    ASSERT_TRUE(outbox_->Adopt(kPartition));
    for (uint64_t i = n; i < n + 10; ++i) {
      ASSERT_TRUE(CommitLetters(Numbered(i, i, "lyceum.out.c")));
    }
    ASSERT_TRUE(Eventually(seconds(5),
                           [&] {
                             EraseDone();
                             return store_->GetLetters(kPartition, {}, 1).value().empty();
                           }))
        << "left behind at " << n;
  }
}

TEST_F(OutboxTest, NoLetterIsLostOrOvertakenWhenTheServerIsKilled) {
  MakeStream("OUT", "lyceum.out.*");
  Start();
  uint64_t sent = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 500; ++i) {
      ++sent;
      ASSERT_TRUE(CommitLetters(Numbered(sent, sent, "lyceum.out.c")));
      if (i == 250) server_.Kill9();
    }
    Restart();
  }
  ASSERT_TRUE(DoneReaches(sent));
  EXPECT_EQ(done_.size(), sent);

  auto reader = wire::StreamReader::Open(*admin_, "OUT", "", 1);
  ASSERT_TRUE(reader) << reader.error().text;
  // Rounds may come twice, so a number may go back; it never goes on past one that has not come.
  uint64_t highest = 0;
  while (highest < sent) {
    const auto message = (*reader)->Next(In(seconds(10)));
    ASSERT_TRUE(message) << message.error().text;
    ASSERT_TRUE(*message) << "lost: " << highest + 1;
    const uint64_t n = std::stoull((*message)->data);
    ASSERT_LE(n, highest + 1);
    highest = std::max(highest, n);
  }
}

TEST_F(OutboxTest, NothingIsDoneWhileTheServerIsAwayAndTheQueueIsBounded) {
  Outbox::Options options;
  options.letters_max = 10;
  Start(options);
  server_.Kill9();
  ASSERT_TRUE(CommitLetters(Numbered(1, 11, "lyceum.out.c")));
  EXPECT_FALSE(CommitLetters(Numbered(12, 12, "lyceum.out.c"), milliseconds(100)));
  EXPECT_TRUE(outbox_->TakeDone(kPartition).empty());
  Restart();
  ASSERT_TRUE(DoneReaches(11));
  EXPECT_TRUE(CommitLetters(Numbered(12, 12, "lyceum.out.c")));
  ASSERT_TRUE(DoneReaches(12));
}

TEST_F(OutboxTest, ALetterThatCanNeverBeSentIsDoneAndHoldsNobodyUp) {
  Ear ear(*admin_, "lyceum.out.*");
  Start();
  auto letters = Numbered(1, 4, "lyceum.out.c");
  letters[1].bytes = envelope::EncodeLetter({"not a subject", "", "", "", "2"});
  letters[2].bytes =
      envelope::EncodeLetter({"lyceum.out.c", "", "", "", std::string(2 << 20, 'x')});
  ASSERT_TRUE(CommitLetters(letters));
  for (const std::string text : {"1", "4"}) {
    const auto message = ear.Next();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->data, text);
  }
  ASSERT_TRUE(DoneReaches(4));
  EXPECT_EQ(outbox_->counters().letters_refused, 2u);
  EXPECT_EQ(outbox_->counters().letters_sent, 2u);
}

TEST_F(OutboxTest, ARowThatCannotBeReadIsKeptAndHoldsNobodyUp) {
  Ear ear(*admin_, "lyceum.out.*");
  auto letters = Numbered(1, 2, "lyceum.out.c");
  letters[0].bytes = "\xff\xff\xff";
  PutLetters(letters);
  Start();
  EXPECT_EQ(ear.Next()->data, "2");
  ASSERT_TRUE(DoneReaches(1));
  EXPECT_EQ(store_->GetLetters(kPartition, {}, 10).value().size(), 1u);
}

TEST_F(OutboxTest, ADeadLetterIsDoneWhenItIsStoredAndNotBefore) {
  Ear ear(*admin_, "lyceum.out.*");
  Start();
  auto letters = Numbered(1, 2, "lyceum.out.c");
  letters[0].bytes = envelope::EncodeLetter({"lyceum.dlq.01.ada", "01-1-0", "", "", "dead"});
  ASSERT_TRUE(CommitLetters(letters));
  EXPECT_EQ(ear.Next()->data, "2");
  ASSERT_TRUE(DoneReaches(1));
  EXPECT_EQ(done_.at(0).id.sequence, 2u);
  EXPECT_FALSE(outbox_->Drain(In(milliseconds(50)))) << "the dead letter is not stored";
  MakeStream("LYCEUM_DLQ", "lyceum.dlq.*.*");
  ASSERT_TRUE(DoneReaches(2));
  EXPECT_EQ(done_.at(1).id.sequence, 1u);
  EXPECT_EQ(MessagesIn("LYCEUM_DLQ"), 1u);
}

TEST_F(OutboxTest, DrainSendsWhatIsQueuedAndTakesNothingMore) {
  Ear ear(*admin_, "lyceum.out.*");
  PutLetters(Numbered(1, 2'000, "lyceum.out.c"));
  Start();
  ASSERT_TRUE(CommitLetters(Numbered(2'001, 2'500, "lyceum.out.c")));
  ASSERT_TRUE(outbox_->Drain(In(seconds(20))));
  EXPECT_EQ(EraseDone().size(), 2'500u);
  EXPECT_FALSE(CommitLetters(Numbered(2'501, 2'501, "lyceum.out.c")));
  ASSERT_TRUE(admin_->Flush(seconds(5)));
  ASSERT_TRUE(Eventually(seconds(5), [&] { return ear.waiting() == 2'500; }));
}

}  // namespace
}  // namespace lyceum::outbox
