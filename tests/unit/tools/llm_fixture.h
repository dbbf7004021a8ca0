// The tutor with language models, against real servers of both wire formats.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/llm_server.h"
#include "tools/built_in.h"
#include "tools/llm_tutor.h"
#include "wire/event_loop.h"

namespace lyceum::tools {

// What a learner would see, at any time.
class Heard : public TextStream {
 public:
  void Add(std::string_view text) override {
    now += text;
    most.push_back(now);
  }
  void Retract() override {
    if (now.empty()) return;
    now.clear();
    ++retracts;
  }
  std::string now;
  std::vector<std::string> most;  // After each piece.
  int retracts = 0;
};

class OneTopic : public TopicSource {
 public:
  explicit OneTopic(tutor::Topic topic)
      : topic_(std::make_shared<const tutor::Topic>(std::move(topic))) {}
  Result<std::shared_ptr<const tutor::Topic>> Get(const tutor::TopicRef&) override {
    return topic_;
  }

 private:
  std::shared_ptr<const tutor::Topic> topic_;
};

tutor::Topic LeafTopic();  // Questions "word" (text), "part" (numeric), "gas" (choice).

// Answers with the replies in turn; the last one stays.
test::LlmScript InTurn(std::vector<test::LlmReply> replies);
test::LlmReply Says(std::string text);
test::LlmReply Spoilt(test::Trouble trouble, std::string text = "one two three four five six");

class LlmTutorTest : public ::testing::TestWithParam<llm::Api> {
 protected:
  // A provider more: a, b, c ... Its model is named "<provider> <tool>".
  void Near(test::LlmScript script);
  const Toolbox& toolbox();

  const tutor::Question& Question(const std::string& id) const;
  tutor::QuestionView View(const std::string& id) const;
  envelope::ToolRequest Request(tutor::ToolArgs args) const;
  // With ten seconds, and heard_ as its stream.
  ToolAnswer Run(tutor::ToolArgs args);
  template <class Ok>
  static Ok As(const ToolAnswer& answer) {
    if (const auto* ok = std::get_if<Ok>(&answer.outcome)) return *ok;
    const auto* error = std::get_if<tutor::ToolError>(&answer.outcome);
    ADD_FAILURE() << (error == nullptr ? "another tool's" : error->code + ": " + error->text);
    return {};
  }
  uint64_t calls(size_t provider = 0) const { return servers_[provider]->call_count(); }

  tutor::Topic topic_ = LeafTopic();
  std::shared_ptr<OneTopic> source_ = std::make_shared<OneTopic>(topic_);
  llm::Config config_;
  std::vector<std::unique_ptr<test::LlmServer>> servers_;
  std::shared_ptr<llm::Prompts> prompts_;
  std::shared_ptr<wire::EventLoop> loop_;  // Where transfers run; null: on a thread of their own.
  std::shared_ptr<wire::HttpClient> http_;
  std::optional<Toolbox> toolbox_;
  Heard heard_;
  std::stop_source stop_;
  std::chrono::milliseconds time_{10'000};
};

std::string ApiName(const ::testing::TestParamInfo<llm::Api>& info);

}  // namespace lyceum::tools
