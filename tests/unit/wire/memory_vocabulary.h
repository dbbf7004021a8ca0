// The fixture of the tests of the in-memory twin of NATS.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock.h"
#include "support/seed.h"
#include "wire/memory_broker.h"

namespace lyceum::wire {

using Texts = std::vector<std::string>;

class MemoryBrokerTest : public testing::Test {
 protected:
  static MemoryBroker::Options Seeded() {
    MemoryBroker::Options options;
    options.seed = test::Seed();
    return options;
  }
  explicit MemoryBrokerTest(MemoryBroker::Options options) : broker_(&clock_, std::move(options)) {}
  MemoryBrokerTest() : MemoryBrokerTest(Seeded()) {}

  std::unique_ptr<MemoryWire> Connected() {
    auto wire = broker_.Connect();
    EXPECT_TRUE(Until([&] { return wire->connected(); }));
    return wire;
  }
  // Steps, with a flush of everybody before each.
  bool Until(const std::function<bool()>& condition, int64_t us = 60'000'000) {
    return broker_.RunUntil(
        [&] {
          broker_.FlushAll();
          return condition();
        },
        us);
  }
  void Run(int64_t us) {
    Until([] { return false; }, us);
  }
  std::vector<std::string>* Listen(MemoryWire& wire, const std::string& subject,
                                   const std::string& queue = "") {
    auto& got = *got_.emplace_back(std::make_unique<std::vector<std::string>>());
    EXPECT_TRUE(wire.Subscribe(subject, queue,
                               [&got](const Arrived& arrived) { got.emplace_back(arrived.data); }));
    Run(5'000);
    return &got;
  }
  nlohmann::json Ask(MemoryWire& wire, const Outbound& message) {
    std::optional<Result<Answer>> answer;
    wire.Request(message, std::chrono::seconds(5),
                 [&](Result<Answer> got) { answer = std::move(got); });
    EXPECT_TRUE(Until([&] { return answer.has_value(); }));
    return answer && *answer ? nlohmann::json::parse((*answer)->data, nullptr, false)
                             : nlohmann::json(nullptr);
  }
  // A consumer from the first record on, as LogReader makes it; `replies` are $JS.ACK..., or a
  // heartbeat's last consumer sequence.
  void Consume(MemoryWire& wire, const std::string& stream, std::vector<std::string>* replies) {
    const std::string inbox = wire.NewInbox();
    ASSERT_TRUE(wire.Subscribe(inbox, "", [replies](const Arrived& arrived) {
      replies->emplace_back(arrived.status == 0 ? "#" + std::string(arrived.data)
                                                : arrived.header("Nats-Last-Consumer"));
    }));
    const nlohmann::json made =
        Ask(wire, {.subject = "$JS.API.CONSUMER.CREATE." + stream,
                   .data = nlohmann::json({{"stream_name", stream},
                                           {"config",
                                            {{"deliver_subject", inbox},
                                             {"ack_policy", "none"},
                                             {"flow_control", true},
                                             {"idle_heartbeat", 500'000'000}}}})
                               .dump()});
    EXPECT_EQ(made["type"], "io.nats.jetstream.api.v1.consumer_create_response");
    EXPECT_FALSE(made.contains("error")) << made;
  }
  void AddStream(int64_t bytes_max = -1, bool discard_old = false) {
    MemoryStream stream;
    stream.name = "S";
    stream.subjects = {"s.>"};
    stream.bytes_max = bytes_max;
    stream.discard_old = discard_old;
    stream.duplicates_ms = 10'000;
    broker_.AddStream(std::move(stream));
  }
  std::vector<std::string> Data() const {
    std::vector<std::string> data;
    for (const MemoryRecord& record : broker_.Stored("S")) data.push_back(record.data);
    return data;
  }

  ManualClock clock_;
  MemoryBroker broker_;
  std::vector<std::unique_ptr<std::vector<std::string>>> got_;
};

}  // namespace lyceum::wire
