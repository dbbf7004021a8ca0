// TopicView: a topic as the built-in tools look at it: its questions by id, its material by
// passage.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/course_bucket.h"
#include "tools/passages.h"
#include "tools/toolbox.h"
#include "tutor/call.h"

namespace lyceum::tools {

// The topic that a call is about. A source that can not be read just now is asked again, for half
// of the time that the call has; the other half is for its work.
Result<std::shared_ptr<const tutor::Topic>> ReadTopic(TopicSource* source,
                                                      const tutor::TopicRef& ref,
                                                      const ToolCall& call);
// The same as a result of load_topic.
Result<tutor::LoadTopicOk> LoadFrom(TopicSource* source, const tutor::TopicRef& ref,
                                    const ToolCall& call);

class TopicView {
 public:
  // Blocks where it has to be read.
  static Result<TopicView> Load(TopicSource* source, const tutor::TopicRef& ref,
                                const ToolCall& call);
  // The same, in a thread of its own where it has to be read. The source outlives it.
  static Task<Result<TopicView>> Loaded(TopicSource* source, const tutor::TopicRef& ref,
                                        const ToolCall& call);

  const tutor::Topic& topic() const { return *topic_; }
  // With its key. Null: not of this topic (a generated one), or none was given.
  const tutor::Question* Find(const std::optional<tutor::QuestionView>& view) const;
  // The topics of the course before this one, the nearest first, and then those after it:
  // kAroundMax of each at most, without those that cannot be read just now. May block.
  static constexpr size_t kAroundMax = 16;
  std::vector<TopicView> Around(TopicSource* source, const ToolCall& call) const;

  // A question, with the course's synonyms.
  Asked Read(std::string_view text) const;
  // 0 to 1: how much of what was asked about stands in the topic's title.
  double TitleShare(const Asked& asked) const;

  struct Passage {
    std::string text;  // With its title.
    double coverage = 0;
    bool defines = false;
    bool reveals = false;  // It gives the question's answer away.
  };
  // The best passage, whatever it gives away; of those as good the nearest to the context. Empty:
  // nothing fits.
  std::optional<Passage> BestOfAll(const Asked& asked, std::string_view context,
                                   const tutor::Question* question) const;
  // The best passage that does not give the question's answer away. Empty: nothing fits.
  std::optional<Passage> Best(std::string_view query, std::string_view context,
                              const tutor::Question* question) const;
  // The material by passages, without those that give the question's answer away: all of it in its
  // order where it fits into so many tokens, else first what fits the query best.
  std::vector<std::string> Excerpts(std::string_view query, const tutor::Question* question,
                                    uint32_t tokens_max) const;
  // A question before this one in the topic that is most like it and has a worked solution.
  const tutor::Question* WorkedExample(const tutor::Question& question) const;

 private:
  TopicView(std::shared_ptr<const tutor::Topic> topic, std::shared_ptr<const Passages> passages)
      : topic_(std::move(topic)), passages_(std::move(passages)) {}
  std::string Titled(size_t passage) const;

  std::shared_ptr<const tutor::Topic> topic_;
  std::shared_ptr<const Passages> passages_;
};

// As a tool says that content could not be had: not_found or unavailable.
tutor::ToolError ContentError(const Error& error);

}  // namespace lyceum::tools
