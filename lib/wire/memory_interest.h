// Private to the in-memory twin of NATS: who wants which subject.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lyceum::wire::memory {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// A subscription as the server knows it; a stream has one for each of its subjects.
struct Sub;

// A tree by tokens.
class Interest {
 public:
  void Add(std::string_view pattern, Sub* sub);
  void Remove(std::string_view pattern, const Sub* sub);
  // Appends those that want the subject, in an order that follows from how they were added.
  void Match(std::string_view subject, std::vector<Sub*>* found) const;
  // Those with exactly this pattern. Null: none.
  const std::vector<Sub*>* Exactly(std::string_view pattern) const;

 private:
  struct Node {
    TextMap<std::unique_ptr<Node>> children;  // `*` and `>` are children like any other...
    Node* star = nullptr;                     // ... and found faster here.
    Node* rest = nullptr;
    std::vector<Sub*> here;
    bool empty() const { return children.empty() && here.empty(); }
  };
  static void Match(const Node& node, std::string_view subject, std::vector<Sub*>* found);
  static void Remove(Node* node, std::string_view pattern, const Sub* sub);

  Node root_;
};

// True if the pattern wants the subject. A pattern as a subject: true if all that it wants is
// wanted by the other.
bool Wants(std::string_view pattern, std::string_view subject);

// The first token; `*rest` is what follows it, and `*last` says that nothing does.
inline std::string_view FirstToken(std::string_view subject, std::string_view* rest, bool* last) {
  const size_t dot = subject.find('.');
  *last = dot == std::string_view::npos;
  *rest = *last ? std::string_view() : subject.substr(dot + 1);
  return subject.substr(0, dot);
}

}  // namespace lyceum::wire::memory
