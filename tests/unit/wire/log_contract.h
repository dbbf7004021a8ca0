// The fixtures of the contract's second half: what stands on a Wire and a server with JetStream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wire/kv.h"
#include "wire/log_reader.h"
#include "wire/stored_publisher.h"
#include "wire_contract.h"

namespace lyceum::wire {

class LogContract : public WireContract {
 protected:
  // Stores messages under log.<i>, with their number as data. They are acked when this returns.
  void Store(Wire& wire, int first, int count, size_t padding = 0,
             const std::string& subject = "log.a") {
    int acked = 0;
    for (int i = first; i < first + count; ++i) {
      const std::string data = std::to_string(i) + std::string(padding, ' ');
      wire.Request({.subject = subject, .data = data, .content_type = "text/plain"},
                   std::chrono::seconds(10), [&](const Result<Answer>& answer) {
                     EXPECT_TRUE(answer);
                     ++acked;
                   });
    }
    ASSERT_TRUE(Until([&] { return acked == count; }));
  }

  struct Reading {
    std::vector<uint64_t> sequences;
    std::vector<std::string> data;
    std::vector<uint64_t> pending;
    std::string subject, content_type;
    int64_t time_ms = 0;
    std::vector<std::string> broken;
    std::unique_ptr<LogReader> reader;
  };
  LogReader::RecordHandler Into(Reading* reading) {
    return [reading](const LogRecord& record) {
      reading->sequences.push_back(record.sequence);
      reading->data.emplace_back(record.data);
      reading->pending.push_back(record.pending);
      reading->subject = record.subject;
      reading->content_type = record.content_type;
      reading->time_ms = record.time_ms;
    };
  }
  LogReader::BrokenHandler Breaks(Reading* reading) {
    return [reading](const Error& error) {
      EXPECT_EQ(error.fault, Fault::kRetry);
      reading->broken.push_back(error.text);
    };
  }
  void Open(Reading* reading, Wire* wire, uint64_t from, const std::string& stream = "LOG") {
    reading->reader = std::make_unique<LogReader>(wire, &world_->clock(), stream, from,
                                                  Into(reading), Breaks(reading));
  }
  bool Read(Reading* reading, const std::function<bool()>& condition) {
    return Until([&] {
      reading->reader->Tick();
      return condition();
    });
  }
};

// What a StoredPublisher has told, by message id.
class PublisherContract : public LogContract {
 protected:
  static StoredMessageOut To(const std::string& subject, const std::string& id,
                             const std::string& data = "x") {
    StoredMessageOut message;
    message.subject = subject;
    message.data = data;
    message.message_id = id;
    return message;
  }
  StoredPublisher::Done Told(const std::string& id) {
    return [this, id](Result<uint64_t> result) { told_.emplace_back(id, std::move(result)); };
  }
  bool Send(StoredPublisher* publisher, const std::string& subject, const std::string& id,
            int64_t give_up_ms = 60'000) {
    return publisher->Send(To(subject, id), give_up_ms, Told(id));
  }
  bool Run(StoredPublisher* publisher, const std::function<bool()>& condition) {
    return Until([&] {
      publisher->Tick();
      return condition();
    });
  }
  std::vector<std::pair<std::string, Result<uint64_t>>> told_;
  static constexpr StoredPublisher::Options kOptions{
      .messages_max = 100, .bytes_max = 1 << 20, .resend_ms = 200};
};

class KvContract : public WireContract {
 protected:
  Result<bool> Create(Wire& wire, const std::string& key, const std::string& value,
                      const std::string& bucket = "b") {
    std::optional<Result<bool>> created;
    KvCreate(wire, bucket, key, value, [&](Result<bool> result) { created = result; });
    EXPECT_FALSE(created);
    EXPECT_TRUE(Until([&] { return created.has_value(); }));
    return *created;
  }
  Result<std::optional<std::string>> Get(Wire& wire, const std::string& key,
                                         const std::string& bucket = "b") {
    std::optional<Result<std::optional<std::string>>> got;
    KvGet(wire, bucket, key, [&](Result<std::optional<std::string>> result) { got = result; });
    EXPECT_FALSE(got);
    EXPECT_TRUE(Until([&] { return got.has_value(); }));
    return *got;
  }
};

}  // namespace lyceum::wire

// All of the contract for one world: INSTANTIATE_WIRE_CONTRACT(Nats, MakeNatsWorld);
#define INSTANTIATE_WIRE_CONTRACT(name, make_world)                               \
  INSTANTIATE_TEST_SUITE_P(name, WireContract, testing::Values(make_world));      \
  INSTANTIATE_TEST_SUITE_P(name, LogContract, testing::Values(make_world));       \
  INSTANTIATE_TEST_SUITE_P(name, PublisherContract, testing::Values(make_world)); \
  INSTANTIATE_TEST_SUITE_P(name, KvContract, testing::Values(make_world))
