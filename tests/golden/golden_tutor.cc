// Golden transcripts: scripts of events in transcripts/, with all that each of them does written
// below it. A change of the state machine shows there as a difference that a person reads.
//
// A line of a script is "> " and one of:
//   course <topics> [generate] [material N]   the content that load_topic gives; before start
//   start [another] [busy reply_wait|defer|interrupt] [tone WORD]
//   message|answer|question TEXT    hint  skip  continue  attach N  detach
//   load  grade VERDICT [ERROR]  say TEXT  intent WORD [CONFIDENCE]  generated  fail CODE
//                                             results of the call
//   stray                                     the result of a call that is not pending
//   timer tool_deadline|idle|ttl|stray
//   force_remediation [ERROR]  force_skip  retry  goto TOPIC  end TEXT  shutdown TEXT
//   later MS    client NAME    again          (the last event once more)
// Everything else is comment ("#") or output. LYCEUM_REWRITE_GOLDEN=1 writes the output anew.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "script.h"

namespace lyceum::tutor {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The script's own lines, each followed by what it does.
std::string Transcribe(const std::string& file) {
  Script script;
  std::istringstream lines(file);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) text += line + "\n";
    if (line.starts_with("> ")) text += line + "\n" + script.Run(line.substr(2));
  }
  return text;
}

std::vector<fs::path> Transcripts() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(LYCEUM_TRANSCRIPTS)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, IsAsWritten) {
  const std::string written = ReadFile(GetParam());
  ASSERT_NE(written.find("> start"), std::string::npos) << "not a transcript";
  const std::string transcribed = Transcribe(written);
  if (std::getenv("LYCEUM_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(GetParam()) << transcribed;
    return;
  }
  EXPECT_EQ(transcribed, written) << "LYCEUM_REWRITE_GOLDEN=1 golden_tutor writes it anew";
}

INSTANTIATE_TEST_SUITE_P(Transcripts, Golden, testing::ValuesIn(Transcripts()),
                         [](const auto& test) { return test.param.stem().string(); });

}  // namespace
}  // namespace lyceum::tutor
