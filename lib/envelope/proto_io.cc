#include "envelope/proto_io.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <climits>
#include <cstdio>

#include "base/check.h"
#include "envelope/shape.h"

namespace lyceum::envelope {
namespace {

using google::protobuf::Message;

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

// Its nesting was bounded by the check before it.
bool Read(std::string_view data, Message* message) {
  return data.size() <= INT_MAX &&
         message->ParsePartialFromArray(data.data(), static_cast<int>(data.size()));
}

// Checked before it is parsed, and once.
Result<void> ParseProtobuf(std::string_view data, Message* message) {
  const auto* type = message->GetDescriptor();
  if (auto checked = Shape::Of(type).Check(data, Shape::Texts::kChecked); !checked) return checked;
  if (Read(data, message)) return {};
  return Reject("not a " + type->full_name() + " in protobuf, nested over 32, or not UTF-8");
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

// What the syntax check lets pass is UTF-8 with whole surrogates, and the parser knows every field:
// nothing is left to check in the message.
Result<void> ParseJson(std::string_view data, Message* message, JsonRoot* root) {
  if (auto checked = CheckJson(data, root); !checked) return checked;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(data.data(), data.size()), message);
  if (!status.ok()) return Reworded({status.message().data(), status.message().size()});
  return {};
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

Result<void> ParseMessage(std::string_view data, Encoding encoding, Message* message,
                          JsonRoot* root) {
  SilenceProtobuf();
  if (data.size() > kPayloadBytesMax) return Reject("the payload: 1 MiB at most");
  return encoding == Encoding::kJson ? ParseJson(data, message, root)
                                     : ParseProtobuf(data, message);
}

Result<void> ParseRow(std::string_view data, Message* message) {
  SilenceProtobuf();
  const auto* type = message->GetDescriptor();
  const Shape& shape = Shape::Of(type);
  if (shape.Check(data, Shape::Texts::kOurs) && Read(data, message)) return {};
  return Fatal("a row of type " + type->full_name() + " cannot be read: " +
               (shape.HasUnknownField(data) ? "it was written by a newer program: start that one"
                                            : "the store is damaged"));
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
