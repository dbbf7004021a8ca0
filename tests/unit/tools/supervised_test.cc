// For supervised sessions a tool also says what it would without a language model.
#include "tools/supervised.h"

#include <gtest/gtest.h>

#include "toolhost/toolbox.h"

namespace lyceum::tools {
namespace {

using tutor::Tool;

class Heard : public TextStream {
 public:
  void Add(std::string_view text) override { now += text; }
  void Retract() override { now.clear(); }
  std::string now;
};

ToolAnswer OfModel(tutor::ToolOutcome outcome) {
  ToolAnswer answer = std::move(outcome);
  answer.model = "large";
  return answer;
}

Toolbox Speaking() {
  Toolbox box;
  box.Add(Tool::kClarifyConcept, [](const ToolCall& call) {
    if (call.stream != nullptr) call.stream->Add("A model ");
    const auto& args = std::get<tutor::ClarifyConceptArgs>(call.request.args);
    if (args.text == "fail") return ToolAnswer(ToolErrorOf("tool_failed", true, "no"));
    if (args.text == "plain") return ToolAnswer(tutor::ClarifyConceptOk{"Degraded."});
    return OfModel(tutor::ClarifyConceptOk{"A model speaks."});
  });
  box.Add(Tool::kDiagnoseError, [](const ToolCall&) {
    return OfModel(tutor::DiagnoseErrorOk{{}, "A model.", "Why?"});
  });
  return box;
}

Toolbox BuiltIn(bool reveals = false) {
  Toolbox box;
  box.Add(Tool::kClarifyConcept, [reveals](const ToolCall& call) {
    EXPECT_EQ(call.stream, nullptr);
    return ToolAnswer(tutor::ClarifyConceptOk{"The book.", true, reveals});
  });
  box.Add(Tool::kDiagnoseError, [](const ToolCall&) {
    return ToolAnswer(tutor::DiagnoseErrorOk{{}, "The book.", "Again?"});
  });
  return box;
}

ToolAnswer Call(const Toolbox& box, tutor::ToolArgs args, bool supervised, Heard* heard = nullptr) {
  envelope::ToolRequest request;
  request.tool = static_cast<Tool>(args.index());
  request.args = std::move(args);
  if (supervised) request.context.supervision = tutor::Supervision::kDraft;
  ToolCall call{request};
  call.stream = heard;
  return box.Run(call);
}

tutor::ClarifyConceptArgs Asks(std::string text) {
  tutor::ClarifyConceptArgs args;
  args.text = std::move(text);
  return args;
}

TEST(WithAuthored, AModelsTextComesWithTheCoursesOwnAndIsNotStreamed) {
  const Toolbox box = WithAuthored(Speaking(), BuiltIn());
  Heard heard;
  const ToolAnswer answer = Call(box, Asks("why?"), true, &heard);
  EXPECT_EQ(std::get<tutor::ClarifyConceptOk>(answer.outcome).text, "A model speaks.");
  EXPECT_EQ(answer.authored, "The book.");
  EXPECT_EQ(heard.now, "");
  EXPECT_EQ(Call(box, tutor::DiagnoseErrorArgs{}, true).authored, "The book.\n\nAgain?");
}

TEST(WithAuthored, ATextWithoutAModelIsItsOwn) {
  const Toolbox box = WithAuthored(Speaking(), BuiltIn());
  EXPECT_EQ(Call(box, Asks("plain"), true).authored, "Degraded.");
  EXPECT_EQ(Call(box, Asks("fail"), true).authored, "");
}

TEST(WithAuthored, WhatWouldGiveTheAnswerAwayIsLeftOut) {
  EXPECT_EQ(Call(WithAuthored(Speaking(), BuiltIn(true)), Asks("why?"), true).authored, "");
}

TEST(WithAuthored, OtherSessionsAreServedAsBefore) {
  Heard heard;
  const ToolAnswer answer = Call(WithAuthored(Speaking(), BuiltIn()), Asks("why?"), false, &heard);
  EXPECT_EQ(answer.authored, "");
  EXPECT_EQ(heard.now, "A model ");
}

}  // namespace
}  // namespace lyceum::tools
