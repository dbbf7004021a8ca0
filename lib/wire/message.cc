#include <strings.h>

#include "wire/handles.h"
#include "wire/jetstream.h"
#include "wire/subject.h"

namespace lyceum::wire {
namespace {

// As the protocol carries them: a version line, one line each, an empty line.
size_t HeaderBytes(const Headers& headers) {
  if (headers.empty()) return 0;
  size_t bytes = sizeof("NATS/1.0\r\n") - 1 + 2;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + 4;
  return bytes;
}

}  // namespace

std::string_view FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) {
      return value;
    }
  }
  return {};
}

std::string_view Message::header(std::string_view name) const { return FindHeader(headers, name); }

std::string_view StoredMessage::header(std::string_view name) const {
  return FindHeader(headers, name);
}

Result<void> CheckMessage(const Message& message, size_t payload_bytes_max) {
  if (!IsSubject(message.subject)) return Reject("not a subject that can be published to");
  if (!message.reply.empty() && !IsSubject(message.reply)) return Reject("not a reply subject");
  for (const auto& [name, value] : message.headers) {
    if (!IsHeaderName(name)) return Reject("not a header name");
    if (!IsHeaderValue(value)) return Reject("the value of header " + name + " breaks its line");
  }
  const size_t bytes = HeaderBytes(message.headers) + message.data.size();
  if (bytes > payload_bytes_max) return TooLarge(bytes, payload_bytes_max);
  return {};
}

Headers HeadersOf(natsMsg* msg) {
  Headers headers;
  const char** keys = nullptr;
  int key_count = 0;
  if (natsMsgHeader_Keys(msg, &keys, &key_count) != NATS_OK) return headers;
  const std::unique_ptr<const char*, Destroy<free>> keys_owner(keys);
  for (int k = 0; k < key_count; ++k) {
    const char** values = nullptr;
    int value_count = 0;
    if (natsMsgHeader_Values(msg, keys[k], &values, &value_count) != NATS_OK) continue;
    const std::unique_ptr<const char*, Destroy<free>> values_owner(values);
    for (int v = 0; v < value_count; ++v) {
      headers.emplace_back(keys[k], values[v] == nullptr ? "" : values[v]);
    }
  }
  return headers;
}

std::string DataOf(natsMsg* msg) {
  const char* data = natsMsg_GetData(msg);
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<size_t>(natsMsg_GetDataLength(msg)));
}

Message FromMsg(natsMsg* msg, int tag) {
  Message message;
  message.subject = natsMsg_GetSubject(msg);
  if (const char* reply = natsMsg_GetReply(msg); reply != nullptr) message.reply = reply;
  message.headers = HeadersOf(msg);
  message.data = DataOf(msg);
  message.tag = tag;
  message.no_responders = natsMsg_IsNoResponders(msg);
  return message;
}

Result<MsgHandle> ToMsg(const Message& message) {
  natsMsg* raw = nullptr;
  natsStatus status = natsMsg_Create(&raw, message.subject.c_str(),
                                     message.reply.empty() ? nullptr : message.reply.c_str(),
                                     message.data.data(), static_cast<int>(message.data.size()));
  MsgHandle msg(raw);
  for (const auto& [name, value] : message.headers) {
    if (status != NATS_OK) break;
    status = natsMsgHeader_Add(raw, name.c_str(), value.c_str());
  }
  if (status != NATS_OK) return FromStatus(status, "building a message failed");
  return msg;
}

std::string LibraryText(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* text = nats_GetLastError(&last);
  if (text != nullptr && *text != '\0' && last == status) return text;
  return natsStatus_GetText(status);
}

Error FromStatus(natsStatus status, const std::string& what) {
  const std::string text = what + ": " + LibraryText(status);
  switch (status) {
    case NATS_CONNECTION_CLOSED:
      return Fatal(text + ". The connection is closed for good: start again");
    case NATS_MAX_PAYLOAD:
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_ADDRESS_MISSING:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_NO_SERVER_SUPPORT:
      return Reject(text);
    default:
      return Retry(text);
  }
}

void Discard(natsMsg* msg) {
  constexpr size_t kCountMax = 32;
  constexpr int kBytesMax = 64 * 1024;
  struct Spent {
    ~Spent() { Destroy(); }
    void Destroy() {
      for (natsMsg* spent : msgs) natsMsg_Destroy(spent);
      msgs.clear();
      bytes = 0;
    }
    std::vector<natsMsg*> msgs;
    int bytes = 0;
  };
  thread_local Spent spent;
  spent.msgs.push_back(msg);
  spent.bytes += natsMsg_GetDataLength(msg);
  if (spent.msgs.size() >= kCountMax || spent.bytes > kBytesMax) spent.Destroy();
}

}  // namespace lyceum::wire
