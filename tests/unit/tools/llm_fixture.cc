#include "llm_fixture.h"

#include <utility>

#include "base/check.h"
#include "tools/prompt_values.h"
#include "tutor/names.h"

namespace lyceum::tools {

tutor::Topic LeafTopic() {
  tutor::Topic topic;
  topic.course = CourseId("plants");
  topic.id = TopicId("leaves");
  topic.title = "Leaves";
  topic.material = {"Leaves\n\nA leaf takes in light and air.",
                    "Air\n\nAir holds several gases; a plant uses one and gives off another."};
  tutor::Question word;
  word.id = QuestionId("word");
  word.text = "What do we call the making of sugar from light?";
  word.format = tutor::AnswerFormat::kText;
  word.answers = {"photosynthesis"};
  word.hints = {"Think of light.", "It begins with photo.", "It is photosynthesis."};
  word.known_errors = {{ErrorId("breathing"), {"respiration"}, "That uses sugar up."}};
  word.solution = "Light is used to make sugar: photosynthesis.";
  tutor::Question part;
  part.id = QuestionId("part");
  part.text = "Half of the leaves and a quarter: which part is it?";
  part.format = tutor::AnswerFormat::kNumeric;
  part.answers = {"3/4"};
  tutor::Question gas;
  gas.id = QuestionId("gas");
  gas.text = "Which gas does a leaf give off?";
  gas.format = tutor::AnswerFormat::kChoice;
  gas.choices = {"helium", "oxygen", "nitrogen"};
  gas.answers = {"oxygen"};
  topic.questions = {word, part, gas};
  return topic;
}

test::LlmScript InTurn(std::vector<test::LlmReply> replies) {
  return [replies = std::move(replies)](const test::LlmCall& call) {
    return replies[std::min<size_t>(call.number, replies.size()) - 1];
  };
}

test::LlmReply Says(std::string text) {
  test::LlmReply reply;
  reply.text = std::move(text);
  reply.piece_bytes = 5;
  return reply;
}

test::LlmReply Spoilt(test::Trouble trouble, std::string text) {
  test::LlmReply reply = Says(std::move(text));
  reply.trouble = trouble;
  if (trouble == test::Trouble::kStatus) reply.status = 500;
  return reply;
}

void LlmTutorTest::Near(test::LlmScript script) {
  servers_.push_back(std::make_unique<test::LlmServer>(std::move(script)));
  llm::Provider provider;
  provider.name = std::string(1, static_cast<char>('a' + config_.providers.size()));
  provider.api = GetParam();
  provider.base_url = servers_.back()->url() + (provider.api == llm::Api::kOpenAi ? "/v1" : "");
  provider.key = "sk-key-of-nobody";
  provider.model = provider.name;
  for (int tool = 0; tool < tutor::kToolCount; ++tool) {
    const std::string name(tutor::Name(static_cast<tutor::Tool>(tool)));
    provider.models[name] = provider.name + " " + name;
  }
  provider.attempts = 2;
  provider.backoff = std::chrono::milliseconds(1);
  config_.providers.push_back(provider);
}

const Toolbox& LlmTutorTest::toolbox() {
  if (toolbox_) return *toolbox_;
  auto http = loop_ == nullptr ? wire::HttpClient::Start({}) : wire::HttpClient::StartOn(loop_, {});
  CHECK(http);
  http_ = *http;
  auto client = llm::Client::Make(config_, http_);
  CHECK(client);
  auto prompts = llm::Prompts::Load(LYCEUM_SOURCE_DIR "/ops/prompts", PromptSpecs());
  CHECK(prompts);
  prompts_ = *prompts;
  toolbox_ = LlmTutor(BuiltInTutor(source_), *client, prompts_, source_);
  return *toolbox_;
}

const tutor::Question& LlmTutorTest::Question(const std::string& id) const {
  const auto found = std::find_if(topic_.questions.begin(), topic_.questions.end(),
                                  [&](const auto& question) { return question.id.value == id; });
  CHECK(found != topic_.questions.end());
  return *found;
}

tutor::QuestionView LlmTutorTest::View(const std::string& id) const {
  const tutor::Question& question = Question(id);
  return {question.id, question.text, question.format, question.choices};
}

envelope::ToolRequest LlmTutorTest::Request(tutor::ToolArgs args) const {
  envelope::ToolRequest request;
  request.id = CallId("3-17-0");
  request.user = UserId("ada");
  request.tool = static_cast<tutor::Tool>(args.index());
  request.args = std::move(args);
  request.context = {"kind", "an owl", {"to pass"}, "en"};
  return request;
}

ToolAnswer LlmTutorTest::Run(tutor::ToolArgs args) {
  const envelope::ToolRequest request = Request(std::move(args));
  return toolbox().Run({request, stop_.get_token(), In(time_), &heard_});
}

std::string ApiName(const ::testing::TestParamInfo<llm::Api>& info) {
  return info.param == llm::Api::kAnthropic ? "Anthropic" : "OpenAi";
}

}  // namespace lyceum::tools
