// The contract's second half: what stands on a Wire and a server with JetStream.
#include "log_contract.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "tampered_wire.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_P(LogContract, ReaderGivesRecordsInOrderAndThenWhatComes) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  const int64_t begin_ms = world_->clock().UnixMs();
  Store(*wire, 1, 3000);
  Reading reading;
  Open(&reading, wire.get(), 1);
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 3000; }));
  Store(*wire, 3001, 10);
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 3010; }));
  for (size_t i = 0; i < reading.sequences.size(); ++i) {
    ASSERT_EQ(reading.sequences[i], i + 1);
    ASSERT_EQ(reading.data[i], std::to_string(i + 1));
  }
  EXPECT_EQ(reading.subject, "log.a");
  EXPECT_EQ(reading.content_type, "text/plain");
  EXPECT_GE(reading.time_ms, begin_ms - 1000);
  EXPECT_LE(reading.time_ms, world_->clock().UnixMs() + 1000);
  EXPECT_EQ(reading.pending.front(), 2999u);
  EXPECT_EQ(reading.pending.back(), 0u);
  EXPECT_TRUE(reading.broken.empty());
}

TEST_P(LogContract, ReaderBeginsAtASequence) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 20);
  Reading reading;
  Open(&reading, wire.get(), 15);
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 6; }));
  EXPECT_EQ(reading.sequences.front(), 15u);
  EXPECT_EQ(reading.pending.back(), 0u);
  Reading next;
  Open(&next, wire.get(), 21);
  Run(milliseconds(200));
  Store(*wire, 21, 2);
  ASSERT_TRUE(Read(&next, [&] { return next.sequences.size() == 2; }));
  EXPECT_EQ(next.sequences.front(), 21u);
}

TEST_P(LogContract, AFilteredReaderKnowsWhereItsRecordsEnd) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 5, 0, "log.a");
  Store(*wire, 6, 3, 0, "log.b.x");
  Store(*wire, 9, 1, 0, "log.a");
  Reading reading;
  std::optional<uint64_t> pending;
  const auto open = [&](const std::string& filter) {
    reading = {};
    pending.reset();
    reading.reader = std::make_unique<LogReader>(
        wire.get(), &world_->clock(), "LOG", 1,
        LogReader::Options{filter, [&](uint64_t count) { pending = count; }}, Into(&reading),
        Breaks(&reading));
  };
  open("log.b.*");
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 3 && pending; }));
  EXPECT_EQ(reading.sequences, (std::vector<uint64_t>{6, 7, 8}));
  EXPECT_EQ(*pending, 3u);
  EXPECT_EQ(reading.pending.back(), 0u);
  open("log.c");
  ASSERT_TRUE(Read(&reading, [&] { return pending.has_value(); }));
  EXPECT_EQ(*pending, 0u);
  EXPECT_TRUE(reading.sequences.empty());
}

// What the server delivered before it answered is no more pending.
TEST_P(LogContract, AFilteredReaderIsToldAlsoOfWhatCameBeforeTheAnswer) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 5);
  TamperedWire tampered(wire.get());
  tampered.change_answer = [](std::string* data) {
    auto answer = nlohmann::json::parse(*data);
    if (!answer.contains("num_pending")) return;
    answer["delivered"]["consumer_seq"] = 4;
    answer["num_pending"] = 1;
    *data = answer.dump();
  };
  Reading reading;
  std::optional<uint64_t> pending;
  reading.reader = std::make_unique<LogReader>(
      &tampered, &world_->clock(), "LOG", 1,
      LogReader::Options{"log.a", [&](uint64_t count) { pending = count; }}, Into(&reading),
      Breaks(&reading));
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 5 && pending; }));
  EXPECT_EQ(*pending, 5u);
}

// A log that lost its tail: the server begins at what it has.
TEST_P(LogContract, WhatLiesBeforeItsBeginBreaksAReader) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 20);
  Reading reading;
  Open(&reading, wire.get(), 25);
  Run(milliseconds(200));
  EXPECT_TRUE(reading.broken.empty());
  Store(*wire, 21, 10);
  ASSERT_TRUE(Read(&reading, [&] { return !reading.broken.empty(); }));
  EXPECT_TRUE(reading.sequences.empty());
  EXPECT_EQ(reading.broken.size(), 1u);
}

