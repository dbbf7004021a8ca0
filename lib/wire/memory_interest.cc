#include "wire/memory_interest.h"

#include <algorithm>

#include "base/check.h"

namespace lyceum::wire::memory {

void Interest::Add(std::string_view pattern, Sub* sub) {
  Node* node = &root_;
  bool last = false;
  while (!last) {
    const std::string_view token = FirstToken(pattern, &pattern, &last);
    auto found = node->children.find(token);
    if (found == node->children.end()) {
      found = node->children.emplace(std::string(token), std::make_unique<Node>()).first;
      if (token == "*") node->star = found->second.get();
      if (token == ">") node->rest = found->second.get();
    }
    node = found->second.get();
  }
  node->here.push_back(sub);
}

void Interest::Remove(std::string_view pattern, const Sub* sub) { Remove(&root_, pattern, sub); }

void Interest::Remove(Node* node, std::string_view pattern, const Sub* sub) {
  bool last = false;
  const std::string_view token = FirstToken(pattern, &pattern, &last);
  const auto child = node->children.find(token);
  if (child == node->children.end()) return;
  if (last) {
    std::vector<Sub*>& here = child->second->here;
    here.erase(std::remove(here.begin(), here.end(), sub), here.end());
  } else {
    Remove(child->second.get(), pattern, sub);
  }
  if (!child->second->empty()) return;
  if (token == "*") node->star = nullptr;
  if (token == ">") node->rest = nullptr;
  node->children.erase(child);
}

void Interest::Match(std::string_view subject, std::vector<Sub*>* found) const {
  Match(root_, subject, found);
}

void Interest::Match(const Node& node, std::string_view subject, std::vector<Sub*>* found) {
  if (node.rest != nullptr) {
    found->insert(found->end(), node.rest->here.begin(), node.rest->here.end());
  }
  bool last = false;
  std::string_view rest;
  const std::string_view token = FirstToken(subject, &rest, &last);
  const auto down = [&](const Node& child) {
    if (last) {
      found->insert(found->end(), child.here.begin(), child.here.end());
    } else {
      Match(child, rest, found);
    }
  };
  if (const auto child = node.children.find(token); child != node.children.end()) {
    down(*child->second);
  }
  if (node.star != nullptr) down(*node.star);
}

const std::vector<Sub*>* Interest::Exactly(std::string_view pattern) const {
  const Node* node = &root_;
  bool last = false;
  while (!last) {
    const auto child = node->children.find(FirstToken(pattern, &pattern, &last));
    if (child == node->children.end()) return nullptr;
    node = child->second.get();
  }
  return node->here.empty() ? nullptr : &node->here;
}

bool Wants(std::string_view pattern, std::string_view subject) {
  bool pattern_last = false;
  bool subject_last = false;
  while (true) {
    const std::string_view want = FirstToken(pattern, &pattern, &pattern_last);
    const std::string_view is = FirstToken(subject, &subject, &subject_last);
    if (want == ">") return true;
    if (is == ">") return false;
    if (want != is && (want != "*" || is.empty())) return false;
    if (pattern_last || subject_last) return pattern_last && subject_last;
  }
}

}  // namespace lyceum::wire::memory
