#include "envelope/proto_io.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <climits>
#include <cstdio>
#include <vector>

#include "base/check.h"
#include "base/token.h"
#include "envelope/json_syntax.h"

namespace lyceum::envelope {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Protobuf's own log would repeat what every Result already says, and could quote a payload.
void DropProtobufLog(google::protobuf::LogLevel level, const char* file, int line,
                     const std::string&) {
  if (level == google::protobuf::LOGLEVEL_FATAL) {
    std::fprintf(stderr, "%s:%d: protobuf failed\n", file, line);
  }
}

void SilenceProtobuf() {
  static const bool once = [] {
    google::protobuf::SetLogHandler(&DropProtobufLog);
    return true;
  }();
  (void)once;
}

std::string Path(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "." + name;
}

Error NotUtf8(const std::string& field) { return Reject(field + ": must be UTF-8"); }

Result<void> CheckFields(const Message& message, const std::string& parent);

Result<void> CheckText(const Message& message, const FieldDescriptor* field,
                       const std::string& parent) {
  const Reflection* reflection = message.GetReflection();
  std::string scratch;
  if (!field->is_repeated()) {
    if (IsUtf8(reflection->GetStringReference(message, field, &scratch))) return {};
    return NotUtf8(Path(parent, field->name()));
  }
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    if (!IsUtf8(reflection->GetRepeatedStringReference(message, field, i, &scratch))) {
      return NotUtf8(Path(parent, field->name()) + "[" + std::to_string(i) + "]");
    }
  }
  return {};
}

Result<void> CheckInner(const Message& message, const FieldDescriptor* field,
                        const std::string& parent) {
  const Reflection* reflection = message.GetReflection();
  const std::string path = Path(parent, field->name());
  if (!field->is_repeated()) return CheckFields(reflection->GetMessage(message, field), path);
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    auto checked = CheckFields(reflection->GetRepeatedMessage(message, field, i),
                               path + "[" + std::to_string(i) + "]");
    if (!checked) return checked;
  }
  return {};
}

// Every text UTF-8, no field that we do not know, all the way down. Depth is bounded by the parse.
Result<void> CheckFields(const Message& message, const std::string& parent) {
  const Reflection* reflection = message.GetReflection();
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) {
    return Reject((parent.empty() ? "the message" : parent) + ": unknown field number " +
                  std::to_string(unknown.field(0).number()));
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    Result<void> checked;
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      checked = CheckText(message, field, parent);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      checked = CheckInner(message, field, parent);
    }
    if (!checked) return checked;
  }
  return {};
}

bool Read(std::string_view data, Message* message) {
  if (data.size() > INT_MAX) return false;
  google::protobuf::io::ArrayInputStream bytes(data.data(), static_cast<int>(data.size()));
  google::protobuf::io::CodedInputStream stream(&bytes);
  stream.SetRecursionLimit(kNestingMax);
  return message->ParsePartialFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

Result<void> ParseProtobuf(std::string_view data, Message* message) {
  const bool parsed = Read(data, message);
  // A text that is not UTF-8 ends the parse but stands in the message: that error can be named.
  auto checked = CheckFields(*message, "");
  if (!checked) return checked;
  if (!parsed) {
    return Reject("not a " + message->GetDescriptor()->full_name() +
                  " in protobuf, nested over 32, or not UTF-8");
  }
  return {};
}

// A field's path as protobuf's errors spell it, and nothing that could be a value.
std::string_view LeadingPath(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && end < 128 &&
         (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_' ||
          text[end] == '.' || text[end] == '[' || text[end] == ']')) {
    ++end;
  }
  return text.substr(0, end);
}

// Protobuf's words quote the value they refuse; these do not.
Error Reworded(std::string_view words) {
  std::string path;
  if (words.starts_with('(')) {
    path = LeadingPath(words.substr(1));
    words.remove_prefix(std::min(words.size(), path.size() + 2));
    if (words.starts_with(' ')) words.remove_prefix(1);
  }
  if (words.ends_with(": Cannot find field.")) {
    const std::string name(LeadingPath(words));
    if (name.size() + std::string_view(": Cannot find field.").size() != words.size()) {
      return Reject((path.empty() ? "the message" : path) + ": unknown field");
    }
    return Reject(Path(path, name) + ": unknown field");
  }
  if (words.find("oneof field") != std::string_view::npos) {
    return Reject((path.empty() ? "the message" : path) + ": more than one of its kinds is set");
  }
  if (words.find("is not repeating") != std::string_view::npos) {
    return Reject(Path(path, std::string(LeadingPath(words))) + ": takes one value, not a list");
  }
  if (!path.empty()) return Reject(path + ": not a value of the field's type");
  return Reject("the message: a value does not have its field's type");
}

Result<void> ParseJson(std::string_view data, Message* message) {
  if (auto checked = CheckJson(data); !checked) return checked;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(data.data(), data.size()), message);
  if (!status.ok()) return Reworded({status.message().data(), status.message().size()});
  return CheckFields(*message, "");
}

}  // namespace

Encoding EncodingOf(std::string_view content_type, std::string_view data) {
  constexpr std::string_view kJson = "application/json";
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::string_view word = type.substr(0, type.find_last_not_of(' ') + 1);
  const bool named = word.size() == kJson.size() &&
                     std::equal(word.begin(), word.end(), kJson.begin(), [](char a, char b) {
                       return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
                     });
  return named || data.starts_with('{') ? Encoding::kJson : Encoding::kProtobuf;
}

Result<void> ParseMessage(std::string_view data, Encoding encoding, Message* message) {
  SilenceProtobuf();
  if (data.size() > kPayloadBytesMax) return Reject("the payload: 1 MiB at most");
  return encoding == Encoding::kJson ? ParseJson(data, message) : ParseProtobuf(data, message);
}

Result<void> ParseRow(std::string_view data, Message* message) {
  SilenceProtobuf();
  if (Read(data, message) && CheckFields(*message, "")) return {};
  return Fatal("a row of type " + message->GetDescriptor()->full_name() +
               " can not be read: the store is damaged or was written by a newer program");
}

void ParseWhatIsThere(std::string_view data, Message* message) {
  SilenceProtobuf();
  (void)Read(data, message);
}

std::string WriteMessage(const Message& message, Encoding encoding) {
  SilenceProtobuf();
  if (encoding == Encoding::kProtobuf) return message.SerializeAsString();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  CHECK(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

std::string WriteDeterministic(const Message& message) {
  SilenceProtobuf();
  std::string bytes;
  google::protobuf::io::StringOutputStream out(&bytes);
  google::protobuf::io::CodedOutputStream stream(&out);
  stream.SetSerializationDeterministic(true);
  CHECK(message.SerializeToCodedStream(&stream));
  stream.Trim();
  return bytes;
}

std::string WritePretty(const Message& message) {
  SilenceProtobuf();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  CHECK(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

}  // namespace lyceum::envelope
