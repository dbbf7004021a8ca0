#include "contract/contract_model.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "base/check.h"
#include "tutor/names.h"

namespace lyceum::contract {
namespace {

namespace pb = google::protobuf;

template <class Enum>
WordList ListOf(std::string name) {
  WordList list{std::move(name), {}};
  for (int i = 0; Name(static_cast<Enum>(i)) != "unknown"; ++i) {
    list.words.emplace_back(Name(static_cast<Enum>(i)));
  }
  return list;
}

std::vector<WordList> Lists() {
  using namespace tutor;  // NOLINT: the enums.
  return {ListOf<Tool>("Tool"),
          ListOf<StateName>("State"),
          ListOf<Verdict>("Verdict"),
          ListOf<AnswerFormat>("Format"),
          ListOf<FoundIntent>("FoundIntent"),
          ListOf<Strategy>("Strategy"),
          ListOf<Lifecycle>("Lifecycle"),
          ListOf<Role>("Role"),
          ListOf<BusyPolicy>("BusyPolicy"),
          ListOf<TimerKind>("TimerKind"),
          ListOf<Supervision>("Supervision"),
          ListOf<Undecided>("Undecided")};
}

// Which text is a word of which list.
const std::map<std::string, std::string>& WordFields() {
  static const std::map<std::string, std::string> fields = {
      {"Start.busy_policy", "BusyPolicy"},
      {"Context.supervision", "Supervision"},
      {"Context.undecided", "Undecided"},
      {"CourseSupervision.undecided", "Undecided"},
      {"Draft.tool", "Tool"},
      {"Draft.undecided", "Undecided"},
      {"ClientMessage.state", "State"},
      {"QuestionView.format", "Format"},
      {"Feedback.verdict", "Verdict"},
      {"ToolRequest.tool", "Tool"},
      {"Attempt.verdict", "Verdict"},
      {"HistoryEntry.role", "Role"},
      {"RemediateKnownErrorArgs.strategy", "Strategy"},
      {"ToolResult.tool", "Tool"},
      {"Question.format", "Format"},
      {"CheckAnswerOk.verdict", "Verdict"},
      {"ClassifyIntentOk.intent", "FoundIntent"},
      {"SessionView.state", "State"},
      {"SessionView.lifecycle", "Lifecycle"},
      {"SessionView.busy_policy", "BusyPolicy"},
      {"SessionViewCallView.tool", "Tool"},
      {"SessionViewCallView.origin", "State"},
      {"SessionViewTimerView.kind", "TimerKind"},
  };
  return fields;
}

// What a sender must set; a oneof of these messages must have one set too.
const std::set<std::string>& RequiredFields() {
  static const std::set<std::string> fields = {"Event.id",
                                               "Start.course",
                                               "Supervise.draft",
                                               "Message.text",
                                               "GotoTopic.topic",
                                               "ToolAck.id",
                                               "ToolResult.id",
                                               "CheckAnswerOk.verdict",
                                               "ClassifyIntentOk.intent",
                                               "ToolHeartbeat.worker"};
  return fields;
}

std::string CommentOf(const auto& descriptor) {
  pb::SourceLocation at;
  if (!descriptor.GetSourceLocation(&at)) return "";
  std::string comment;
  for (const std::string& text : {at.leading_comments, at.trailing_comments}) {
    for (const char c : text) {
      if (c != ' ' && c != '\n') {
        comment += c;
      } else if (!comment.empty() && comment.back() != ' ') {
        comment += ' ';
      }
    }
    if (!comment.empty() && comment.back() != ' ') comment += ' ';
  }
  while (!comment.empty() && comment.back() == ' ') comment.pop_back();
  return comment;
}

std::string FlatName(const auto& descriptor) {
  const auto* outer = descriptor.containing_type();
  return (outer == nullptr ? "" : FlatName(*outer)) + descriptor.name();
}

FieldKind KindOf(const pb::FieldDescriptor& field) {
  switch (field.type()) {
    case pb::FieldDescriptor::TYPE_STRING:
      return FieldKind::kText;
    case pb::FieldDescriptor::TYPE_BOOL:
      return FieldKind::kBool;
    case pb::FieldDescriptor::TYPE_DOUBLE:
      return FieldKind::kNumber;
    case pb::FieldDescriptor::TYPE_UINT32:
      return FieldKind::kInteger;
    case pb::FieldDescriptor::TYPE_UINT64:
      return FieldKind::kLong;
    case pb::FieldDescriptor::TYPE_BYTES:
      return FieldKind::kBytes;
    case pb::FieldDescriptor::TYPE_ENUM:
      return FieldKind::kEnum;
    case pb::FieldDescriptor::TYPE_MESSAGE:
      return field.message_type()->full_name() == "google.protobuf.Timestamp" ? FieldKind::kTime
                                                                              : FieldKind::kMessage;
    default:
      throw std::runtime_error(field.full_name() + ": a type that the generator does not know");
  }
}

Field FieldOf(const pb::FieldDescriptor& descriptor, const std::string& message,
              const std::vector<WordList>& lists) {
  Field field;
  field.name = descriptor.name();
  field.kind = KindOf(descriptor);
  field.repeated = descriptor.is_repeated();
  field.number = descriptor.number();
  field.comment = CommentOf(descriptor);
  if (descriptor.containing_oneof() != nullptr)
    field.oneof = descriptor.containing_oneof()->index();
  const std::string full = message + "." + field.name;
  field.required = RequiredFields().contains(full);
  if (field.kind == FieldKind::kMessage) field.type = FlatName(*descriptor.message_type());
  if (field.kind == FieldKind::kEnum) {
    field.type = FlatName(*descriptor.enum_type());
    for (int i = 0; i < descriptor.enum_type()->value_count(); ++i) {
      field.words.push_back(descriptor.enum_type()->value(i)->name());
    }
  }
  if (const auto word = WordFields().find(full); word != WordFields().end()) {
    field.kind = FieldKind::kWord;
    field.type = word->second;
    const auto list = std::find_if(lists.begin(), lists.end(),
                                   [&](const WordList& one) { return one.name == field.type; });
    CHECK(list != lists.end());
    field.words = list->words;
  }
  return field;
}

void AddMessages(const pb::Descriptor& descriptor, Contract* contract) {
  Message message;
  message.name = FlatName(descriptor);
  message.comment = CommentOf(descriptor);
  for (int i = 0; i < descriptor.field_count(); ++i) {
    message.fields.push_back(FieldOf(*descriptor.field(i), message.name, contract->lists));
  }
  for (int i = 0; i < descriptor.oneof_decl_count(); ++i) {
    message.oneofs.push_back(descriptor.oneof_decl(i)->name());
  }
  contract->messages.push_back(std::move(message));
  for (int i = 0; i < descriptor.nested_type_count(); ++i) {
    AddMessages(*descriptor.nested_type(i), contract);
  }
}

void Reach(const Contract& contract, const std::string& name, std::set<std::string>* reached) {
  if (!reached->insert(name).second) return;
  for (const Field& field : contract.Of(name).fields) {
    if (field.kind == FieldKind::kMessage) Reach(contract, field.type, reached);
  }
}

void MarkStrict(Contract* contract) {
  std::set<std::string> read;
  std::set<std::string> written;
  for (const char* name : {"Event", "ToolAck", "ToolHeartbeat", "Query", "PartitionCommand"}) {
    Reach(*contract, name, &read);
  }
  for (const char* name :
       {"ClientMessage", "ToolRequest", "ToolCancel", "ToolRefused", "WorkerHeartbeat",
        "PartitionReply", "SessionView", "DeadLetter", "Draft"}) {
    Reach(*contract, name, &written);
  }
  for (Message& message : contract->messages) {
    message.strict = read.contains(message.name) && !written.contains(message.name);
  }
}

pb::FileDescriptorSet ReadDescriptors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  pb::FileDescriptorSet descriptors;
  if (!file || !descriptors.ParseFromIstream(&file)) {
    throw std::runtime_error(path + ": not the descriptors that protoc writes");
  }
  return descriptors;
}

}  // namespace

