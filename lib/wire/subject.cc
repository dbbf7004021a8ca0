#include "wire/subject.h"

#include <algorithm>
#include <string>

#include "wire/connection.h"

namespace lyceum::wire {
namespace {

// Printable ASCII without the space: the only bytes that a subject may hold.
bool IsSubjectByte(char byte) { return byte > ' ' && byte < 0x7f; }

}  // namespace

// One pass: it is asked for each message.
bool IsSubject(std::string_view subject) {
  bool token_begins = true;
  for (const char byte : subject) {
    if (byte == '.') {
      if (token_begins) return false;
      token_begins = true;
      continue;
    }
    if (!IsSubjectByte(byte) || byte == '*' || byte == '>') return false;
    token_begins = false;
  }
  return !token_begins;
}

bool IsSubjectPattern(std::string_view pattern) {
  while (true) {
    const size_t dot = pattern.find('.');
    const std::string_view token = pattern.substr(0, dot);
    const bool last = dot == std::string_view::npos;
    if (token != "*" && !(token == ">" && last) && !IsSubject(token)) return false;
    if (last) return true;
    pattern.remove_prefix(dot + 1);
  }
}

bool Matches(std::string_view pattern, std::string_view subject) {
  while (true) {
    if (pattern == ">") return true;
    const size_t pattern_dot = pattern.find('.');
    const size_t subject_dot = subject.find('.');
    const std::string_view token = pattern.substr(0, pattern_dot);
    if (token != "*" && token != subject.substr(0, subject_dot)) return false;
    if (pattern_dot == std::string_view::npos || subject_dot == std::string_view::npos) {
      return pattern_dot == subject_dot;
    }
    pattern.remove_prefix(pattern_dot + 1);
    subject.remove_prefix(subject_dot + 1);
  }
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char byte) { return IsSubjectByte(byte) && byte != ':'; });
}

bool IsHeaderValue(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Error TooLarge(size_t bytes, size_t bytes_max) {
  return Reject("a message of " + std::to_string(bytes) + " bytes is over the server's limit of " +
                std::to_string(bytes_max));
}

}  // namespace lyceum::wire
