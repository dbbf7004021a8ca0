#include "envelope/shape.h"

#include <deque>
#include <unordered_map>

#include "base/check.h"
#include "base/token.h"
#include "envelope/json_syntax.h"
#include "lyceum/v1/lyceum.pb.h"
#include "lyceum/v1/record.pb.h"

namespace lyceum::envelope {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// What is wrong, and where: the path grows from the inside out.
struct Shape::Problem {
  enum class What { kNotAMessage, kNotUtf8, kUnknown } what = What::kNotAMessage;
  std::string path;
  uint32_t number = 0;  // kUnknown.
};

// All types of the proto files, by their descriptor. Never changed once it is made.
class Shapes {
 public:
  Shapes() {
    AddFile(v1::Event::descriptor()->file());
    AddFile(v1::Session::descriptor()->file());
  }
  const Shape& Get(const Descriptor* type) const {
    const auto found = by_type_.find(type);
    CHECK(found != by_type_.end());
    return *found->second;
  }

 private:
  void AddFile(const google::protobuf::FileDescriptor* file) {
    for (int i = 0; i < file->message_type_count(); ++i) AddNested(file->message_type(i));
  }
  void AddNested(const Descriptor* type) {
    Add(type);
    for (int i = 0; i < type->nested_type_count(); ++i) AddNested(type->nested_type(i));
  }
  const Shape* Add(const Descriptor* type) {
    if (const auto found = by_type_.find(type); found != by_type_.end()) return found->second;
    Shape& shape = shapes_.emplace_back();
    by_type_[type] = &shape;  // Before its fields: types may hold each other.
    shape.type_ = type;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const auto number = static_cast<size_t>(field->number());
      if (shape.fields_.size() <= number) shape.fields_.resize(number + 1);
      shape.fields_[number] = {KindOf(field), field->is_repeated(),
                               field->message_type() ? Add(field->message_type()) : nullptr, field};
    }
    return &shape;
  }
  static Shape::Kind KindOf(const FieldDescriptor* field) {
    switch (field->type()) {
      case FieldDescriptor::TYPE_STRING:
        return Shape::Kind::kText;
      case FieldDescriptor::TYPE_BYTES:
        return Shape::Kind::kBytes;
      case FieldDescriptor::TYPE_MESSAGE:
        return Shape::Kind::kMessage;
      case FieldDescriptor::TYPE_DOUBLE:
      case FieldDescriptor::TYPE_FIXED64:
      case FieldDescriptor::TYPE_SFIXED64:
        return Shape::Kind::kFixed64;
      case FieldDescriptor::TYPE_FLOAT:
      case FieldDescriptor::TYPE_FIXED32:
      case FieldDescriptor::TYPE_SFIXED32:
        return Shape::Kind::kFixed32;
      case FieldDescriptor::TYPE_GROUP:
        CheckFailed(__FILE__, __LINE__, "groups are not used");
      default:
        return Shape::Kind::kVarint;
    }
  }

  std::deque<Shape> shapes_;
  std::unordered_map<const Descriptor*, const Shape*> by_type_;
};

const Shape& Shape::Of(const Descriptor* type) {
  static const Shapes kShapes;
  return kShapes.Get(type);
}

bool RawReader::Varint(uint64_t* value) {
  uint64_t read = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (from_ == end_) return false;
    const auto byte = static_cast<unsigned char>(*from_++);
    read |= static_cast<uint64_t>(byte & 0x7F) << (shift < 64 ? shift : 63);
    if (byte < 0x80) {
      *value = read;
      return true;
    }
  }
  return false;
}