TEST_P(LogContract, ReaderBeginsAtATime) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 5);
  Run(milliseconds(50));
  const int64_t middle_ms = world_->clock().UnixMs();
  Run(milliseconds(50));
  Store(*wire, 6, 5);
  Reading reading;
  reading.reader =
      std::make_unique<LogReader>(wire.get(), &world_->clock(), "LOG",
                                  LogReader::FromTime{middle_ms}, Into(&reading), Breaks(&reading));
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 5; }));
  EXPECT_EQ(reading.sequences.front(), 6u);
}

TEST_P(LogContract, AnIdleReaderStaysWhole) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Reading reading;
  Open(&reading, wire.get(), 1);
  for (int i = 0; i < 20; ++i) {
    Run(milliseconds(250));
    reading.reader->Tick();
  }
  EXPECT_TRUE(reading.broken.empty());
  Store(*wire, 1, 1);
  EXPECT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 1; }));
}

TEST_P(LogContract, APausedReaderGetsABoundedRestAndGoesOn) {
  constexpr int kCount = 3000;
  constexpr size_t kPadding = 20'000;  // 60 MB in all.
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, kCount, kPadding);
  Reading reading;
  Open(&reading, wire.get(), 1);
  reading.reader->Pause(true);
  for (size_t before = SIZE_MAX; reading.sequences.size() != before;) {
    before = reading.sequences.size();
    Run(milliseconds(1500));
    reading.reader->Tick();
  }
  EXPECT_LT(reading.sequences.size(), size_t{kCount});
  EXPECT_TRUE(reading.broken.empty());
  reading.reader->Pause(false);
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == kCount; }));
  EXPECT_TRUE(std::is_sorted(reading.sequences.begin(), reading.sequences.end()));
  EXPECT_TRUE(reading.broken.empty());
}

TEST_P(LogContract, AMissingRecordBreaksTheReaderOnce) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  TamperedWire tampered(wire.get());
  tampered.drop = [](const Arrived& arrived) { return arrived.data == "7"; };
  Reading reading;
  Open(&reading, &tampered, 1);
  Store(*wire, 1, 20);
  ASSERT_TRUE(Read(&reading, [&] { return !reading.broken.empty(); }));
  Run(milliseconds(500));
  reading.reader->Tick();
  EXPECT_EQ(reading.broken.size(), 1u);
  EXPECT_EQ(reading.sequences.size(), 6u);
}

TEST_P(LogContract, ALastRecordThatIsMissingIsToldByTheHeartbeat) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  TamperedWire tampered(wire.get());
  tampered.drop = [](const Arrived& arrived) { return arrived.data == "20"; };
  Reading reading;
  Open(&reading, &tampered, 1);
  Store(*wire, 1, 20);
  ASSERT_TRUE(Read(&reading, [&] { return !reading.broken.empty(); }));
  EXPECT_EQ(reading.broken.size(), 1u);
  EXPECT_EQ(reading.sequences.size(), 19u);
}

TEST_P(LogContract, ALostConsumerBreaksTheReaderOnce) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Reading reading;
  Open(&reading, wire.get(), 1);
  Store(*wire, 1, 5);
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == 5; }));
  world_->DeleteConsumers("LOG");
  const int64_t begin_ms = world_->clock().SteadyMs();
  ASSERT_TRUE(Read(&reading, [&] { return !reading.broken.empty(); }));
  EXPECT_LT(world_->clock().SteadyMs() - begin_ms, 2500);
  Run(milliseconds(500));
  reading.reader->Tick();
  EXPECT_EQ(reading.broken.size(), 1u);
}

