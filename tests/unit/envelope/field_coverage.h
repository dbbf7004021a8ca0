// Which fields of a message type the samples of a test set: a field that is added and not tested
// shows.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <vector>

namespace lyceum::envelope {

// Full names of the fields that are set, all the way down.
inline void CollectSetFields(const google::protobuf::Message& message,
                             std::set<std::string>* names) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    names->insert(field->full_name());
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      CollectSetFields(reflection->GetMessage(message, field), names);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      CollectSetFields(reflection->GetRepeatedMessage(message, field, i), names);
    }
  }
}

inline void CollectFields(const google::protobuf::Descriptor* type, std::set<std::string>* names) {
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    if (!names->insert(field->full_name()).second || field->message_type() == nullptr) continue;
    if (field->message_type()->file() == type->file()) CollectFields(field->message_type(), names);
  }
}

// Full names of all fields of the type and of the types inside it that its file has.
inline std::set<std::string> AllFields(const google::protobuf::Descriptor* type) {
  std::set<std::string> names;
  CollectFields(type, &names);
  return names;
}

}  // namespace lyceum::envelope
