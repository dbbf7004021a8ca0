// One golden script in the running: a session, and the commands of golden_tutor.cc.
#pragma once

#include <string>
#include <vector>

#include "tutor/advance.h"

namespace lyceum::tutor {

class Script {
 public:
  // Takes one command. What it did: one line an effect, then the state.
  std::string Run(const std::string& line);

 private:
  using Words = std::vector<std::string>;
  void MakeCourse(const Words& words);
  std::optional<EventKind> Learner(const Words& words, const std::string& rest) const;
  std::optional<EventKind> Operator(const Words& words, const std::string& rest) const;
  std::optional<EventKind> Result(const Words& words, const std::string& rest) const;
  std::optional<ToolOutcome> Outcome(const Words& words, const std::string& rest) const;
  ToolOutcome Text(const std::string& text) const;
  EventKind Fired(const std::string& kind) const;
  EventKind Started(const Words& words) const;
  std::string Fold(Event event);
  const Call* OpenCall() const;

  std::optional<Session> session_;
  std::vector<Topic> topics_;
  Event last_;
  ClientId client_ = ClientId("c");
  uint64_t sequence_ = 0;
  int64_t now_ms_ = 1'000'000;
};

}  // namespace lyceum::tutor