TEST_P(LogContract, ANewConnectionBreaksTheReaderAndAnotherMissesNothing) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Reading first;
  Open(&first, wire.get(), 1);
  Store(*wire, 1, 50);
  ASSERT_TRUE(Read(&first, [&] { return first.sequences.size() == 50; }));
  world_->StopServer();
  ASSERT_TRUE(Read(&first, [&] { return !first.broken.empty(); }));
  world_->StartServer();
  ASSERT_TRUE(Until([&] { return wire->connected(); }));
  Store(*wire, 51, 50);
  EXPECT_EQ(first.broken.size(), 1u);
  EXPECT_EQ(first.sequences.size(), 50u);
  Reading second;
  Open(&second, wire.get(), first.sequences.back() + 1);
  ASSERT_TRUE(Read(&second, [&] { return second.sequences.size() == 50; }));
  EXPECT_EQ(second.sequences.front(), 51u);
  EXPECT_EQ(second.data.back(), "100");
}

TEST_P(LogContract, AReaderOfNoStreamOrWithoutAConnectionSaysSoLater) {
  auto wire = world_->MakeWire();
  Reading reading;
  Open(&reading, wire.get(), 1);
  EXPECT_TRUE(reading.broken.empty());
  ASSERT_TRUE(Until([&] { return !reading.broken.empty(); }));
  ASSERT_TRUE(Until([&] { return wire->connected(); }));
  Reading nowhere;
  Open(&nowhere, wire.get(), 1, "NOWHERE");
  EXPECT_TRUE(nowhere.broken.empty());
  ASSERT_TRUE(Until([&] { return !nowhere.broken.empty(); }));
  EXPECT_NE(nowhere.broken[0].find("10059"), std::string::npos) << nowhere.broken[0];
  Run(milliseconds(500));
  EXPECT_EQ(reading.broken.size(), 1u);
  EXPECT_EQ(nowhere.broken.size(), 1u);
}

TEST_P(LogContract, AReaderMayBeDestroyedByItsOwnHandlers) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 20);
  int records = 0, broken = 0;
  std::unique_ptr<LogReader> reader;
  const auto on_broken = [&](const Error&) {
    ++broken;
    reader.reset();
  };
  reader = std::make_unique<LogReader>(
      wire.get(), &world_->clock(), "LOG", 1,
      [&](const LogRecord&) {
        if (++records == 3) reader.reset();
      },
      on_broken);
  ASSERT_TRUE(Until([&] { return reader == nullptr; }));
  Run(milliseconds(200));
  EXPECT_EQ(records, 3);
  EXPECT_EQ(broken, 0);
  reader = std::make_unique<LogReader>(
      wire.get(), &world_->clock(), "NOWHERE", 1, [](const LogRecord&) {}, on_broken);
  ASSERT_TRUE(Until([&] { return reader == nullptr; }));
  EXPECT_EQ(broken, 1);
}

TEST_P(LogContract, InfoAndRecordsOfAStream) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, 3);
  std::optional<Result<std::optional<LogInfo>>> info;
  const auto ask = [&](const std::string& stream) {
    info.reset();
    GetLogInfo(*wire, stream, [&](Result<std::optional<LogInfo>> got) { info = got; });
    return Until([&] { return info.has_value(); });
  };
  ASSERT_TRUE(ask("LOG"));
  ASSERT_TRUE(*info && **info);
  EXPECT_EQ((**info)->first_sequence, 1u);
  EXPECT_EQ((**info)->last_sequence, 3u);
  EXPECT_NEAR(static_cast<double>((**info)->created_ns) / 1e6,
              static_cast<double>(world_->clock().UnixMs()), 60'000);
  ASSERT_TRUE(ask("NOWHERE"));
  ASSERT_TRUE(*info);
  EXPECT_FALSE(**info);

  std::optional<Result<std::optional<OwnedRecord>>> record;
  const auto get = [&](const std::string& stream, uint64_t sequence) {
    record.reset();
    GetLogRecord(*wire, stream, sequence,
                 [&](Result<std::optional<OwnedRecord>> got) { record = got; });
    return Until([&] { return record.has_value(); });
  };
  ASSERT_TRUE(get("LOG", 2));
  ASSERT_TRUE(*record && **record);
  EXPECT_EQ((**record)->data, "2");
  EXPECT_EQ((**record)->subject, "log.a");
  EXPECT_EQ((**record)->content_type, "text/plain");
  EXPECT_EQ((**record)->sequence, 2u);
  EXPECT_NEAR(static_cast<double>((**record)->time_ms),
              static_cast<double>(world_->clock().UnixMs()), 60'000);
  ASSERT_TRUE(get("LOG", 4));
  ASSERT_TRUE(*record);
  EXPECT_FALSE(**record);
  ASSERT_TRUE(get("NOWHERE", 1));
  ASSERT_FALSE(*record);
  EXPECT_EQ(record->error().fault, Fault::kRetry);
  EXPECT_NE(record->error().text.find("10059"), std::string::npos) << record->error().text;
}

TEST_P(LogContract, AFullStreamsRecordHoldsAnyByte) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  std::string data;
  for (int i = 0; i < 1000; ++i) data.push_back(static_cast<char>(i * 7));
  bool stored = false;
  wire->Request({.subject = "log.b", .data = data}, seconds(5),
                [&](const Result<Answer>& answer) { stored = answer.has_value(); });
  ASSERT_TRUE(Until([&] { return stored; }));
  std::optional<Result<std::optional<OwnedRecord>>> record;
  GetLogRecord(*wire, "LOG", 1, [&](Result<std::optional<OwnedRecord>> got) { record = got; });
  ASSERT_TRUE(Until([&] { return record.has_value(); }));
  ASSERT_TRUE(*record && **record);
  EXPECT_EQ((**record)->data, data);
  EXPECT_EQ((**record)->content_type, "");
}

