#include "worker/figures.h"

#include <gtest/gtest.h>

namespace lyceum::worker {
namespace {

TEST(Figures, HelpAndTypeStandOnceAboveAllOfAName) {
  EXPECT_EQ(Render({{"a_total", "Of a", 1, true, {{"p", "0"}}},
                    {"a_total", "Of a", 2, true, {{"p", "1"}}},
                    {"b", "Of b", 0.25, false}}),
            "# HELP a_total Of a\n# TYPE a_total counter\na_total{p=\"0\"} 1\na_total{p=\"1\"} 2\n"
            "# HELP b Of b\n# TYPE b gauge\nb 0.25\n");
}

TEST(Figures, LabelValuesAreEscaped) {
  EXPECT_EQ(Render({{"a", "x\\y\nz \"q\"", 1, false, {{"why", "a\\b\"c\nd"}}}}),
            "# HELP a x\\\\y\\nz \"q\"\n# TYPE a gauge\na{why=\"a\\\\b\\\"c\\nd\"} 1\n");
}

TEST(Figures, LargeWholeNumbersKeepAllTheirDigits) {
  EXPECT_NE(Render({{"a", "A", 1234567890123.0, false}}).find("a 1234567890123\n"),
            std::string::npos);
}

TEST(Figures, BucketsOfAHistogramHoldAllBelowTheirBound) {
  Histogram histogram;
  histogram.AddUs(50);  // The bound belongs to its bucket.
  histogram.AddUs(51);
  histogram.AddMs(2'000);
  histogram.AddMs(3'600'000);
  histogram.AddUs(-5);
  const std::string text =
      Render({HistogramOf("t_seconds", "T", histogram.values(), {{"tool", "x"}})});
  EXPECT_NE(text.find("# TYPE t_seconds histogram\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_bucket{tool=\"x\",le=\"5e-05\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_bucket{tool=\"x\",le=\"0.0001\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_bucket{tool=\"x\",le=\"1\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_bucket{tool=\"x\",le=\"2.5\"} 4\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_bucket{tool=\"x\",le=\"90\"} 4\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_bucket{tool=\"x\",le=\"+Inf\"} 5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_sum{tool=\"x\"} 3602.000101\n"), std::string::npos) << text;
  EXPECT_NE(text.find("t_seconds_count{tool=\"x\"} 5\n"), std::string::npos) << text;
}

TEST(Figures, HistogramsOfSeveralThreadsAddUp) {
  Histogram one, other;
  one.AddMs(1);
  other.AddMs(1);
  other.AddMs(2);
  Histogram::Values sum = one.values();
  sum += other.values();
  EXPECT_EQ(sum.count(), 3u);
  EXPECT_EQ(sum.sum_us, 4'000u);
}

TEST(Figures, AProcessKnowsWhatItUses) {
  std::map<std::string, double> values;
  for (const Metric& metric : ProcessFigures("test")) values[metric.name] = metric.value;
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(values.at("process_cpu_seconds_total"), 0);
  EXPECT_GE(values.at("process_open_fds"), 3);
  EXPECT_LE(values.at("process_open_fds"), values.at("process_max_fds"));
  EXPECT_GE(values.at("process_threads"), 1);
  EXPECT_GT(values.at("process_start_time_seconds"), 1.6e9);
  EXPECT_EQ(values.at("lyceum_build_info"), 1);
}

}  // namespace
}  // namespace lyceum::worker
