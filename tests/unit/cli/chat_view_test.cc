#include "cli/chat_view.h"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

using tutor::ClientMessage;
using tutor::StateName;

ClientMessage Text(uint32_t n, const std::string& text, StateName state = StateName::kExposition,
                   const std::string& in_reply_to = "") {
  ClientMessage message;
  message.id = "1-" + std::to_string(n) + "-0";
  message.n = n;
  message.in_reply_to = EventId(in_reply_to);
  message.state = state;
  message.body = tutor::TextOut{text};
  return message;
}

ClientMessage Question(uint32_t n, std::vector<std::string> choices) {
  ClientMessage message = Text(n, "", StateName::kAwaitingAnswer);
  tutor::QuestionView question;
  question.id = QuestionId("q1");
  question.text = "Which?";
  question.choices = std::move(choices);
  message.body = tutor::QuestionOut{question};
  return message;
}

std::vector<uint32_t> Numbers(const std::vector<ClientMessage>& messages) {
  std::vector<uint32_t> numbers;
  for (const ClientMessage& message : messages) numbers.push_back(message.n);
  return numbers;
}

tutor::UserMessage Said(const ChatView& view, const std::string& line) {
  const LineMeaning meaning = view.Read(line);
  const auto* event = std::get_if<SendEvent>(&meaning);
  const auto* message = event ? std::get_if<tutor::UserMessage>(&event->kind) : nullptr;
  return message ? *message : tutor::UserMessage{"(not a message)"};
}

using Ns = std::vector<uint32_t>;

TEST(ChatView, MessagesComeOutInTheOrderOfN) {
  ChatView view(Looks{});
  EXPECT_EQ(Numbers(view.Receive(Text(1, "a"))), Ns{1});
  EXPECT_EQ(Numbers(view.Receive(Text(3, "c"))), Ns{});
  EXPECT_EQ(view.Missing(), 1u);
  EXPECT_EQ(Numbers(view.Receive(Text(2, "b"))), (Ns{2, 3}));
  EXPECT_EQ(view.Missing(), std::nullopt);
}

TEST(ChatView, ASecondCopyIsDropped) {
  ChatView view(Looks{});
  view.Receive(Text(1, "a"));
  EXPECT_EQ(Numbers(view.Receive(Text(1, "a"))), Ns{});
  view.Receive(Text(3, "c"));
  EXPECT_EQ(Numbers(view.Receive(Text(3, "c"))), Ns{});
  EXPECT_EQ(Numbers(view.Receive(Text(2, "b"))), (Ns{2, 3}));
}

TEST(ChatView, MessagesOutsideTheSessionAreShownAtOnceAndChangeNothing) {
  ChatView view(Looks{});
  view.Receive(Text(1, "a", StateName::kAwaitingToolResult));
  EXPECT_EQ(view.Receive(Text(0, "refused", StateName::kCompleted)).size(), 1u);
  EXPECT_FALSE(view.completed());
  EXPECT_FALSE(view.Ready());
  EXPECT_EQ(view.last_n(), 1u);
}

TEST(ChatView, AGapIsGivenUpOnlyWhenTheCallerSaysSo) {
  ChatView view(Looks{});
  view.Receive(Text(1, "a"));
  view.Receive(Text(300, "x"));
  view.Receive(Text(301, "y"));
  EXPECT_FALSE(view.Ready());
  EXPECT_EQ(Numbers(view.GiveUpGap()), (Ns{300, 301}));
  EXPECT_TRUE(view.Ready());
}

TEST(ChatView, EarlyMessagesAreBoundedAndTheGapIsStillKnown) {
  ChatView view(Looks{});
  for (uint32_t n = 2; n < 2 + 2 * ChatView::kEarlyMax; ++n) view.Receive(Text(n, "early"));
  EXPECT_EQ(view.Receive(Text(1, "a")).size(), 1 + ChatView::kEarlyMax);
  EXPECT_EQ(view.Missing(), std::nullopt);
  view.Receive(Text(600, "late"));
  EXPECT_EQ(view.Missing(), 1 + ChatView::kEarlyMax);
}

