// Folding one record: what is refused, why, and that a refusal leaves the session as it was.
#include "session/fold.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tutor/dump.h"

namespace lyceum::session {
namespace {

constexpr uint32_t kPartitions = 16;

class FoldTest : public ::testing::Test {
 protected:
  const envelope::Subjects subjects{"lyceum", kPartitions};
  const UserId ada{std::string("ada")};
  const uint32_t home = subjects.PartitionOf(ada);
  Fold fold{subjects, home};

  std::string SubjectOf(envelope::RecordClass record_class, uint32_t partition) const {
    return subjects.Log(partition, record_class, ada);
  }
  Folded Step(std::string_view json,
              envelope::RecordClass record_class = envelope::RecordClass::kUser,
              std::optional<tutor::Session> session = std::nullopt) const {
    const std::string subject = SubjectOf(record_class, home);
    const Record record{.subject = subject, .data = json, .sequence = 1, .time_ms = 1'000};
    std::optional<Refused> refused;
    const auto address = fold.AddressOf(record, &refused);
    EXPECT_TRUE(address.has_value());
    return fold.Step(record, *address, std::move(session));
  }
};

TEST_F(FoldTest, AStartOpensASession) {
  const Folded folded = Step(R"({"id":"e1","client":"c1","start":{"course":"algebra"}})");
  ASSERT_FALSE(folded.refused) << folded.refused->text;
  ASSERT_TRUE(folded.session);
  EXPECT_EQ(folded.session->user, ada);
  EXPECT_EQ(folded.event_kind, "start");
}

TEST_F(FoldTest, GarbageIsUndecodable) {
  const Folded folded = Step("\x01\xff garbage");
  ASSERT_TRUE(folded.refused);
  EXPECT_EQ(Name(folded.refused->reason), "undecodable");
  EXPECT_FALSE(folded.session);
}

TEST_F(FoldTest, TheSenderOfARefusedEventIsKnownWhereItCanBeRead) {
  const Folded folded = Step(R"({"id":"e1","client":"c1","message":{"text":"x"},"nonsense":1})");
  ASSERT_TRUE(folded.refused);
  ASSERT_TRUE(folded.refused->sender);
  EXPECT_EQ(folded.refused->sender->client.value, "c1");
  EXPECT_EQ(folded.refused->encoding, tutor::Encoding::kJson);
}

TEST_F(FoldTest, AnAdminEventInClassUserIsOfTheWrongClass) {
  const Folded folded = Step(R"({"id":"e1","end":{"reason":"x"}})");
  ASSERT_TRUE(folded.refused);
  EXPECT_EQ(Name(folded.refused->reason), "wrong_class");
  EXPECT_NE(folded.refused->text.find("class admin"), std::string::npos) << folded.refused->text;
}

TEST_F(FoldTest, ARecordOfAnotherPartitionIsRefused) {
  for (uint32_t partition = 0; partition < kPartitions; ++partition) {
    const std::string subject = SubjectOf(envelope::RecordClass::kUser, partition);
    std::optional<Refused> refused;
    const auto address = Fold(subjects, partition).AddressOf({.subject = subject}, &refused);
    EXPECT_EQ(address.has_value(), partition == home);
    if (partition == home) continue;
    ASSERT_TRUE(refused);
    EXPECT_EQ(Name(refused->reason), "wrong_partition");
  }
}

TEST_F(FoldTest, ASubjectThatIsNoneOfTheLogIsRefused) {
  for (const char* subject : {"lyceum.p.3.user", "lyceum.p.3.nobody.ada", "lyceum.p.x.user.ada",
                              "other.p.3.user.ada", "lyceum.p.3.user.a.b", "lyceum.p.3.user.~"}) {
    std::optional<Refused> refused;
    EXPECT_FALSE(fold.AddressOf({.subject = subject}, &refused)) << subject;
    ASSERT_TRUE(refused) << subject;
    EXPECT_EQ(Name(refused->reason), "bad_subject") << subject;
  }
}

TEST_F(FoldTest, ACoreThatThrowsHarmsNothing) {
  const Folded started = Step(R"({"id":"e1","client":"c1","start":{"course":"algebra"}})");
  const std::string before = tutor::Dump(*started.session);
  fold = Fold(subjects, home,
              [](std::optional<tutor::Session>* session, const UserId&, const tutor::Event&,
                 const tutor::LogPosition&, tutor::Effects*) {
                (*session)->n = 77;
                throw std::runtime_error("broken");
              });
  const Folded folded =
      Step(R"({"id":"e2","client":"c1","skip":{}})", envelope::RecordClass::kUser, started.session);
  ASSERT_TRUE(folded.refused);
  EXPECT_EQ(Name(folded.refused->reason), "core_failed");
  ASSERT_TRUE(folded.session);
  EXPECT_EQ(tutor::Dump(*folded.session), before);
  EXPECT_TRUE(folded.effects.empty());
}

}  // namespace
}  // namespace lyceum::session
