// The values of dump.cc and dump_effect.cc: how a value is written on one line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutor/call.h"
#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::tutor::dump {

// "..." with \" \\ \n \r \t and \xNN for other control characters.
std::string Quote(std::string_view text);
std::string Number(double value);  // The shortest text that reads back as the same number.

std::string Write(const Origin& origin);
std::string Write(const Call& call);
std::string Write(const Draft& draft);
std::string Write(const Question& question);
std::string Write(const QuestionView& question);
std::string Write(const Attempt& attempt);
std::string Write(const Context& context);
std::string Write(const HistoryEntry& entry);
std::string Write(const Timer& timer);
std::string Write(const AttachedClient& client);
std::string Write(const EventKind& kind);
std::string_view Name(Encoding encoding);

template <class Items, class WriteItem>
std::string List(const Items& items, WriteItem write_item) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ", ";
    text += write_item(item);
  }
  return text + "]";
}
inline std::string Strings(const std::vector<std::string>& items) { return List(items, Quote); }

}  // namespace lyceum::tutor::dump
