// Waits: how long learners wait, from an event to the next message, and during which fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lyceum::chaos {

class Waits {
 public:
  explicit Waits(size_t learners) : waiting_(learners) {}

  void Sent(size_t learner, int64_t now_ms);
  void Heard(size_t learner, int64_t now_ms);
  // From now on until End a learner's longest wait counts for this fault, where it is `touched` by it;
  // one that has begun before and one that goes on after it, too.
  // `label`: which one of its kind it is.
  void Begin(std::string fault, std::string label, std::function<bool(size_t learner)> touched);
  void End();
  // Somebody still waits since before the End.
  bool anybody_waits() const;

  struct Of {
    size_t faults = 0;
    std::vector<int64_t> longest_ms;  // Of each learner and fault; in order.
  };
  std::map<std::string, Of> ByFault() const;
  // Those in which somebody waited longer than `bar_ms(fault)`: label and the longest wait.
  std::vector<std::pair<std::string, int64_t>> Longer(
      const std::function<int64_t(const std::string& fault)>& bar_ms) const;

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Waiting {
    int64_t since_ms = -1;  // -1: it is not.
    size_t window = kNone;
  };
  struct Window {
    std::string fault;
    std::string label;
    std::function<bool(size_t)> touched;
    std::map<size_t, int64_t> longest_ms;  // By learner.
  };

  std::vector<Waiting> waiting_;
  std::vector<Window> windows_;
  size_t open_ = kNone;
  size_t ended_ = kNone;
};

// The value below which `part` of them lie; 0 where there are none.
int64_t Quantile(const std::vector<int64_t>& in_order, double part);

}  // namespace lyceum::chaos
