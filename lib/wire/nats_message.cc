#include "wire/nats_message.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "wire/handles.h"
#include "wire/outbound_check.h"

namespace lyceum::wire {
namespace {

constexpr std::string_view kFirstLine = "NATS/1.0";
constexpr std::string_view kLineEnd = "\r\n";
constexpr const char* kStatus = "Status";

// nats.c 3.4.1 puts a message into one block: subject, zero, reply, zero (where there is one),
// headers, zero (where there are any), data. It does not show where the headers lie, so what is
// known of that version is used with that version alone.
bool LayoutIsKnown() {
  static const bool known = nats_GetVersionNumber() == 0x030401;
  return known;
}

// The block of headers, or empty.
std::string_view Block(natsMsg* msg) {
  const char* subject = natsMsg_GetSubject(msg);
  const char* reply = natsMsg_GetReply(msg);
  const char* data = natsMsg_GetData(msg);
  const char* begin = subject + std::strlen(subject) + 1;
  if (reply != nullptr) begin = reply + std::strlen(reply) + 1;
  if (data == nullptr || data <= begin) return {};
  return {begin, static_cast<size_t>(data - begin) - 1};
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

int ParseStatus(std::string_view text) {
  text = Trim(text);
  int status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

}  // namespace

bool MsgHeaders::Read(natsMsg* msg) {
  msg_ = msg;
  lines_ = {};
  status_ = 0;
  if (LayoutIsKnown()) {
    const std::string_view block = Block(msg);
    if (!block.starts_with(kFirstLine)) return false;
    const std::string_view after = block.substr(kFirstLine.size());
    // The library ends the first line with a zero when it has made its table.
    const size_t end = after.find_first_of(std::string_view("\r\0", 2));
    if (end != std::string_view::npos && after.substr(end).starts_with(kLineEnd)) {
      status_ = ParseStatus(after.substr(0, end));
      lines_ = after.substr(end + kLineEnd.size());
      return true;
    }
  }
  const char** keys = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(msg, &keys, &count) != NATS_OK) return false;
  const std::unique_ptr<const char*, Destroy<free>> owner(keys);
  status_ = ParseStatus(Get(kStatus));
  return count > 0;
}

std::string_view MsgHeaders::Get(std::string_view name) const {
  if (lines_.empty()) {
    name_.assign(name);
    const char* value = nullptr;
    if (natsMsgHeader_Get(msg_, name_.c_str(), &value) != NATS_OK || value == nullptr) return {};
    return value;
  }
  for (std::string_view rest = lines_; !rest.empty();) {
    const size_t end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' && line.starts_with(name)) {
      return Trim(line.substr(name.size() + 1));
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + kLineEnd.size());
  }
  return {};
}

bool IsNoResponders(natsMsg* msg) {
  if (natsMsg_GetDataLength(msg) > 0) return false;
  if (!LayoutIsKnown()) return natsMsg_IsNoResponders(msg);
  MsgHeaders headers;
  return headers.Read(msg) && headers.status() == kNoResponders;
}

Arrived ToArrived(natsMsg* msg, MsgHeaders* headers) {
  Arrived arrived;
  arrived.subject = natsMsg_GetSubject(msg);
  if (const char* reply = natsMsg_GetReply(msg); reply != nullptr) arrived.reply = reply;
  if (const int bytes = natsMsg_GetDataLength(msg); bytes > 0) {
    arrived.data = {natsMsg_GetData(msg), static_cast<size_t>(bytes)};
  }
  if (headers->Read(msg)) {
    arrived.headers = headers;
    arrived.status = headers->status();
    arrived.content_type = headers->Get(kContentType);
  }
  return arrived;
}

void SpentMessages::Add(natsMsg* msg) {
  messages_.push_back(msg);
  bytes_ += static_cast<size_t>(std::max(0, natsMsg_GetDataLength(msg)));
}

void SpentMessages::DestroyWhereOld(int64_t now_ms) {
  if (now_ms - destroyed_ms_ < kAgeMaxMs) return;
  destroyed_ms_ = now_ms;
  Destroy();
}

void SpentMessages::Destroy() {
  for (natsMsg* msg : messages_) natsMsg_Destroy(msg);
  messages_.clear();
  bytes_ = 0;
}

}  // namespace lyceum::wire