TEST_P(PublisherContract, EachMessageIsAckedWithItsSequence) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  StoredPublisher publisher(wire.get(), &world_->clock(), kOptions);
  for (int i = 1; i <= 100; ++i) ASSERT_TRUE(Send(&publisher, "log.a", std::to_string(i)));
  EXPECT_EQ(publisher.in_flight(), 100u);
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 100; }));
  EXPECT_EQ(publisher.in_flight(), 0u);
  for (const auto& [id, result] : told_) {
    ASSERT_TRUE(result) << result.error().text;
    EXPECT_EQ(std::to_string(*result), id);
  }
}

TEST_P(PublisherContract, ARepeatedIdIsAckedWithTheFirstSequence) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  StoredPublisher publisher(wire.get(), &world_->clock(), kOptions);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Send(&publisher, "log.a", "same"));
  ASSERT_TRUE(Send(&publisher, "log.a", "other"));
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 4; }));
  for (const auto& [id, result] : told_) {
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, id == "same" ? 1u : 2u);
  }
}

TEST_P(PublisherContract, WhatIsRefusedForEverIsReject) {
  world_->CreateStream("LOG", {"log.>"}, 1000);
  auto wire = Connected();
  StoredPublisher publisher(wire.get(), &world_->clock(), kOptions);
  ASSERT_TRUE(publisher.Send(To("log.a", "1", std::string(2000, 'x')), 60'000, Told("stream")));
  ASSERT_TRUE(publisher.Send(To("no subject", "3"), 60'000, Told("subject")));
  ASSERT_TRUE(Run(&publisher, [&] { return publisher.in_flight() == 0; }));
  StoredMessageOut expecting = To("log.a", "4");
  expecting.expected_last = "17";
  ASSERT_TRUE(publisher.Send(std::move(expecting), 60'000, Told("expected")));
  ASSERT_TRUE(Run(&publisher, [&] { return publisher.in_flight() == 0; }));
  // Over the server's limit, and over the bound: it goes when nothing else is in flight.
  ASSERT_TRUE(publisher.Send(To("log.a", "2", std::string(2 << 20, 'x')), 60'000, Told("server")));
  ASSERT_TRUE(Run(&publisher, [&] { return publisher.in_flight() == 0; }));
  EXPECT_EQ(told_.size(), 4u);
  for (const auto& [id, result] : told_) {
    ASSERT_FALSE(result) << id;
    EXPECT_EQ(result.error().fault, Fault::kReject) << id;
  }
}

TEST_P(PublisherContract, ExpectedLastIsChecked) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  StoredPublisher publisher(wire.get(), &world_->clock(), kOptions);
  StoredMessageOut first = To("log.a", "1");
  first.expected_last = "0";
  ASSERT_TRUE(publisher.Send(std::move(first), 60'000, Told("first")));
  StoredMessageOut second = To("log.a", "2");
  second.expected_last = "1";
  ASSERT_TRUE(publisher.Send(std::move(second), 60'000, Told("second")));
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 2; }));
  EXPECT_TRUE(told_[0].second && told_[1].second);
}

TEST_P(PublisherContract, ALostAckIsAskedForAgain) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  TamperedWire tampered(wire.get());
  int dropped = 0;
  tampered.drop = [&](const Arrived&) { return ++dropped <= 3; };
  StoredPublisher publisher(&tampered, &world_->clock(), kOptions);
  ASSERT_TRUE(Send(&publisher, "log.a", "1"));
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 1; }));
  ASSERT_TRUE(told_[0].second);
  EXPECT_EQ(*told_[0].second, 1u);
  EXPECT_EQ(dropped, 4);
  EXPECT_EQ(tampered.published.size(), 4u);
}

TEST_P(PublisherContract, WhatNoStreamStoresIsSentUntilOneDoes) {
  auto wire = Connected();
  StoredPublisher publisher(wire.get(), &world_->clock(), kOptions);
  ASSERT_TRUE(Send(&publisher, "log.a", "1"));
  ASSERT_TRUE(Send(&publisher, "nowhere", "2", 300));
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 1; }));
  EXPECT_EQ(told_[0].first, "2");
  ASSERT_FALSE(told_[0].second);
  EXPECT_EQ(told_[0].second.error().fault, Fault::kRetry);
  EXPECT_NE(told_[0].second.error().text.find("no stream stores"), std::string::npos);
  world_->CreateStream("LOG", {"log.>"});
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 2; }));
  EXPECT_TRUE(told_[1].second);
}

