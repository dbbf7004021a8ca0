// Shape: which fields a message type has, made from its descriptor once, to check bytes before they
// are parsed. Private to this library.
//
// One pass over the bytes, no allocation where nothing is wrong. So a megabyte of garbage costs a
// look at its beginning, and what is parsed afterwards needs no second look.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lyceum::envelope {

class Shape {
 public:
  // Of a type of the contract or of the rows. Lives as long as the process. Thread-safe.
  static const Shape& Of(const google::protobuf::Descriptor* type);

  enum class Texts {
    kChecked,  // Fields of type string must be UTF-8.
    kOurs,     // They were checked before we wrote them.
  };
  // kReject: an unknown field, a text that is not UTF-8 (both named by their path), bytes that are
  // no message, or nesting over kNestingMax. The error quotes no value.
  Result<void> Check(std::string_view bytes, Texts texts) const;
  // The first thing that is wrong is a field which this program does not know.
  bool HasUnknownField(std::string_view bytes) const;

 private:
  enum class Kind : uint8_t { kNone, kVarint, kFixed32, kFixed64, kBytes, kText, kMessage };
  struct Field {
    Kind kind = Kind::kNone;
    bool repeated = false;
    const Shape* inner = nullptr;  // kMessage.
    const google::protobuf::FieldDescriptor* descriptor = nullptr;
  };
  struct Problem;

  bool Scan(std::string_view bytes, Texts texts, int depth, Problem* problem) const;
  bool ScanBytes(const Field& field, std::string_view all, size_t begin, std::string_view value,
                 Texts texts, int depth, Problem* problem) const;
  const Field* Find(uint32_t number) const {
    return number < fields_.size() && fields_[number].kind != Kind::kNone ? &fields_[number]
                                                                          : nullptr;
  }
  std::string NameOf(const Field& field, std::string_view before) const;

  friend class Shapes;
  const google::protobuf::Descriptor* type_ = nullptr;
  std::vector<Field> fields_;  // By number.
};

// One field of a message as it lies in the bytes.
struct RawField {
  uint32_t number = 0;
  uint32_t wire_type = 0;  // 0 varint, 1 fixed64, 2 length-delimited, 5 fixed32
  uint64_t number_value = 0;
  std::string_view bytes;  // wire_type 2.
};

// Takes the fields of a message one at a time, without knowing its type.
class RawReader {
 public:
  explicit RawReader(std::string_view bytes) : from_(bytes.data()), end_(from_ + bytes.size()) {}
  bool done() const { return from_ == end_; }
  const char* position() const { return from_; }
  // False: damaged, or a group. Not to be called when done.
  bool Next(RawField* field);

 private:
  bool Varint(uint64_t* value);

  const char* from_;
  const char* end_;
};

}  // namespace lyceum::envelope
