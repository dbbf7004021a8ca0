// The contract as the generator sees it: the messages of messages/lyceum/v1/lyceum.proto with their comments, and what
// the proto file cannot say (which texts are words of a closed list, what a sender must set).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum::contract {

enum class FieldKind {
  kText,
  kWord,
  kBool,
  kNumber,
  kInteger,
  kLong,
  kBytes,
  kTime,
  kMessage,
  kEnum
};

struct Field {
  std::string name;
  FieldKind kind = FieldKind::kText;
  std::string type;                // kMessage, kEnum: its name. kWord: the name of the list.
  std::vector<std::string> words;  // kWord, kEnum.
  bool repeated = false;
  bool required = false;
  int number = 0;
  int oneof = -1;  // An index into Message::oneofs.
  std::string comment;
};

struct Message {
  std::string name;  // Those inside another one: its name before theirs, ToolRequestArgs.
  std::string comment;
  std::vector<Field> fields;
  std::vector<std::string> oneofs;
  // Lyceum reads it, and writes it nowhere: it refuses a field that it does not know.
  bool strict = false;
};

struct WordList {
  std::string name;  // Verdict
  std::vector<std::string> words;
};

// A kind of Event belongs to a class: who may send it.
struct EventClass {
  std::string name;     // LearnerEvent
  std::string subject;  // lyceum.in.user.<user>
  int first = 0;        // The numbers of its kinds.
  int last = 0;
};

struct Contract {
  std::vector<Message> messages;  // In the order of the file.
  std::vector<WordList> lists;
  std::vector<EventClass> classes;

  const Message& Of(std::string_view name) const;  // CHECK: it is there.
};

// From what protoc writes of lyceum.proto (FileDescriptorSet, with comments and imports). Throws std::runtime_error
// where it cannot be read.
Contract ReadContract(const std::string& descriptors_path);

// The files, each as it is to be written.
std::string JsonSchemaOf(const Contract& contract);
std::string TypesOf(const Contract& contract);
std::string AsyncApiOf(const Contract& contract);
// The generated part of docs/contract.md of that name: codes, dead_letters, limits, messages.
std::string MarkdownOf(const Contract& contract, std::string_view part);

}  // namespace lyceum::contract
