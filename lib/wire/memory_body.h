// Private to the in-memory twin of NATS: a message as it goes round, one copy for all who get it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/wire.h"

namespace lyceum::wire::memory {

// Not changed once it is shared.
class Body {
 public:
  enum Field { kSubject, kReply, kContentType, kMessageId, kTrace, kExpectedLast, kData, kFields };
  using Fields = std::array<std::string_view, kFields>;

  explicit Body(const Fields& fields) {
    size_t bytes = 0;
    for (const std::string_view field : fields) bytes += field.size();
    bytes_.reserve(bytes);
    for (size_t i = 0; i < fields.size(); ++i) {
      bytes_.append(fields[i]);
      ends_[i] = static_cast<uint32_t>(bytes_.size());
    }
  }

  std::string_view operator[](Field field) const {
    const uint32_t begin = field == 0 ? 0 : ends_[field - 1];
    return std::string_view(bytes_).substr(begin, ends_[field] - begin);
  }
  std::string_view subject() const { return (*this)[kSubject]; }
  std::string_view reply() const { return (*this)[kReply]; }
  std::string_view data() const { return (*this)[kData]; }
  std::string_view bytes() const { return bytes_; }  // All fields, one after the other.

  // A status of the server has headers of its own, and no field but subject and reply.
  int status = 0;
  std::vector<std::pair<std::string, std::string>> status_headers;

  static constexpr std::array<std::pair<Field, std::string_view>, 4> kHeaders{{
      {kContentType, "Content-Type"},
      {kMessageId, "Nats-Msg-Id"},
      {kTrace, "traceparent"},
      {kExpectedLast, "Nats-Expected-Last-Subject-Sequence"},
  }};
  // As the protocol carries them; 0 where there are none.
  size_t header_bytes() const {
    size_t bytes = 0;
    for (const auto& [field, name] : kHeaders) {
      if (!(*this)[field].empty()) bytes += name.size() + (*this)[field].size() + 4;
    }
    return bytes == 0 ? 0 : bytes + sizeof("NATS/1.0\r\n\r\n") - 1;
  }
  std::string HeaderBlock() const;  // Those bytes.
  size_t payload_bytes() const { return header_bytes() + data().size(); }

 private:
  std::string bytes_;
  std::array<uint32_t, kFields> ends_{};
};

using BodyPtr = std::shared_ptr<const Body>;

class BodyHeaders final : public Arrived::Headers {
 public:
  explicit BodyHeaders(const Body& body) : body_(body) {}
  std::string_view Get(std::string_view name) const override {
    for (const auto& [field, header] : Body::kHeaders) {
      if (name == header) return body_[field];
    }
    for (const auto& [header, value] : body_.status_headers) {
      if (name == header) return value;
    }
    return {};
  }

 private:
  const Body& body_;
};

}  // namespace lyceum::wire::memory
