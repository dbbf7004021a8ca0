// Streams of deltas: what the client gets, and that it gets it while the tool is silent.
#include "toolhost/delta_sender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "wire/event_loop.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::seconds;

class Deltas : public ::testing::Test {
 protected:
  static envelope::ToolRequest Request(uint32_t attempt, bool json) {
    envelope::ToolRequest request;
    request.id = CallId("3-17-0");
    request.attempt = attempt;
    request.user = UserId("ada");
    request.stream_subject = "lyceum.out.c1";
    request.stream_json = json;
    return request;
  }
  // "0:text" of a delta, "retract 1" of a retract.
  std::vector<std::string> Got() {
    std::vector<std::string> got;
    for (const Sent& message : messages_) {
      EXPECT_EQ(message.subject, "lyceum.out.c1");
      const auto encoding = envelope::EncodingOf(message.content_type, message.data);
      const auto received = envelope::DecodeClientMessage(message.data, encoding);
      if (!received) {
        got.push_back(received.error().text);
        continue;
      }
      EXPECT_EQ(received->user.value, "ada");
      EXPECT_EQ(received->request_id, "3-17-0");
      got.push_back(received->is_delta
                        ? std::to_string(received->offset) + ":" + received->delta_text
                        : "retract " + std::to_string(received->attempt));
    }
    return got;
  }
  std::string Whole() {
    std::string text;
    for (const std::string& each : Got()) {
      text = each.starts_with("retract") ? "" : text + each.substr(each.find(':') + 1);
    }
    return text;
  }

  // Turns of the loop until it holds.
  bool Until(const std::function<bool()>& condition) {
    const Deadline deadline = In(seconds(10));
    while (!condition()) {
      if (Steady::now() > deadline) return false;
      loop_.RunOnce(std::min<int64_t>(sender_.NextMs() - clock_.SteadyMs(), 10));
      sender_.Turn();
    }
    return true;
  }

  struct Sent {
    std::string subject, content_type, data;
  };
  std::vector<Sent> messages_;
  bool away_ = false;
  std::stop_source stop_;
  SystemClock clock_;
  wire::EventLoop loop_;
  DeltaSender sender_{
      &clock_, &loop_, [this](const wire::Outbound& message) -> Result<void> {
        if (away_) return Retry("not connected");
        messages_.push_back({std::string(message.subject), std::string(message.content_type),
                             std::string(message.data)});
        return {};
      }};
};

TEST_F(Deltas, WhatWaitsGoesOutWhileTheToolIsSilent) {
  for (const bool json : {true, false}) {
    messages_.clear();
    const auto stream = sender_.Open(Request(1, json), stop_.get_token());
    stream->Add("One");
    EXPECT_EQ(Got(), std::vector<std::string>{"0:One"}) << "at once";
    stream->Add(" two");
    EXPECT_TRUE(Until([&] { return Whole() == "One two"; }));
    EXPECT_EQ(messages_[0].content_type, json ? "application/json" : "");
  }
}

TEST_F(Deltas, GoToAllAttachedClientsAsEachReads) {
  envelope::ToolRequest request = Request(2, true);
  request.stream_subjects = {"lyceum.out.c1", "lyceum.out.c2"};
  request.stream_json_subjects = {"lyceum.out.c1"};
  const auto stream = sender_.Open(request, stop_.get_token());
  stream->Add("One");
  ASSERT_EQ(messages_.size(), 4u);  // A retract and a delta to each.
  for (const Sent& message : messages_) {
    const bool json = message.subject == "lyceum.out.c1";
    EXPECT_EQ(message.content_type, json ? "application/json" : "");
    EXPECT_EQ(message.data[0] == '{', json);
  }
  EXPECT_EQ(messages_[3].subject, "lyceum.out.c2");
}

TEST_F(Deltas, ALaterAttemptTakesBackTheOneBefore) {
  const auto stream = sender_.Open(Request(2, true), stop_.get_token());
  stream->Add("One");
  EXPECT_EQ(Got(), (std::vector<std::string>{"retract 1", "0:One"}));
}

TEST_F(Deltas, ARetractVoidsAllAndTheTextBeginsAnew) {
  const auto stream = sender_.Open(Request(1, true), stop_.get_token());
  stream->Retract();
  EXPECT_TRUE(Got().empty()) << "there is nothing to take back";
  stream->Add("One");
  stream->Add(" two");
  stream->Retract();
  stream->Add("Other");
  stream->Finish();
  EXPECT_EQ(Got(), (std::vector<std::string>{"0:One", "retract 1", "0:Other"}));
}

TEST_F(Deltas, TheEndSendsTheRestAndNothingFollows) {
  const auto stream = sender_.Open(Request(1, true), stop_.get_token());
  stream->Add("One");
  stream->Add(" two");
  stream->Finish();
  stream->Add(" three");
  stream->Retract();
  EXPECT_EQ(Got(), (std::vector<std::string>{"0:One", "3: two"}));
}

TEST_F(Deltas, AfterACancelNothingGoesOut) {
  const auto stream = sender_.Open(Request(1, true), stop_.get_token());
  stream->Add("One");
  stream->Add(" two");
  stop_.request_stop();
  stream->Add(" three");
  stream->Retract();
  stream->Finish();
  EXPECT_EQ(Got(), std::vector<std::string>{"0:One"});
}

TEST_F(Deltas, WhatIsNotSentIsLostAndCounted) {
  const auto stream = sender_.Open(Request(1, true), stop_.get_token());
  away_ = true;
  stream->Add("One");
  EXPECT_EQ(sender_.counters().lost, 1U);
  away_ = false;
  stream->Add(" two");
  stream->Finish();
  EXPECT_EQ(Got(), std::vector<std::string>{"3: two"}) << "the offset shows the gap";
}

// Many streams at once, each whole and in order.
TEST_F(Deltas, ManyStreamsStayApart) {
  constexpr int kStreams = 16;
  std::atomic<int> ended = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) {
    envelope::ToolRequest request = Request(1, true);
    request.id = CallId("1-1-" + std::to_string(i));
    threads.emplace_back([this, &ended, stream = sender_.Open(request, stop_.get_token())] {
      for (int n = 0; n < 200; ++n) stream->Add(std::to_string(n) + " ");
      stream->Finish();
      loop_.Post([&ended] { ++ended; });
    });
  }
  EXPECT_TRUE(Until([&] { return ended == kStreams; }));
  for (std::thread& thread : threads) thread.join();
  std::string expected;
  for (int n = 0; n < 200; ++n) expected += std::to_string(n) + " ";
  std::map<std::string, std::string> texts;
  for (const Sent& message : messages_) {
    const auto received = envelope::DecodeClientMessage(message.data, envelope::Encoding::kJson);
    ASSERT_TRUE(received);
    std::string& text = texts[received->request_id];
    ASSERT_EQ(received->offset, text.size());
    text += received->delta_text;
  }
  ASSERT_EQ(texts.size(), size_t{kStreams});
  for (const auto& [id, text] : texts) EXPECT_EQ(text, expected) << id;
}

}  // namespace
}  // namespace lyceum::toolhost
