// What is added to a journal is found in it, whatever the chunks are cut into.
#include "envelope/journal.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "contract.h"
#include "envelope/codec.h"
#include "envelope/rows.h"
#include "lyceum/v1/record.pb.h"
#include "seed.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

// A made-up session, and what it should find.
struct Story {
  std::vector<std::string> chunks;
  std::vector<uint64_t> records;
  std::vector<tutor::HistoryEntry> history;
  std::vector<std::string> messages;  // Of n = 1, 2 ... as they were sent.
  std::vector<Encoding> encodings;

  std::vector<std::string_view> Views() const { return {chunks.begin(), chunks.end()}; }
};

Story Tell(std::mt19937_64& random, int records) {
  std::vector<tutor::ClientMessage> samples;
  for (const auto& json : ClientMessageSamples()) {
    samples.push_back(DecodeClientMessage(json, kJson)->message);
  }
  Story story;
  JournalWriter writer;
  uint64_t sequence = 0;
  for (int r = 0; r < records; ++r) {
    sequence += 1 + random() % 1'000;
    writer.AddRecord(sequence);
    story.records.push_back(sequence);
    for (uint64_t e = random() % 4; e > 0; --e) {
      const uint64_t index = story.history.size() + 1;
      if (random() % 2 == 0) {
        story.history.push_back({index, static_cast<int64_t>(sequence) * 10, tutor::Role::kLearner,
                                 "message", std::string(random() % 300, 'h')});
        writer.AddHistory(story.history.back());
        continue;
      }
      tutor::ClientMessage message = samples[random() % samples.size()];
      message.n = static_cast<uint32_t>(story.messages.size() + 1);
      const bool noted = !tutor::HistoryKindOf(message.body).empty();
      story.encodings.push_back(random() % 2 == 0 ? kJson : kProtobuf);
      story.messages.push_back(EncodeClientMessage(UserId("ana"), message, story.encodings.back()));
      writer.AddMessage(message.n, sequence, noted ? index : 0, story.encodings.back(),
                        story.messages.back());
      if (noted) story.history.push_back(tutor::HistoryEntryOf(message, index));
    }
    if (random() % 5 == 0) story.chunks.push_back(writer.Release());
  }
  story.chunks.push_back(writer.Release());
  return story;
}

TEST(Journal, GivesBackWhatWasAdded) {
  const uint64_t seed = Seed();
  std::cout << "LYCEUM_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  for (int round = 0; round < 30; ++round) {
    const Story story = Tell(random, 40);
    const auto chunks = story.Views();
    const auto all = MessagesIn(chunks, 0, UINT32_MAX, SIZE_MAX, SIZE_MAX);
    ASSERT_TRUE(all) << all.error().text;
    ASSERT_EQ(all->size(), story.messages.size());
    for (size_t i = 0; i < all->size(); ++i) {
      EXPECT_EQ((*all)[i].n, i + 1);
      EXPECT_EQ((*all)[i].data, story.messages[i]);
      EXPECT_EQ((*all)[i].encoding, story.encodings[i]);
    }
    const auto n = static_cast<uint32_t>(all->size());
    const uint32_t after = n == 0 ? 0 : static_cast<uint32_t>(random() % n);
    const auto some = MessagesIn(chunks, after, n - 1, 5, SIZE_MAX);
    ASSERT_TRUE(some);
    EXPECT_EQ(some->size(), n == 0 ? 0 : std::min<size_t>(5, n - 1 - after));
    if (!some->empty()) {
      EXPECT_EQ(some->front().n, after + 1);
    }

    const auto history = HistoryIn(chunks, 1, UINT64_MAX, SIZE_MAX);
    ASSERT_TRUE(history) << history.error().text;
    EXPECT_TRUE(*history == story.history);
    const auto records = RecordsIn(chunks, story.records[7], 20);
    ASSERT_TRUE(records);
    EXPECT_EQ(*records, std::vector(story.records.begin() + 7, story.records.begin() + 27));

    // Put one behind the other, chunks are a chunk.
    std::string one;
    for (const auto& chunk : story.chunks) one += chunk;
    const std::string_view joined[] = {one};
    EXPECT_TRUE(*HistoryIn(joined, 1, UINT64_MAX, SIZE_MAX) == story.history);
  }
}