const Message& Contract::Of(std::string_view name) const {
  const auto found = std::find_if(messages.begin(), messages.end(),
                                  [&](const Message& message) { return message.name == name; });
  CHECK(found != messages.end());
  return *found;
}

Contract ReadContract(const std::string& descriptors_path) {
  pb::DescriptorPool pool;
  const pb::FileDescriptor* file = nullptr;
  const pb::FileDescriptorSet descriptors = ReadDescriptors(descriptors_path);
  for (const auto& proto : descriptors.file()) file = pool.BuildFile(proto);
  if (file == nullptr || file->name() != "lyceum/v1/lyceum.proto") {
    throw std::runtime_error(descriptors_path + ": lyceum.proto is not the last file in it");
  }
  Contract contract;
  contract.lists = Lists();
  contract.classes = {{"LearnerEvent", "lyceum.in.user.<user>", 10, 19},
                      {"ToolEvent", "lyceum.in.tool.<user>", 20, 29},
                      {"OperatorEvent", "lyceum.in.admin.<user>", 40, 49},
                      {"TeacherEvent", "lyceum.in.teacher.<user>", 60, 69}};
  for (int i = 0; i < file->message_type_count(); ++i) {
    AddMessages(*file->message_type(i), &contract);
  }
  MarkStrict(&contract);
  return contract;
}

}  // namespace lyceum::contract
