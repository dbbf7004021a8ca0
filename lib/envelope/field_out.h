// ProtoOut and JsonOut: a message written field by field, without building it first. Private to
// this library.
//
// One description of a message (a template over Out) gives both encodings, byte for byte what
// protobuf itself writes. The describer owes: fields in the order of their numbers; fields of a
// oneof with the *Set functions, which write an empty value too. Nothing is allocated but room in
// the string that is appended to.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace lyceum::envelope {

// The nearest time of the years 1 to 9999, as google.protobuf.Timestamp has it.
struct SplitTime {
  int64_t seconds = 0;
  int32_t nanos = 0;
};
SplitTime Split(int64_t unix_ms);

class ProtoOut {
 public:
  explicit ProtoOut(std::string* to) : to_(to) {}

  void Text(uint32_t number, std::string_view name, std::string_view value) {
    if (!value.empty()) TextSet(number, name, value);
  }
  void TextSet(uint32_t number, std::string_view, std::string_view value) {
    Tag(number, 2);
    Varint(value.size());
    to_->append(value);
  }
  void Number(uint32_t number, std::string_view, uint32_t value) {
    if (value != 0) VarintField(number, value);
  }
  void Long(uint32_t number, std::string_view, uint64_t value) {
    if (value != 0) VarintField(number, value);
  }
  void Bool(uint32_t number, std::string_view, bool value) {
    if (value) VarintField(number, 1);
  }
  void Double(uint32_t number, std::string_view, double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    if (bits == 0) return;
    Tag(number, 1);
    for (int shift = 0; shift < 64; shift += 8) to_->push_back(static_cast<char>(bits >> shift));
  }
  void Time(uint32_t number, std::string_view name, int64_t unix_ms) {
    const SplitTime time = Split(unix_ms);
    MessageSet(number, name, [&](ProtoOut& out) {
      if (time.seconds != 0) out.VarintField(1, static_cast<uint64_t>(time.seconds));
      if (time.nanos != 0) out.VarintField(2, static_cast<uint64_t>(time.nanos));
    });
  }
  // write(ProtoOut&): the fields inside.
  template <class Write>
  void MessageSet(uint32_t number, std::string_view, Write write) {
    Tag(number, 2);
    const size_t begin = to_->size();
    to_->push_back('\0');
    write(*this);
    const size_t size = to_->size() - begin - 1;
    if (size < 0x80) {
      (*to_)[begin] = static_cast<char>(size);
    } else {
      WriteLongSize(begin, size);
    }
  }
  // write(out, item)
  template <class Items, class Write>
  void Messages(uint32_t number, std::string_view name, const Items& items, Write write) {
    for (const auto& item : items) {
      MessageSet(number, name, [&](ProtoOut& out) { write(out, item); });
    }
  }
  template <class Items>
  void Texts(uint32_t number, std::string_view name, const Items& items) {
    for (const auto& item : items) TextSet(number, name, item);
  }

  void VarintField(uint32_t number, uint64_t value) {
    Tag(number, 0);
    Varint(value);
  }

 private:
  void Tag(uint32_t number, uint32_t wire_type) { Varint(number << 3 | wire_type); }
  void Varint(uint64_t value) {
    char bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
    bytes[size++] = static_cast<char>(value);
    to_->append(bytes, size);
  }
  // In place of the one byte at `begin`; what follows moves.
  void WriteLongSize(size_t begin, size_t size);

  std::string* to_;
};

class JsonOut {
 public:
  // Writes the braces too: the object ends with this.
  explicit JsonOut(std::string* to) : to_(to) { to_->push_back('{'); }
  ~JsonOut() { to_->push_back('}'); }
  JsonOut(const JsonOut&) = delete;
  JsonOut& operator=(const JsonOut&) = delete;

  void Text(uint32_t number, std::string_view name, std::string_view value) {
    if (!value.empty()) TextSet(number, name, value);
  }
  void TextSet(uint32_t, std::string_view name, std::string_view value) {
    Name(name);
    Quote(value);
  }
  void Number(uint32_t, std::string_view name, uint32_t value) {
    if (value == 0) return;
    Name(name);
    Digits(value);
  }
  void Long(uint32_t, std::string_view name, uint64_t value) {
    if (value == 0) return;
    Name(name);
    to_->push_back('"');
    Digits(value);
    to_->push_back('"');
  }
  void Bool(uint32_t, std::string_view name, bool value) {
    if (!value) return;
    Name(name);
    to_->append("true");
  }
  void Double(uint32_t, std::string_view name, double value);
  void Time(uint32_t, std::string_view name, int64_t unix_ms);
  template <class Write>
  void MessageSet(uint32_t, std::string_view name, Write write) {
    Name(name);
    JsonOut inner(to_);
    write(inner);
  }
  template <class Items, class Write>
  void Messages(uint32_t, std::string_view name, const Items& items, Write write) {
    if (items.empty()) return;
    Name(name);
    to_->push_back('[');
    bool first = true;
    for (const auto& item : items) {
      if (!first) to_->push_back(',');
      first = false;
      JsonOut inner(to_);
      write(inner, item);
    }
    to_->push_back(']');
  }
  template <class Items>
  void Texts(uint32_t, std::string_view name, const Items& items) {
    if (items.empty()) return;
    Name(name);
    to_->push_back('[');
    bool first = true;
    for (const auto& item : items) {
      if (!first) to_->push_back(',');
      first = false;
      Quote(item);
    }
    to_->push_back(']');
  }

 private:
  void Name(std::string_view name) {
    if (!first_) to_->push_back(',');
    first_ = false;
    to_->push_back('"');
    to_->append(name);
    to_->append("\":");
  }
  void Quote(std::string_view text);
  void Digits(uint64_t value);

  std::string* to_;
  bool first_ = true;
};

}  // namespace lyceum::envelope
