// A real lyceum-tool-worker under measure: asked over NATS as a session worker asks, answering with
// a language model that is told to it, heard as a gateway hears.
//
//   LlmToolWorker worker(stack, server.url(), 512);
//   worker.FirstDelta();
//   const Load load = worker.Keep(500, warm_up, window);
//   const Sent sent = worker.Stop();
// One thread calls it. Every call is clarify_concept of the default course, without an open
// question. What the worker may not do (a busy answer, a text taken back, another text than the
// model's) throws: it would not be the same work.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "bench/asked_worker.h"
#include "envelope/codec.h"
#include "support/process.h"
#include "support/stack.h"
#include "support/temp_dir.h"
#include "tutor/call.h"
#include "wire/connection.h"

namespace lyceum::bench {

// What the worker says at its end of its whole life.
struct Sent {
  uint64_t asked = 0;  // By us.
  uint64_t accepted = 0, results = 0, errors = 0;
  bool drained = false;
};

class LlmToolWorker : public AskedWorker {
 public:
  // The stack holds the default course. Returns when the worker takes requests.
  LlmToolWorker(test::Stack& stack, const std::string& llm_url, size_t slots);

  pid_t pid() const override { return process_->pid(); }
  // Asks once, and waits until all is said. Seconds from the request to the first delta.
  double FirstDelta();
  Sent Stop();

 private:
  void WaitUntilItAnswers();
  wire::Message NextRequest();
  void Ask() override;
  Heard Take(const wire::Message& message, bool delta) override;
  size_t in_flight() const override { return said_.size(); }
  std::string log() const override { return process_->err(); }
  Heard TakeDelta(const wire::Message& message);

  test::TempDir dir_;
  envelope::Subjects subjects_;
  tutor::TopicRef topic_;
  uint64_t asked_ = 0;
  std::unordered_map<std::string, std::string> said_;  // So far, by call that is in flight.
  std::unique_ptr<test::Process> process_;
};

}  // namespace lyceum::bench
