// The JSON form of every message as TypeScript types.
#include <algorithm>
#include <string>
#include <vector>

#include "contract/contract_model.h"

namespace lyceum::contract {
namespace {

std::string Union(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "\"" : " | \"") + word + "\"";
  return text;
}

std::string TypeOf(const Field& field, bool strict) {
  switch (field.kind) {
    case FieldKind::kText:
      return "string";
    case FieldKind::kBytes:
      return "string";
    case FieldKind::kTime:
      return "string";
    case FieldKind::kWord:
      return field.type;
    case FieldKind::kEnum:
      return Union(field.words);
    case FieldKind::kBool:
      return "boolean";
    case FieldKind::kNumber:
    case FieldKind::kInteger:
      return "number";
    case FieldKind::kLong:
      return strict ? "string | number" : "string";
    case FieldKind::kMessage:
      return field.type;
  }
  return "unknown";
}

std::string Comment(const std::string& text, const std::string& indent) {
  if (text.empty()) return "";
  std::string lines;
  std::string line = indent + "/**";
  for (size_t i = 0; i < text.size();) {
    const size_t end = std::min(text.find(' ', i), text.size());
    const std::string part = text.substr(i, end - i);
    i = end + 1;
    if (line.size() + part.size() + 4 > 110) {
      lines += line + "\n";
      line = indent + " *";
    }
    line += " " + part;
  }
  return lines + line + " */\n";
}

std::string Line(const Field& field, bool strict, bool optional) {
  std::string type = TypeOf(field, strict);
  if (field.repeated) type = type.find('|') == std::string::npos ? type + "[]" : "(" + type + ")[]";
  return Comment(field.comment, "  ") + "  " + field.name + (optional ? "?: " : ": ") + type +
         ";\n";
}

// The fields beside the oneofs, and each oneof.
std::string Fields(const Message& message) {
  std::string text;
  for (const Field& field : message.fields) {
    if (field.oneof < 0) {
      text += Line(field, message.strict, !(message.strict && field.required));
    }
  }
  return text;
}
std::string OneOf(const Message& message, int oneof, int first, int last) {
  std::string text = "OneOf<{\n";
  for (const Field& field : message.fields) {
    if (field.oneof == oneof && field.number >= first && field.number <= last) {
      text += Line(field, message.strict, false);
    }
  }
  return text + "}>";
}

constexpr int kNumberMax = 1 << 29;

std::string Type(const Contract& contract, const Message& message) {
  std::string text = Comment(message.comment, "");
  if (message.name == "Event") {
    text += "export interface EventFields {\n" + Fields(message) + "}\n";
    for (const EventClass& one : contract.classes) {
      text += "/** An event of " + one.subject + ". */\nexport type " + one.name +
              " = EventFields & " + OneOf(message, 0, one.first, one.last) + ";\n";
    }
    return text;
  }
  if (message.strict && !message.oneofs.empty()) {
    text += "export type " + message.name + " = {\n" + Fields(message) + "}";
    for (size_t i = 0; i < message.oneofs.size(); ++i) {
      text += " & " + OneOf(message, static_cast<int>(i), 0, kNumberMax);
    }
    return text + ";\n";
  }
  // What Lyceum writes: whoever reads it asks which of the fields is there.
  text += "export interface " + message.name + " {\n";
  int oneof = -1;
  for (const Field& field : message.fields) {
    if (field.oneof >= 0 && field.oneof != oneof) {
      text += "  // One of these:\n";
      oneof = field.oneof;
    }
    text += Line(field, message.strict, !(message.strict && field.required));
  }
  return text + "}\n";
}

}  // namespace

std::string TypesOf(const Contract& contract) {
  std::string text =
      "// Lyceum, contract v1: the JSON form of its messages. Written by tests/contract/generate "
      "from\n"
      "// messages/lyceum/v1/lyceum.proto: do not edit. A field that is zero or empty is left "
      "out.\n"
      "// 64-bit numbers are text, times are RFC 3339. Within v1 lists of words and unions "
      "grow.\n\n"
      "/** Exactly one of the fields. */\n"
      "type OneOf<T> = { [K in keyof T]: Pick<T, K> & Partial<Record<Exclude<keyof T, K>, never>> "
      "}[keyof T];\n\n";
  for (const WordList& list : contract.lists) {
    text += "export type " + list.name + " = " + Union(list.words) + ";\n";
  }
  for (const Message& message : contract.messages) {
    if (message.name == "Timer" || message.name == "Barrier") continue;
    text += "\n" + Type(contract, message);
  }
  return text;
}

}  // namespace lyceum::contract