TEST(ChatView, ReadyWhenTheEventWasAnsweredAndNoToolRuns) {
  ChatView view(Looks{});
  view.Sent(EventId("e1"));
  EXPECT_FALSE(view.Ready());
  view.Receive(Text(1, "of another event", StateName::kAwaitingAnswer, "e0"));
  EXPECT_FALSE(view.Ready());
  view.Receive(Text(2, "feedback", StateName::kAwaitingToolResult, "e1"));
  EXPECT_FALSE(view.Ready());
  view.Receive(Text(3, "remediation", StateName::kAwaitingAnswer, "e1"));
  EXPECT_TRUE(view.Ready());
}

TEST(ChatView, AnAnswerBehindAGapIsNoAnswerYet) {
  ChatView view(Looks{});
  view.Sent(EventId("e1"));
  view.Receive(Text(2, "b", StateName::kAwaitingAnswer, "e1"));
  EXPECT_FALSE(view.Ready());
  view.Receive(Text(1, "a", StateName::kAwaitingAnswer, "e1"));
  EXPECT_TRUE(view.Ready());
}

TEST(ChatView, AJoinedSessionIsReadyWhenAllWasSentAgain) {
  ChatView view(Looks{}, 3);
  view.Join(5, StateName::kAwaitingAnswer);
  EXPECT_EQ(Numbers(view.Receive(Text(3, "old"))), Ns{});
  view.Receive(Text(4, "d", StateName::kAwaitingToolResult));
  EXPECT_FALSE(view.Ready());
  view.Receive(Text(5, "e", StateName::kAwaitingToolResult));
  EXPECT_TRUE(view.Ready()) << "older messages say how it was, not how it is";
}

TEST(ChatView, WhatTheOwnerCountsAndDidNotComeIsMissing) {
  ChatView view(Looks{});
  view.Receive(Text(1, "feedback", StateName::kAwaitingAnswer));
  EXPECT_EQ(view.Missing(), std::nullopt);
  view.Join(2, StateName::kAwaitingAnswer);
  EXPECT_EQ(view.Missing(), 1u);
  EXPECT_FALSE(view.Ready());
  EXPECT_TRUE(view.GiveUpGap().empty());
  EXPECT_TRUE(view.Ready());
  EXPECT_EQ(view.Missing(), std::nullopt);
}

TEST(ChatView, ASessionThatIsLockedWhenJoinedIsNotReady) {
  ChatView view(Looks{}, 1);
  view.Join(1, StateName::kAwaitingToolResult);
  EXPECT_FALSE(view.Ready());
  view.Receive(Text(2, "done", StateName::kAwaitingAnswer));
  EXPECT_TRUE(view.Ready());
}

TEST(ChatView, WithoutAStartTheFirstMessageSetsIt) {
  ChatView view(Looks{}, std::nullopt);
  EXPECT_EQ(Numbers(view.Receive(Text(41, "a"))), Ns{41});
  EXPECT_EQ(Numbers(view.Receive(Text(42, "b"))), Ns{42});
}

