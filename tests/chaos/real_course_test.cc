// The real problems, where they lie beside the project: imported, and gone through to the end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "classroom.h"
#include "course_key.h"
#include "support/seed.h"
#include "support/stack.h"
#include "tools/oatutor.h"

namespace lyceum::chaos {
namespace {

std::string DataDir() {
  const char* dir = std::getenv("LYCEUM_DATA_DIR");
  return dir != nullptr ? dir : test::SourceFile("../shared/data");
}

TEST(RealCourse, LearnersGoThroughEveryTopicToTheEnd) {
  const std::string problems = DataDir() + "/problems_oatutor.jsonl";
  const std::string materials = DataDir() + "/materials_openstax.jsonl";
  if (!std::filesystem::exists(problems) || !std::filesystem::exists(materials)) {
    GTEST_SKIP() << "no " << problems << ": set LYCEUM_DATA_DIR to the folder of the real problems";
  }
  test::Stack stack;
  const test::Ran ran =
      stack.Lyceum("admin", {"course", "import", "--from", "oatutor", "--course", "oatutor",
                             "--problems", problems, "--materials", materials, "--lenient"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto read = tools::ReadOatutor(CourseId("oatutor"), problems, materials);
  ASSERT_TRUE(read) << read.error().text;
  const Course course = KeyOf(read->course);
  fmt::print("{} topics, {} questions, {} items refused\n", course.topics, course.key.size(),
             read->refusals.size());

  stack.StartSessionWorker();
  const auto tools = stack.StartToolWorker("tools-1");
  Classroom classroom(
      stack.nats().Connect("gateway"), envelope::Subjects(),
      {.course = course.id, .key = course.key, .seed = test::Seed(), .learners = 4});
  EXPECT_TRUE(classroom.Run(In(std::chrono::seconds(300)), [](uint64_t) { return false; }))
      << stack.session_worker_logs();
  EXPECT_EQ(classroom.Complaints(), std::vector<std::string>());
  for (const Learner& learner : classroom.learners()) {
    size_t topics = 0;
    for (const auto& [n, line] : learner.transcript()) {
      if (line.find(" progress ") != std::string::npos && line.find(" 0/") != std::string::npos)
        ++topics;
      EXPECT_EQ(line.find("error_state"), std::string::npos) << line;
    }
    EXPECT_EQ(topics, course.topics) << learner.user().value;
    EXPECT_TRUE(learner.done());
  }
}

}  // namespace
}  // namespace lyceum::chaos
