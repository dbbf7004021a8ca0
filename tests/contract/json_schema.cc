// The JSON form of every message as JSON Schema, draft 7 (which AsyncAPI takes as it is).
//
// What Lyceum reads it reads strictly: an unknown field is an error there. What it writes may get further fields within
// v1, so those schemas allow them. In JSON a field that is zero or empty is left out: nothing that Lyceum writes is
// `required`.
#include "contract/json_schema.h"

#include <functional>
#include <utility>
#include <vector>

#include "contract/contract_model.h"

namespace lyceum::contract {
namespace {

Json RefTo(const std::string& base, const std::string& name) { return {{"$ref", base + name}}; }

Json TypeOf(const Field& field, bool strict, const std::string& base) {
  switch (field.kind) {
    case FieldKind::kText:
      return {{"type", "string"}};
    case FieldKind::kWord:
    case FieldKind::kEnum: {
      Json type{{"type", "string"}};
      type[strict ? "enum" : "examples"] = field.words;
      return type;
    }
    case FieldKind::kBool:
      return {{"type", "boolean"}};
    case FieldKind::kNumber:
      return {{"type", "number"}};
    case FieldKind::kInteger:
      return {{"type", "integer"}, {"minimum", 0}, {"maximum", 4294967295}};
    case FieldKind::kLong:  // proto3 JSON writes 64 bits as text, and reads both.
      if (strict) return {{"type", {"string", "integer"}}};
      return {{"type", "string"}, {"pattern", "^[0-9]+$"}};
    case FieldKind::kBytes:
      return {{"type", "string"}, {"contentEncoding", "base64"}};
    case FieldKind::kTime:
      return {{"type", "string"}, {"format", "date-time"}};
    case FieldKind::kMessage:
      return RefTo(base, field.type);
  }
  return {};
}

Json SchemaOfField(const Field& field, bool strict, const std::string& base) {
  Json type = TypeOf(field, strict, base);
  if (field.repeated) type = {{"type", "array"}, {"items", std::move(type)}};
  if (field.comment.empty()) return type;
  // Beside a $ref nothing else counts in draft 7.
  if (type.contains("$ref")) type = {{"allOf", Json::array({std::move(type)})}};
  type["description"] = field.comment;
  return type;
}

// `wanted`: of the fields of a oneof, only these.
Json SchemaOf(const Message& message, const std::string& base,
              const std::function<bool(const Field&)>& wanted) {
  Json schema{{"type", "object"}};
  if (!message.comment.empty()) schema["description"] = message.comment;
  Json properties = Json::object();
  Json required = Json::array();
  std::vector<Json> one_of(message.oneofs.size(), Json::array());
  for (const Field& field : message.fields) {
    if (field.oneof >= 0 && !wanted(field)) continue;
    properties[field.name] = SchemaOfField(field, message.strict, base);
    if (message.strict && field.required) required.push_back(field.name);
    if (field.oneof >= 0) {
      one_of[static_cast<size_t>(field.oneof)].push_back({{"required", Json::array({field.name})}});
    }
  }
  schema["properties"] = std::move(properties);
  if (!message.strict) return schema;
  schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  Json all = Json::array();
  for (Json& one : one_of) {
    if (!one.empty()) all.push_back({{"oneOf", std::move(one)}});
  }
  if (!all.empty()) schema["allOf"] = std::move(all);
  return schema;
}

}  // namespace

Json SchemasOf(const Contract& contract, const std::string& base) {
  Json schemas = Json::object();
  for (const Message& message : contract.messages) {
    if (message.name == "Event") {
      for (const EventClass& one : contract.classes) {
        Json schema = SchemaOf(message, base, [&](const Field& field) {
          return field.number >= one.first && field.number <= one.last;
        });
        schema["description"] = "An event of " + one.subject + ".";
        schemas[one.name] = std::move(schema);
      }
      continue;
    }
    schemas[message.name] = SchemaOf(message, base, [](const Field&) { return true; });
  }
  // Of session workers among themselves.
  schemas.erase("Timer");
  schemas.erase("Barrier");
  return schemas;
}

std::string JsonSchemaOf(const Contract& contract) {
  const Json schema{
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"$id", "lyceum.v1.schema.json"},
      {"title", "Lyceum, contract v1, the JSON form of its messages"},
      {"$comment",
       "Written by tests/contract/generate from messages/lyceum/v1/lyceum.proto: do not edit."},
      {"definitions", SchemasOf(contract, "#/definitions/")}};
  return schema.dump(2) + "\n";
}

}  // namespace lyceum::contract
