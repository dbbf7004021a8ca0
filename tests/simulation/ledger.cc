#include "simulation/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "envelope/journal.h"

namespace lyceum::simulation {
namespace {

std::string KeyOf(const std::string& id, std::string_view client) {
  return id + " " + std::string(client);
}

bool Cut(std::string_view* text, char until, uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  if (until == 0) return text->empty();
  if (text->empty() || text->front() != until) return false;
  text->remove_prefix(1);
  return true;
}

// What may be newer in a request that is made again.
tutor::ToolArgs WithoutRecent(tutor::ToolArgs args) {
  if (auto* clarify = std::get_if<tutor::ClarifyConceptArgs>(&args)) clarify->recent.clear();
  return args;
}

}  // namespace

std::optional<IdParts> PartsOf(std::string_view id) {
  IdParts parts;
  uint64_t partition = 0, lineage = 0, index = 0;
  std::string_view rest = id;
  const size_t dash = rest.find('-');
  const size_t r = rest.find('r');
  const bool later = r != std::string_view::npos && r < dash;
  if (!Cut(&rest, later ? 'r' : '-', &partition)) return std::nullopt;
  if (later && !Cut(&rest, '-', &lineage)) return std::nullopt;
  if (!Cut(&rest, '-', &parts.sequence) || !Cut(&rest, 0, &index)) return std::nullopt;
  parts.partition = static_cast<uint32_t>(partition);
  parts.lineage = static_cast<uint32_t>(lineage);
  return parts;
}

void Ledger::OnMessage(const std::string& id, envelope::Encoding encoding, std::string_view bytes) {
  const auto [known, added] = bytes_.try_emplace({id, encoding}, bytes);
  if (added || known->second == bytes) return;
  const auto readable = [&](std::string_view data) {
    const auto json = envelope::InEncoding(data, encoding, envelope::Encoding::kJson);
    return json ? *json : json.error().text;
  };
  fail_(fmt::format("message {} has two contents:\n  {}\n  {}", id, readable(known->second),
                    readable(bytes)));
}

void Ledger::CheckSaid(const std::string& user, const tutor::Body& body) {
  if (!supervised_.contains(user)) return;
  std::string_view said;
  if (const auto* text = std::get_if<tutor::TextOut>(&body)) said = text->text;
  if (const auto* hint = std::get_if<tutor::HintOut>(&body)) said = hint->text;
  const size_t begin = said.find('(');
  const size_t end = said.find(')', begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return;
  const std::string call(said.substr(begin + 1, end - begin - 1));
  if (PartsOf(call) && !approved_.contains(call)) {
    fail_("a learner got a draft that nobody has approved: " + std::string(said));
  }
}

void Ledger::OnToolRequest(const envelope::ToolRequest& request) {
  std::pair<tutor::Tool, tutor::ToolArgs> content{request.tool, WithoutRecent(request.args)};
  const auto [known, added] = requests_.try_emplace(request.id.value, content);
  if (!added && known->second != content) {
    fail_(fmt::format("tool request {} has two contents", request.id.value));
  }
}

void Ledger::OnPublished(const std::string& id, std::string_view client, uint64_t folding,
                         int64_t now_us) {
  const auto parts = PartsOf(id);
  if (!parts) return fail_(fmt::format("message id {} is not of a position", id));
  const std::string key = KeyOf(id, client);
  if (taken_.contains(key)) return;
  published_[parts->partition].try_emplace(key,
                                           Published{std::max(parts->sequence, folding), now_us});
}

void Ledger::OnTaken(const std::string& id, std::string_view client) {
  const auto parts = PartsOf(id);
  if (!parts) return fail_(fmt::format("message id {} is not of a position", id));
  const std::string key = KeyOf(id, client);
  published_[parts->partition].erase(key);
  taken_.insert(key);
}

std::string Ledger::NotTaken(uint32_t partition, uint64_t up_to, int64_t since_us,
                             const std::set<uint64_t>& buried) const {
  const auto of = published_.find(partition);
  if (of == published_.end()) return {};
  for (const auto& [key, message] : of->second) {
    if (message.sequence <= up_to && message.at_us >= since_us &&
        !buried.contains(message.sequence)) {
      return key;
    }
  }
  return {};
}

}  // namespace lyceum::simulation
