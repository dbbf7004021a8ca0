// An operator's commands to the owner of a partition.
#include "base/overloaded.h"
#include "base/token.h"
#include "envelope/convert.h"
#include "envelope/partition_commands.h"
#include "envelope/proto_io.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kReplyTextBytesMax = 4096;

}  // namespace

std::string EncodePartitionCommand(const PartitionCommand& command) {
  v1::PartitionCommand out;
  std::visit(Overloaded{[&](const ResumePartition&) { out.mutable_resume(); },
                        [&](const RebuildSession& rebuild) {
                          out.mutable_rebuild()->set_user(rebuild.user.value);
                        }},
             command);
  return WriteMessage(out, Encoding::kJson);
}

Result<PartitionCommand> DecodePartitionCommand(std::string_view data, Encoding encoding) {
  v1::PartitionCommand in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  if (in.has_resume()) return PartitionCommand(ResumePartition{});
  if (!in.has_rebuild()) return Reject("command: must be one of resume, rebuild");
  Reader reader;
  const Reader::Inside inside(reader, "rebuild");
  RebuildSession rebuild{UserId(reader.TokenText("user", in.rebuild().user()))};
  if (reader.refused()) return reader.Finish(false).error();
  return PartitionCommand(std::move(rebuild));
}

std::string EncodePartitionReply(const PartitionReply& reply, Encoding encoding) {
  v1::PartitionReply out;
  out.set_done(reply.done);
  out.set_records(reply.records);
  if (!reply.done) {
    out.mutable_error()->set_code(reply.code);
    out.mutable_error()->set_text(std::string(CutUtf8(reply.text, kReplyTextBytesMax)));
    out.mutable_error()->set_retryable(reply.retryable);
  }
  return WriteMessage(out, encoding);
}

Result<PartitionReply> DecodePartitionReply(std::string_view data, Encoding encoding) {
  v1::PartitionReply in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  return PartitionReply{.done = in.done(),
                        .code = in.error().code(),
                        .text = in.error().text(),
                        .retryable = in.error().retryable(),
                        .records = in.records()};
}

}  // namespace lyceum::envelope