TEST(Journal, IsTheProtobufOfItsGrammar) {
  JournalWriter writer;
  EXPECT_TRUE(writer.empty());
  writer.AddRecord(300);
  writer.AddHistory({7, 1'769'847'300'123, tutor::Role::kOperator, "force_skip", "because"});
  writer.AddMessage(5, 300, 8, kJson, "{}");
  writer.AddMessage(6, 300, 0, kProtobuf, "\x01");
  v1::JournalChunk chunk;
  ASSERT_TRUE(chunk.ParseFromString(writer.chunk()));
  EXPECT_EQ(chunk.SerializeAsString(), writer.chunk());
  ASSERT_EQ(chunk.entries_size(), 4);
  EXPECT_EQ(chunk.entries(0).record(), 300u);
  EXPECT_EQ(
      chunk.entries(1).history().SerializeAsString(),
      EncodeHistoryEntry({7, 1'769'847'300'123, tutor::Role::kOperator, "force_skip", "because"}));
  EXPECT_EQ(chunk.entries(2).message().n(), 5u);
  EXPECT_EQ(chunk.entries(2).message().history_index(), 8u);
  EXPECT_TRUE(chunk.entries(2).message().json());
  EXPECT_EQ(chunk.entries(3).message().data(), "\x01");
  EXPECT_TRUE(ToJson("JournalChunk", writer.chunk()));
}

TEST(Journal, AMessageIsGivenInTheOtherEncoding) {
  for (const std::string& json : ClientMessageSamples()) {
    const auto bytes = InEncoding(json, kJson, kProtobuf);
    ASSERT_TRUE(bytes) << bytes.error().text;
    EXPECT_EQ(*InEncoding(*bytes, kProtobuf, kJson), json);
    EXPECT_EQ(*InEncoding(json, kJson, kJson), json);
  }
  EXPECT_EQ(InEncoding("\xFF", kProtobuf, kJson).error().fault, Fault::kFatal);
}

TEST(Journal, BoundsKeepWhatIsAskedForFirst) {
  JournalWriter writer;
  for (uint32_t n = 1; n <= 10; ++n) {
    writer.AddRecord(n);
    writer.AddHistory({n, 1, tutor::Role::kLearner, "message", std::string(100, 'x')});
    writer.AddMessage(n, n, 0, kProtobuf, std::string(100, 'x'));
  }
  const std::string_view chunks[] = {writer.chunk()};
  EXPECT_EQ(MessagesIn(chunks, 2, 10, 100, 350)->size(), 3u);  // n 3 to 5.
  EXPECT_EQ(MessagesIn(chunks, 2, 10, 100, 1)->size(), 1u);    // One always.
  EXPECT_EQ(MessagesIn(chunks, 10, 20, 100, 350)->size(), 0u);
  const auto newest = HistoryIn(chunks, 1, 8, 250);
  ASSERT_EQ(newest->size(), 2u);
  EXPECT_EQ(newest->front().index, 7u);
  EXPECT_EQ(newest->back().index, 8u);
  EXPECT_FALSE(writer.full());
  writer.AddMessage(11, 11, 0, kProtobuf, std::string(kJournalChunkBytesMax, 'x'));
  EXPECT_TRUE(writer.full());
}

TEST(Journal, WhatIsDamagedIsFatal) {
  const uint64_t seed = Seed();
  std::cout << "LYCEUM_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  JournalWriter writer;
  writer.AddRecord(300);
  writer.AddHistory({7, 1, tutor::Role::kLearner, "message", "hm"});
  writer.AddMessage(5, 300, 8, kJson, ClientMessageSamples()[0]);
  const std::string whole = writer.chunk();
  const auto read = [](const std::string& chunk) {
    const std::string_view chunks[] = {chunk};
    return HistoryIn(chunks, 1, UINT64_MAX, SIZE_MAX);
  };
  ASSERT_TRUE(read(whole));
  // Every cut that is not between two entries.
  int whole_cuts = 0;
  for (size_t size = 1; size < whole.size(); ++size) {
    const auto cut = read(whole.substr(0, size));
    if (cut) {
      ++whole_cuts;
    } else {
      EXPECT_EQ(cut.error().fault, Fault::kFatal);
    }
  }
  EXPECT_EQ(whole_cuts, 2);
  for (const std::string& damaged :
       {std::string("\x0A\x00", 2), std::string("\x12\x02\x08\x01", 4),
        std::string("\x0A\x04\x08\x01\x08\x02", 6), std::string("\x0A\x02\x22\x00", 4),
        std::string("\x0A\x02\x1A\x00", 4), std::string("\x0A\x02\x12\x00", 4),
        std::string("\x0A\xFF\xFF\xFF\xFF\x0F", 6)}) {
    JournalReader reader(damaged);
    const auto entry = reader.Next();
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().fault, Fault::kFatal);
    EXPECT_EQ(reader.Next().error().text, entry.error().text);
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string data = whole;
    data[random() % data.size()] = static_cast<char>(random());
    (void)read(data).has_value();
  }
}

}  // namespace
}  // namespace lyceum::envelope