bool RawReader::Next(RawField* field) {
  uint64_t tag = 0;
  if (!Varint(&tag) || tag > UINT32_MAX || tag < 8) return false;
  field->number = static_cast<uint32_t>(tag >> 3);
  field->wire_type = static_cast<uint32_t>(tag & 7);
  size_t size = 0;
  switch (field->wire_type) {
    case 0:
      return Varint(&field->number_value);
    case 1:
      size = 8;
      break;
    case 2: {
      uint64_t length = 0;
      if (!Varint(&length) || length > static_cast<uint64_t>(end_ - from_)) return false;
      field->bytes = {from_, static_cast<size_t>(length)};
      from_ += length;
      return true;
    }
    case 5:
      size = 4;
      break;
    default:
      return false;
  }
  if (static_cast<size_t>(end_ - from_) < size) return false;
  field->number_value = 0;
  for (size_t i = 0; i < size; ++i) {
    field->number_value |= static_cast<uint64_t>(static_cast<unsigned char>(from_[i])) << (8 * i);
  }
  from_ += size;
  return true;
}

bool Shape::Scan(std::string_view bytes, Texts texts, int depth, Problem* problem) const {
  RawReader reader(bytes);
  RawField raw;
  while (!reader.done()) {
    const auto begin = static_cast<size_t>(reader.position() - bytes.data());
    const bool whole = reader.Next(&raw);
    const bool is_group = !whole && (raw.wire_type == 3 || raw.wire_type == 4);
    if (!whole && !is_group) return false;
    const Field* field = Find(raw.number);
    const bool fits = field != nullptr && !is_group &&
                      (raw.wire_type == 2   ? field->kind >= Kind::kBytes || field->repeated
                       : raw.wire_type == 0 ? field->kind == Kind::kVarint
                       : raw.wire_type == 1 ? field->kind == Kind::kFixed64
                                            : field->kind == Kind::kFixed32);
    if (!fits) {
      problem->what = Problem::What::kUnknown;
      problem->number = raw.number;
      return false;
    }
    if (raw.wire_type == 2 && !ScanBytes(*field, bytes, begin, raw.bytes, texts, depth, problem)) {
      return false;
    }
  }
  return true;
}

bool Shape::ScanBytes(const Field& field, std::string_view all, size_t begin,
                      std::string_view value, Texts texts, int depth, Problem* problem) const {
  if (field.kind == Kind::kText && texts == Texts::kChecked && !IsUtf8(value)) {
    problem->what = Problem::What::kNotUtf8;
    problem->path = NameOf(field, all.substr(0, begin));
    return false;
  }
  if (field.kind != Kind::kMessage) return true;
  if (depth >= kNestingMax) return false;
  if (field.inner->Scan(value, texts, depth + 1, problem)) return true;
  if (problem->what != Problem::What::kNotAMessage) {
    const std::string name = NameOf(field, all.substr(0, begin));
    problem->path = problem->path.empty() ? name : name + "." + problem->path;
  }
  return false;
}

std::string Shape::NameOf(const Field& field, std::string_view before) const {
  const std::string& name = field.descriptor->name();
  if (!field.repeated) return name;
  size_t index = 0;
  RawReader reader(before);
  RawField raw;
  while (!reader.done() && reader.Next(&raw)) {
    if (raw.number == static_cast<uint32_t>(field.descriptor->number())) ++index;
  }
  return name + "[" + std::to_string(index) + "]";
}

bool Shape::HasUnknownField(std::string_view bytes) const {
  Problem problem;
  return !Scan(bytes, Texts::kOurs, 0, &problem) && problem.what == Problem::What::kUnknown;
}

Result<void> Shape::Check(std::string_view bytes, Texts texts) const {
  Problem problem;
  if (Scan(bytes, texts, 0, &problem)) return {};
  switch (problem.what) {
    case Problem::What::kNotAMessage:
      break;
    case Problem::What::kNotUtf8:
      return Reject(problem.path + ": must be UTF-8");
    case Problem::What::kUnknown:
      return Reject((problem.path.empty() ? "the message" : problem.path) +
                    ": unknown field number " + std::to_string(problem.number));
  }
  return Reject("not a " + type_->full_name() + " in protobuf, nested over 32, or not UTF-8");
}

}  // namespace lyceum::envelope