TEST_P(PublisherContract, IsSentAgainOnANewConnectionAndStoredOnce) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  TamperedWire tampered(wire.get());
  bool deaf = true;
  tampered.drop = [&](const Arrived&) { return deaf; };
  StoredPublisher publisher(&tampered, &world_->clock(), kOptions);
  ASSERT_TRUE(Send(&publisher, "log.a", "1"));
  ASSERT_TRUE(Settle(*wire));
  world_->StopServer();
  ASSERT_TRUE(Until([&] { return !wire->connected(); }));
  ASSERT_TRUE(Send(&publisher, "log.a", "2"));
  deaf = false;
  world_->StartServer();
  ASSERT_TRUE(Until([&] { return wire->connected(); }));
  publisher.OnConnected();
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 2; }));
  for (const auto& [id, result] : told_) {
    ASSERT_TRUE(result);
    EXPECT_EQ(std::to_string(*result), id);
  }
}

TEST_P(PublisherContract, BoundsAreKept) {
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  StoredPublisher publisher(wire.get(), &world_->clock(),
                            {.messages_max = 3, .bytes_max = 1000, .resend_ms = 200});
  for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(Send(&publisher, "log.a", id));
  EXPECT_FALSE(Send(&publisher, "log.a", "4"));
  ASSERT_TRUE(Run(&publisher, [&] { return publisher.in_flight() == 0; }));
  ASSERT_TRUE(publisher.Send(To("log.a", "5", std::string(900, 'x')), 60'000, Told("5")));
  EXPECT_FALSE(publisher.Send(To("log.a", "6", std::string(200, 'x')), 60'000, Told("6")));
  ASSERT_TRUE(Run(&publisher, [&] { return publisher.in_flight() == 0; }));
  EXPECT_TRUE(publisher.Send(To("log.a", "6", std::string(200, 'x')), 60'000, Told("6")));
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 5; }));
}

TEST_P(PublisherContract, GivesUpAtItsTimeWithoutAServer) {
  auto wire = world_->MakeWire();
  world_->StopServer();
  StoredPublisher publisher(wire.get(), &world_->clock(), kOptions);
  ASSERT_TRUE(Send(&publisher, "log.a", "1", 100));
  ASSERT_TRUE(Send(&publisher, "log.a", "2", INT64_MAX));
  ASSERT_TRUE(Run(&publisher, [&] { return told_.size() == 1; }));
  ASSERT_FALSE(told_[0].second);
  EXPECT_EQ(told_[0].second.error().fault, Fault::kRetry);
  EXPECT_EQ(publisher.in_flight(), 1u);
}

}  // namespace
}  // namespace lyceum::wire
