// Figures of a program, as Prometheus reads them: names with `lyceum_` first, base units (seconds,
// bytes), `_total` behind counters. docs/operations.md lists them all; a test holds that list.
//
// Labels name partitions, tools, providers and the like: what there are few of. Never a learner.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"

namespace lyceum::worker {

// Those of one name stand together.
struct Metric {
  std::string name;
  std::string help;
  double value = 0;
  bool counter = true;  // Else a gauge, or a histogram.
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::optional<Histogram::Values> histogram = {};  // Of durations; told in seconds.
};
using Collect = std::function<std::vector<Metric>()>;

Metric HistogramOf(std::string name, std::string help, const Histogram::Values& values,
                   std::vector<std::pair<std::string, std::string>> labels = {});

// In the text format 0.0.4: HELP and TYPE once a name, label values escaped.
std::string Render(const std::vector<Metric>& metrics);

// Of every process, under the names that Prometheus' own clients use, and lyceum_build_info.
std::vector<Metric> ProcessFigures(std::string_view program);

}  // namespace lyceum::worker
