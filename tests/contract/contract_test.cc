// The facts of facts.mjs about the contract, each a test of its name: a client in another language, over the public
// NATS client, with the real programs.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <iostream>

#include "support/eventually.h"
#include "support/process.h"
#include "support/stack.h"

namespace lyceum {
namespace {

class Contract : public ::testing::Test {
 protected:
  const std::string folder = test::SourceFile("tests/contract");
  test::Stack stack;

  void SetUp() override {
    if (std::system("node --version >/dev/null 2>&1") != 0 ||
        !std::filesystem::exists(folder + "/node_modules/nats")) {
      GTEST_SKIP() << "needs node, and `npm ci` in tests/contract";
    }
  }
  // The password of every role: a fact is a gateway, a tool worker and an operator.
  std::map<std::string, std::string> Environment() {
    auto env = stack.nats().env_for("gateway");
    for (const char* role : {"gateway", "operator", "tool_worker"}) {
      std::string name = role;
      for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      env["LYCEUM_" + name + "_PASSWORD"] = stack.nats().password(role);
    }
    return env;
  }
  // The fact of this test's name, beside a tool worker with these tools (none: without one).
  void Holds(const std::string& tools =
                 "load_topic,present_material,generate_question,check_answer,give_hint,"
                 "remediate_known_error,diagnose_error,classify_intent") {
    stack.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));
    stack.StartSessionWorker();
    std::unique_ptr<test::Process> worker;
    if (!tools.empty()) worker = stack.StartToolWorker("built-in", {"--tools", tools});
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const test::Ran ran = test::Run({"node", folder + "/facts.mjs", name}, Environment(), "",
                                    std::chrono::seconds(90));
    std::cout << ran.out;
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err << stack.session_worker_logs();
  }
};

TEST_F(Contract, IdsAreUniquePerLearner) { Holds(); }
TEST_F(Contract, TheSameEventAgainCountsOnce) { Holds(); }
TEST_F(Contract, TheSameIdWithOtherContentIsADuplicateId) { Holds(); }
TEST_F(Contract, AttachIsAnsweredFirstWithWhereTheLearnerStands) { Holds(); }
TEST_F(Contract, AGapThatCannotBeFilledIsSaidAndAskedForOnce) { Holds(); }
TEST_F(Contract, AnAttachThatIsAheadIsAnswered) { Holds(); }
TEST_F(Contract, DeltasGoToEveryAttachedClient) { Holds(); }
TEST_F(Contract, AnEventMovesItsClientToTheFront) { Holds(); }
TEST_F(Contract, TheNinthClientPushesOutTheOneThatWasSilentLongest) { Holds(); }
TEST_F(Contract, ACallThatEndsWithoutATextIsRetracted) { Holds(); }
TEST_F(Contract, WaitSaysWhetherTheEventIsKept) { Holds(); }
TEST_F(Contract, BeyondItsBoundTheInboxIsFull) { Holds(); }
TEST_F(Contract, WhatCannotBeReadIsRefusedToAllClientsOfItsSession) { Holds(); }
TEST_F(Contract, WhoeverSentItIsToldWhereThatCanBeRead) { Holds(); }
TEST_F(Contract, AnIdThatIsNoTokenIsWrittenInBase64url) { Holds(); }
TEST_F(Contract, AFailedFirstStartNamesWhatThereIsAndCanBeBegunAnew) { Holds(); }
TEST_F(Contract, ACompletedCourseBeginsAnewWhereItIsToldTo) { Holds(); }
TEST_F(Contract, AResultThatDoesNotFitGoesBackToItsWorkerAndEndsTheCall) { Holds(); }
TEST_F(Contract, FiftyLearnersWithThreeTabsEachSeeTheSameInAllOfThem) { Holds(); }

TEST_F(Contract, EveryProgramIsFoundAsAService) {
  test::Process gateway({test::Program("lyceum-gateway"), "--id", "g1", "--demo", "--web", "",
                         "--listen", "127.0.0.1:0"},
                        stack.nats().env_for("gateway"));
  Holds(
      "load_topic,present_material,clarify_concept,generate_question,check_answer,give_hint,"
      "remediate_known_error,diagnose_error,classify_intent");
}
TEST_F(Contract, OnlyOperatorsSeeTheServices) { Holds(); }

// What users of comparable systems have reported.
TEST_F(Contract, WhatIsAckedIsInTheHistoryOrRefusedByItsId) { Holds(); }
TEST_F(Contract, MessagesAtOnceAreHandledOneAtATimeAndEachKnowsTheOneBefore) { Holds(); }
TEST_F(Contract, AMessageInAnyWaitIsAnsweredAsThePolicySaysAndEndsNothing) { Holds(""); }
TEST_F(Contract, AnEventOfAnySizeIsTakenOrRefusedWithItsLimitAndShutdownWorks) { Holds(); }

}  // namespace
}  // namespace lyceum
