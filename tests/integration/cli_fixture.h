// What the tests of the command share: a server with everything installed, and a pretended owner.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "envelope/subjects.h"
#include "support/eventually.h"
#include "support/stack.h"
#include "wire/jetstream.h"

namespace lyceum {

using nlohmann::json;

inline std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(json::parse(line, nullptr, false));
  }
  return lines;
}

inline bool Says(const test::Ran& ran, const std::string& what) {
  return ran.err.find(what) != std::string::npos || ran.out.find(what) != std::string::npos;
}

inline constexpr char kCourse[] = R"(
id = "small"
title = "A small course"
[[topic]]
id = "first"
title = "First"
material = ["Two and two are four.", "Read it again."]
[[topic.question]]
id = "sum"
text = "What is 2 + 2?"
format = "numeric"
answers = ["4"]
hints = ["Count on your fingers."]
[[topic.question]]
id = "pick"
text = "Which one is even?"
format = "choice"
choices = ["three", "four"]
answers = ["four"]
)";

class Installed : public ::testing::Test {
 protected:
  test::Ran Lyceum(const std::string& role, std::vector<std::string> args,
                   const std::string& input = "") {
    return stack_.Lyceum(role, std::move(args), input);
  }
  uint64_t RecordsOf(const UserId& user) {
    auto info = wire::GetStream(*stack_.nats().Connect("operator"),
                                subjects_.LogStream(subjects_.PartitionOf(user)));
    return info && *info ? (*info)->messages : ~uint64_t{0};
  }
  json Partition(uint32_t partition) {
    const test::Ran ran = Lyceum("operator", {"partition", "list", "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    const std::vector<json> lines = Lines(ran.out);
    EXPECT_EQ(lines.size(), 16u) << ran.out;
    return lines.size() == 16 ? lines[partition] : json();
  }
  bool Reaches(uint32_t partition, const std::string& state) {
    return test::Eventually(std::chrono::seconds(30),
                            [&] { return Partition(partition).value("state", "") == state; });
  }
  test::Stack stack_;
  const envelope::Subjects subjects_;
};

// Answers queries as an owner would, with a view of the test's making.
class FakeOwner {
 public:
  FakeOwner(test::NatsServer& server, const std::string& subject, std::string view)
      : connection_(server.Connect("session_worker")),
        subscription_(connection_->Subscribe(subject, "", box_, 0)),
        thread_([this, view = std::move(view)] {
          while (!box_->closed()) {
            auto question = box_->Pop(In(std::chrono::milliseconds(100)));
            if (question) (void)connection_->Publish({.subject = question->reply, .data = view});
          }
        }) {
    EXPECT_TRUE(subscription_);
    EXPECT_TRUE(connection_->Flush(std::chrono::seconds(5)));
  }
  ~FakeOwner() {
    box_->Close();
    thread_.join();
  }

 private:
  std::shared_ptr<wire::Connection> connection_;
  std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(64);
  Result<wire::Subscription> subscription_;
  std::thread thread_;
};

}  // namespace lyceum
