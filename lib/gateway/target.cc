#include "gateway/target.h"

#include <charconv>

#include "base/token.h"

namespace lyceum::gateway {
namespace {

constexpr size_t kSegmentsMax = 8;
constexpr size_t kQueryMax = 16;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    decoded += c;
  }
  if (!IsUtf8(decoded)) return std::nullopt;
  return decoded;
}

bool ParsePath(std::string_view path, std::vector<std::string>* segments) {
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  if (path.empty()) return true;
  while (true) {
    const size_t slash = path.find('/');
    const auto segment = Decode(path.substr(0, slash));
    if (!segment || segment->empty() || *segment == "." || *segment == ".." ||
        segment->find('/') != std::string::npos || segments->size() == kSegmentsMax) {
      return false;
    }
    segments->push_back(*segment);
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool ParseQuery(std::string_view query, std::map<std::string, std::string>* values) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    const auto name = Decode(pair.substr(0, equals));
    const auto value =
        Decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value || values->size() == kQueryMax) return false;
    if (!name->empty()) values->emplace(*name, *value);
    if (end == std::string_view::npos) return true;
    query.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

std::string Target::QueryText(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

std::optional<Target> ParseTarget(std::string_view target) {
  Target parsed;
  const size_t question = target.find('?');
  if (!ParsePath(target.substr(0, question), &parsed.path)) return std::nullopt;
  if (question != std::string_view::npos &&
      !ParseQuery(target.substr(question + 1), &parsed.query)) {
    return std::nullopt;
  }
  return parsed;
}

std::optional<uint32_t> ParseNumber(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace lyceum::gateway
