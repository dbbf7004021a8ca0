// What is done to a fleet, and when it is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fleet.h"

namespace lyceum::chaos {

struct Step {
  std::function<void()> act;
  std::chrono::milliseconds then{0};  // Until the next.
  bool until_ready = false;  // And until all workers are alive and each partition is served.
};

struct Fault {
  std::string name;
  int weight = 1;      // How often it is drawn, against the others.
  int64_t bar_ms = 0;  // What 99 of 100 learners it touches wait at most.
  bool of_one = true;  // It touches the learners of one worker's partitions; else everybody.
  std::function<std::vector<Step>(const std::string& worker)> steps;
};

// The tool workers of the fleet, by name: a fault starts one again.
using ToolWorkers = std::map<std::string, std::unique_ptr<test::Process>>;

// All kinds, each of which a learner notices for the time of its bar at most.
std::vector<Fault> FaultsOf(test::Stack* stack, Fleet* fleet, ToolWorkers* tools);

}  // namespace lyceum::chaos