TEST(ChatView, LinesAreEventsCommandsOrNothing) {
  const ChatView view(Looks{});
  EXPECT_EQ(Said(view, "  1/2 ").text, "1/2");
  EXPECT_EQ(Said(view, "/ask why?").intent, tutor::Intent::kQuestion);
  EXPECT_EQ(Said(view, "/answer  b").text, "b");
  EXPECT_TRUE(std::holds_alternative<Nothing>(view.Read("")));
  EXPECT_TRUE(std::holds_alternative<Nothing>(view.Read("# a comment")));
  EXPECT_TRUE(std::holds_alternative<Quit>(view.Read("/quit\r")));
  EXPECT_TRUE(std::holds_alternative<ShowHelp>(view.Read("/help")));
  EXPECT_TRUE(std::holds_alternative<BadLine>(view.Read("/dance")));
  EXPECT_TRUE(std::holds_alternative<BadLine>(view.Read("/answer")));
  EXPECT_TRUE(std::holds_alternative<BadLine>(view.Read(std::string(20'000, 'x'))));
  const LineMeaning hint = view.Read("/hint");
  ASSERT_TRUE(std::holds_alternative<SendEvent>(hint));
  EXPECT_TRUE(std::holds_alternative<tutor::Hint>(std::get<SendEvent>(hint).kind));
}

TEST(ChatView, GoOnWhileMaterialIsShownIsNoQuestion) {
  const auto goes_on = [](const ChatView& view, const char* line) {
    const LineMeaning meaning = view.Read(line);
    const auto* event = std::get_if<SendEvent>(&meaning);
    return event != nullptr && std::holds_alternative<tutor::Continue>(event->kind);
  };
  ChatView view(Looks{});
  for (const char* line : {"continue", " Go on", "next"}) EXPECT_TRUE(goes_on(view, line)) << line;
  EXPECT_FALSE(goes_on(view, "what comes next"));
  // Where an answer is awaited the session finds out what is meant: it may be the answer.
  view.Receive(Question(1, {}));
  EXPECT_FALSE(goes_on(view, "next"));
}

TEST(ChatView, TheLetterOfAChoiceMeansTheChoice) {
  ChatView view(Looks{});
  view.Receive(Question(1, {"mitosis", "meiosis"}));
  EXPECT_EQ(Said(view, "B").text, "meiosis");
  EXPECT_EQ(Said(view, "b").intent, tutor::Intent::kAnswer);
  for (const char* line : {"b)", "(b)", "[B]", "b.", " (B) "}) {
    EXPECT_EQ(Said(view, line).text, "meiosis") << line;
  }
  EXPECT_EQ(Said(view, "(b").text, "(b");
  EXPECT_EQ(Said(view, "c").text, "c");
  EXPECT_EQ(Said(view, "mitosis").text, "mitosis");
}

TEST(ChatView, AChoiceThatIsALetterItselfIsMeantLiterally) {
  ChatView view(Looks{});
  view.Receive(Question(1, {"b", "a"}));
  EXPECT_EQ(Said(view, "a").text, "a");
}

TEST(ChatView, ALetterAfterTheQuestionClosedIsJustText) {
  ChatView view(Looks{});
  view.Receive(Question(1, {"x", "y"}));
  view.Receive(Text(2, "go on", StateName::kExposition));
  EXPECT_EQ(Said(view, "a").text, "a");
}

TEST(ChatView, RendersEachKindForPeople) {
  const ChatView view(Looks{});
  ClientMessage message;
  message.body = tutor::FeedbackOut{tutor::Verdict::kIncorrect, 0, "Not quite.", std::nullopt};
  EXPECT_EQ(view.Render(message), "✗ Not quite.\n");
  message.body = tutor::FeedbackOut{tutor::Verdict::kCorrect, 1, "", std::nullopt};
  EXPECT_EQ(view.Render(message), "✓ correct\n");
  message.body = tutor::HintOut{2, 3, "look"};
  EXPECT_EQ(view.Render(message), "hint 2/3: look\n");
  message.body = tutor::ProgressOut{TopicId("integers"), 1, 4};
  EXPECT_EQ(view.Render(message), "[integers: 1 of 4]\n");
  EXPECT_EQ(view.Render(Question(1, {"x", "y"})), "\n? Which?\n    a) x\n    b) y\n");
}

TEST(ChatView, PeopleReadWordsAndMathematicsNotCommandsAndIds) {
  const ChatView view(Looks{});
  ClientMessage message;
  message.body = tutor::ErrorOut{"unavailable", "It failed: send continue to try it again.", true};
  EXPECT_EQ(view.Render(message), "! It failed: say go on to try it again.\n");
  message.body = tutor::TextOut{"$\\frac{3}{4}$ of it"};
  EXPECT_EQ(view.Render(message), "\n3/4 of it\n");
  message.body = tutor::ProgressOut{TopicId("adding-unlike_fractions"), 1, 4};
  EXPECT_EQ(view.Render(message), "[adding unlike fractions: 1 of 4]\n");
}

TEST(ChatView, WhatATutorSaysCanNotControlTheTerminal) {
  const ChatView view(Looks{.colour = true});
  const std::string text = view.Render(Text(1, "a\x1b[2Jb"));
  EXPECT_EQ(text, "\na[2Jb\n");
}

}  // namespace
}  // namespace lyceum::cli
