// Messages to clients: what lies on lyceum.out.<client>.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/effect.h"

namespace lyceum::envelope {

std::string EncodeClientMessage(const UserId& user, const tutor::ClientMessage& message,
                                Encoding encoding);
// Appends the same bytes. Allocates nothing but room in `bytes`.
void AppendClientMessage(std::string* bytes, const UserId& user,
                         const tutor::ClientMessage& message, Encoding encoding);

// One message for many clients: written once in each encoding that is asked for, into memory that
// is used again. Owned by one thread.
class ClientMessageEncoder {
 public:
  // Both must live, unchanged, as long as Get is called for them.
  void Begin(const UserId& user, const tutor::ClientMessage& message);
  // Valid until the next Begin. CHECK: after Begin.
  std::string_view Get(Encoding encoding);

 private:
  static constexpr size_t kKeptBytesMax = 256 * 1024;  // A larger buffer is given back.

  const UserId* user_ = nullptr;
  const tutor::ClientMessage* message_ = nullptr;
  struct Written {
    std::string bytes;
    bool valid = false;
  };
  std::array<Written, 2> written_;  // By Encoding.
};

// What a tool says while it still speaks, as a message to the client. The offset is the number of
// bytes of this attempt's text before it.
struct Delta {
  CallId request;
  uint32_t attempt = 1;
  uint32_t offset = 0;
  std::string text;
};
std::string EncodeDelta(const UserId& user, const Delta& delta, Encoding encoding);
// All that this attempt has said so far is void.
std::string EncodeRetract(const UserId& user, const CallId& request, uint32_t attempt,
                          Encoding encoding);
struct ReceivedMessage {
  UserId user;
  tutor::ClientMessage message;  // Without body where it is a delta.
  bool is_delta = false;
  bool is_retract = false;
  std::string request_id;  // Delta and retract.
  uint32_t attempt = 0;
  uint32_t offset = 0;
  std::string delta_text;
};
Result<ReceivedMessage> DecodeClientMessage(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
