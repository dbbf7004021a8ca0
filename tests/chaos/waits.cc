#include "waits.h"

#include <algorithm>
#include <utility>

namespace lyceum::chaos {

void Waits::Sent(size_t learner, int64_t now_ms) {
  if (waiting_[learner].since_ms < 0) waiting_[learner] = {now_ms, open_};
}

void Waits::Heard(size_t learner, int64_t now_ms) {
  const Waiting waited = std::exchange(waiting_[learner], Waiting());
  if (waited.since_ms < 0 || waited.window == kNone) return;
  Window& window = windows_[waited.window];
  if (!window.touched(learner)) return;
  int64_t& longest = window.longest_ms[learner];
  longest = std::max(longest, now_ms - waited.since_ms);
}

void Waits::Begin(std::string fault, std::string label, std::function<bool(size_t)> touched) {
  open_ = windows_.size();
  windows_.push_back({std::move(fault), std::move(label), std::move(touched), {}});
  for (Waiting& waiting : waiting_) waiting.window = open_;
}

void Waits::End() { ended_ = std::exchange(open_, kNone); }

bool Waits::anybody_waits() const {
  return ended_ != kNone &&
         std::any_of(waiting_.begin(), waiting_.end(), [this](const Waiting& one) {
           return one.since_ms >= 0 && one.window == ended_;
         });
}

std::map<std::string, Waits::Of> Waits::ByFault() const {
  std::map<std::string, Of> all;
  for (const Window& window : windows_) {
    Of& of = all[window.fault];
    ++of.faults;
    for (const auto& [learner, longest] : window.longest_ms) of.longest_ms.push_back(longest);
  }
  for (auto& [fault, of] : all) std::sort(of.longest_ms.begin(), of.longest_ms.end());
  return all;
}

std::vector<std::pair<std::string, int64_t>> Waits::Longer(
    const std::function<int64_t(const std::string&)>& bar_ms) const {
  std::vector<std::pair<std::string, int64_t>> longer;
  for (const Window& window : windows_) {
    int64_t longest = 0;
    for (const auto& [learner, ms] : window.longest_ms) longest = std::max(longest, ms);
    if (longest > bar_ms(window.fault)) longer.emplace_back(window.label, longest);
  }
  return longer;
}

int64_t Quantile(const std::vector<int64_t>& in_order, double part) {
  if (in_order.empty()) return 0;
  const auto index = static_cast<size_t>(part * static_cast<double>(in_order.size()));
  return in_order[std::min(index, in_order.size() - 1)];
}

}  // namespace lyceum::chaos
