#include "grading/notation/lead_in.h"

#include <string>
#include <utility>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

// What marks of emphasis hold: **X**, $X$, \(X\), \boxed{X}. Empty: there are none around it.
std::string_view Inside(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kMarks[] = {
      {"**", "**"}, {"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\boxed{", "}"}, {"\\fbox{", "}"}};
  for (const auto& [open, close] : kMarks) {
    if (text.size() <= open.size() + close.size()) continue;
    if (text.substr(0, open.size()) != open) continue;
    const std::string_view rest = text.substr(open.size());
    size_t end = 0;
    if (close == "}") {
      for (int depth = 1; end < rest.size(); ++end) {
        if (rest[end] == '{') ++depth;
        if (rest[end] == '}' && --depth == 0) break;
        if (rest[end] == '\\') ++end;
      }
    } else {
      end = rest.find(close);
      while (close == "$" && end != std::string_view::npos && end > 0 && rest[end - 1] == '\\') {
        end = rest.find(close, end + 1);
      }
    }
    if (end != 0 && end != std::string_view::npos && end + close.size() == rest.size()) {
      return rest.substr(0, end);
    }
  }
  return {};
}

std::string_view Unwrapped(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    text = Trimmed(text);
    std::string_view inside = Inside(text);
    const bool stop = !text.empty() && text.back() == '.';
    if (inside.empty() && stop) inside = Inside(text.substr(0, text.size() - 1));
    if (inside.empty()) return text;
    text = inside;
  }
  return text;
}

enum class Role { kLink, kSubject, kVerb, kOther };

// Words that say that an answer follows, and nothing of it.
Role RoleOf(std::string_view word, bool after_verb) {
  constexpr std::string_view kLinks =
      " so thus hence therefore then and now finally ok well think ";
  constexpr std::string_view kSubjects =
      " the my our this that it its final correct answer ans result total solution value number i "
      "we "
      "there ";
  constexpr std::string_view kVerbs = " is are equals get got choose pick it's that's ";
  constexpr std::string_view kAfter = " so thus hence therefore then equal to exactly ";
  const auto in = [&](std::string_view words) {
    return words.find(" " + std::string(word) + " ") != std::string_view::npos;
  };
  if (after_verb) return in(kAfter) ? Role::kLink : Role::kOther;
  if (in(kLinks)) return Role::kLink;
  if (in(kSubjects)) return Role::kSubject;
  return in(kVerbs) ? Role::kVerb : Role::kOther;
}

// Reads a lead-in from the left: links and subjects, a verb or a sign of equality, the answer.
class LeadReader {
 public:
  LeadReader(std::string_view text, bool names) : text_(text), names_(names) {}

  LeadIn Read() {
    if (text_.substr(0, 4) == "####") at_ = 4;
    while (Step()) Spaces();
    const std::string_view rest = Trimmed(text_.substr(at_));
    // "answer - 17": a dash, or a sign?
    const bool sign = !rest.empty() && std::string_view("+-*/^").find(rest[0]) < 5;
    const bool emphasis = rest.substr(0, 2) == "**";
    if ((sign && !emphasis && words_ && !verb_) || stars_ % 2 != 0) return {text_};
    return {Unwrapped(rest), words_, verb_, approximate_};
  }

 private:
  bool Step() {
    Spaces();
    if (Stars() || Sign()) return true;
    if (text_.substr(at_, 10) == "\\therefore") ++at_;
    const size_t begin = at_;
    std::string word = Word();
    if (word.empty()) return false;
    const Role role = RoleOf(word, verb_);
    const bool known = role != Role::kOther || Named(word);
    const char next = at_ < text_.size() ? text_[at_] : ' ';
    if (!known || std::string_view(" :,*=\t\n\r\\$").find(next) == std::string_view::npos) {
      at_ = begin;
      return false;
    }
    words_ = true;
    verb_ = verb_ || role == Role::kVerb;
    if (next == ',' && role == Role::kLink) ++at_;
    if (next == '*') Stars();
    if (at_ < text_.size() && text_[at_] == ':') {
      ++at_;
      verb_ = true;
      Stars();
    }
    return true;
  }

  // "x:", "x is": a letter that stands for a number.
  bool Named(const std::string& word) {
    if (!names_ || named_ || verb_ || word.size() != 1) return false;
    const std::string_view rest = Trimmed(text_.substr(at_));
    named_ =
        rest.substr(0, 1) == ":" || rest.substr(0, 3) == "is " || rest.substr(0, 7) == "equals ";
    return named_;
  }

  // Emphasis that touches a word.
  bool Stars() {
    if (text_.substr(at_, 2) != "**") return false;
    const bool before = at_ + 2 < text_.size() && IsAlpha(text_[at_ + 2]);
    const bool after = at_ > 0 && (IsAlpha(text_[at_ - 1]) || text_[at_ - 1] == ':');
    if (!before && !after) return false;
    at_ += 2;
    ++stars_;
    return true;
  }

  bool Sign() {
    constexpr std::string_view kNear = "≈";
    const bool near = text_.substr(at_, kNear.size()) == kNear;
    if (equals_ || (!near && text_.substr(at_, 1) != "=")) return false;
    at_ += near ? kNear.size() : 1;
    equals_ = verb_ = true;
    approximate_ = near;
    return true;
  }

  std::string Word() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsAlpha(text_[at_]) || text_[at_] == '\'')) ++at_;
    return Lower(text_.substr(begin, at_ - begin));
  }

  void Spaces() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) < 4) ++at_;
  }

  std::string_view text_;
  bool names_;
  size_t at_ = 0;
  int stars_ = 0;
  bool words_ = false;
  bool verb_ = false;
  bool named_ = false;
  bool equals_ = false;
  bool approximate_ = false;
};

}  // namespace

LeadIn ReadLeadIn(std::string_view text, bool names) {
  return LeadReader(Unwrapped(text), names).Read();
}

}  // namespace lyceum::grading
