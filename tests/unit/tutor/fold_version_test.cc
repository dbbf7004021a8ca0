// The fold version reaches the core with each record's position, and what it makes hangs on it.

#include <gtest/gtest.h>

#include "support/planted_core.h"
#include "tutor/dump.h"
#include "tutor/table_samples.h"

namespace lyceum::tutor {
namespace {

// A session in the middle of its material, and what a core makes of the next record.
std::string Continued(Core core, uint32_t fold_version) {
  std::optional<Session> session = samples::Sample::In(StateName::kExposition).session;
  const Event event{EventId("next"), ClientId("c"), Encoding::kJson, Continue{}};
  Effects effects;
  core(&session, UserId("u"), event,
       {.partition = 0, .sequence = 99, .time_ms = 2'000'000, .fold_version = fold_version},
       &effects);
  std::string text = Dump(*session);
  for (const Effect& effect : effects) text += Dump(effect) + "\n";
  return text;
}

TEST(FoldVersion, IsThatOfTheCodeWhereNothingElseIsSaid) {
  EXPECT_EQ(LogPosition{}.fold_version, kFoldVersion);
}

TEST(FoldVersion, SelectsTheBehaviourRecordByRecord) {
  EXPECT_EQ(Continued(&test::AdvancePlanted, kFoldVersion), Continued(&Advance, kFoldVersion));
  const std::string next = Continued(&test::AdvancePlanted, test::kPlantedFoldVersion);
  EXPECT_NE(next, Continued(&test::AdvancePlanted, kFoldVersion));
  EXPECT_NE(next.find("(planted)"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::tutor
