#include "toolhost/toolbox.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "toolhost/tool_reply.h"

namespace lyceum::toolhost {
namespace {

using tutor::Tool;
using tutor::ToolError;

envelope::ToolRequest Hint() {
  envelope::ToolRequest request;
  request.id = CallId("3-17-0");
  request.tool = Tool::kGiveHint;
  request.user = UserId("ada");
  request.reply_subject = "lyceum.in.tool.ada";
  request.args = tutor::GiveHintArgs{};
  return request;
}

tutor::ToolOutcome OutcomeOf(const Toolbox& box, const envelope::ToolRequest& request) {
  return box.Run({request}).outcome;
}

std::string CodeOf(const tutor::ToolOutcome& outcome) {
  const auto* error = std::get_if<ToolError>(&outcome);
  return error == nullptr ? "ok" : error->code;
}

TEST(Toolbox, RunsTheToolOfTheRequest) {
  Toolbox box;
  box.Add(Tool::kGiveHint, [](const auto&) { return tutor::GiveHintOk{1, 1, "text", true}; });
  EXPECT_EQ(CodeOf(OutcomeOf(box, Hint())), "ok");
}

TEST(Toolbox, AToolThatThrowsOrAnswersForAnotherHasFailed) {
  Toolbox box;
  box.Add(Tool::kGiveHint, [](const auto&) -> ToolAnswer { throw std::runtime_error("secret"); });
  EXPECT_EQ(CodeOf(OutcomeOf(box, Hint())), "tool_failed");
  box.Add(Tool::kGiveHint, [](const auto&) { return tutor::PresentMaterialOk{"x"}; });
  EXPECT_EQ(CodeOf(OutcomeOf(box, Hint())), "tool_failed");
}

TEST(Toolbox, ARequestThatDoesNotFitIsRefused) {
  Toolbox box;
  EXPECT_EQ(CodeOf(OutcomeOf(box, Hint())), "bad_request");
  box.Add(Tool::kGiveHint, [](const auto&) { return tutor::GiveHintOk{}; });
  auto request = Hint();
  request.args = tutor::LoadTopicArgs{};
  EXPECT_EQ(CodeOf(OutcomeOf(box, request)), "bad_request");
}

TEST(Toolbox, UnknownNamesAreRefused) {
  Toolbox box;
  box.Add(Tool::kGiveHint, [](const auto&) { return tutor::GiveHintOk{}; });
  EXPECT_TRUE(box.Only({"give_hint"}));
  const auto none = box.Only({"give_hint", "tea"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text, "there is no tool \"tea\"; there are give_hint");
  EXPECT_FALSE(box.Only({"load_topic"})) << "not in this box";
}

TEST(ToolReply, AnotherReplySubjectIsAProblem) {
  const envelope::Subjects subjects;
  EXPECT_EQ(RequestProblem(subjects, Hint(), Tool::kGiveHint), "");
  EXPECT_NE(RequestProblem(subjects, Hint(), Tool::kLoadTopic), "");
  for (const char* subject :
       {"", "lyceum.in.tool.bob", "lyceum.in.admin.ada", "lyceum.in.tool.ada "}) {
    auto request = Hint();
    request.reply_subject = subject;
    EXPECT_NE(RequestProblem(subjects, request, Tool::kGiveHint), "") << subject;
  }
}

TEST(ToolReply, OnlyWordsForTheLearnerAreStreamed) {
  const envelope::Subjects subjects;
  auto request = Hint();
  request.stream_subject = "lyceum.out.c1";
  const std::set<Tool> streamed = {Tool::kPresentMaterial, Tool::kClarifyConcept, Tool::kGiveHint,
                                   Tool::kRemediateKnownError};
  for (int i = 0; i < tutor::kToolCount; ++i) {
    request.tool = static_cast<Tool>(i);
    EXPECT_EQ(IsStreamed(subjects, request), streamed.contains(request.tool)) << i;
  }
}

TEST(ToolReply, AResultThatIsTooLargeBecomesAnError) {
  Replier replier;
  replier.worker = "w";
  replier.payload_bytes_max = 16 * 1024;
  const auto message =
      ReplyMessage(replier, Hint(), tutor::GiveHintOk{1, 1, std::string(20'000, 'x'), false}, 1);
  EXPECT_EQ(message.subject, "lyceum.in.tool.ada");
  const auto event = envelope::DecodeEvent(message.data, envelope::Encoding::kProtobuf,
                                           envelope::RecordClass::kTool);
  ASSERT_TRUE(event) << event.error().text;
  const auto& reply = std::get<tutor::ToolResult>(event->event.kind).reply;
  EXPECT_EQ(CodeOf(reply.outcome), "bad_result");
  EXPECT_EQ(reply.call.value, "3-17-0");
  EXPECT_EQ(event->event.id.value, "3-17-0");
}

TEST(ToolReply, WhatCanBeReadOfABadRequestIsEnoughToAnswerIt) {
  const auto peeked = PeekRequest(R"({"id":"3-17-0","user":"ada","tool":7})");
  ASSERT_TRUE(peeked);
  EXPECT_EQ(peeked->user.value, "ada");
  EXPECT_FALSE(PeekRequest("\x01\x02"));
  EXPECT_FALSE(PeekRequest("[]"));
  EXPECT_FALSE(PeekRequest(R"({"id":"3-17-0","user":"a.b"})"));
  EXPECT_FALSE(PeekRequest(R"({"id":"","user":"ada"})"));
}

}  // namespace
}  // namespace lyceum::toolhost
