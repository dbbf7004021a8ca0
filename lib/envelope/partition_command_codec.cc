// An operator's commands to the owner of a partition.
#include <algorithm>

#include "base/overloaded.h"
#include "base/token.h"
#include "envelope/convert.h"
#include "envelope/partition_commands.h"
#include "envelope/proto_io.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kReplyTextBytesMax = 4096;
constexpr size_t kLikeBytesMax = 128;
constexpr std::string_view kDamaged = "damaged";

void WriteList(const ListSessions& list, v1::PartitionCommand::ListSessions* out) {
  out->set_after(list.after);
  out->set_limit(list.limit);
  if (list.state) out->set_state(std::string(tutor::Name(*list.state)));
  if (list.damaged) out->set_state(std::string(kDamaged));
  out->set_course(list.course);
  if (list.inactive_since_ms != 0) {
    WriteTime(list.inactive_since_ms, out->mutable_inactive_since());
  }
  out->set_stuck(list.stuck);
  out->set_like(list.like);
}

Result<PartitionCommand> ReadList(const v1::PartitionCommand::ListSessions& in) {
  Reader reader;
  const Reader::Inside inside(reader, "list");
  ListSessions list;
  if (!in.after().empty()) list.after = reader.TokenText("after", in.after());
  list.limit =
      in.limit() == 0 ? ListSessions::kLimitMax : std::min(in.limit(), ListSessions::kLimitMax);
  list.damaged = in.state() == kDamaged;
  if (!in.state().empty() && !list.damaged) {
    list.state = reader.Word<tutor::StateName>("state", in.state());
  }
  if (!in.course().empty()) list.course = reader.IdText("course", in.course());
  if (in.has_inactive_since()) {
    list.inactive_since_ms = reader.TimeMs("inactive_since", true, in.inactive_since());
  }
  list.stuck = in.stuck();
  list.like = reader.Text("like", in.like(), kLikeBytesMax);
  if (reader.refused()) return reader.Finish(false).error();
  return PartitionCommand(std::move(list));
}

void WriteSummary(const SessionSummary& summary, v1::SessionSummary* out) {
  out->set_user(summary.user);
  out->set_state(summary.state);
  out->set_lifecycle(summary.lifecycle);
  out->set_course(summary.course);
  out->set_topic(summary.topic);
  out->set_tool(summary.tool);
  if (summary.deadline_ms != 0) WriteTime(summary.deadline_ms, out->mutable_deadline());
  if (summary.at_ms != 0) WriteTime(summary.at_ms, out->mutable_at());
  out->set_last_seq(summary.last_sequence);
  out->set_stuck(summary.stuck);
  out->set_text(std::string(CutUtf8(summary.text, kReplyTextBytesMax)));
}

int64_t MsOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

SessionSummary ReadSummary(const v1::SessionSummary& in) {
  return {.user = in.user(),
          .state = in.state(),
          .lifecycle = in.lifecycle(),
          .course = in.course(),
          .topic = in.topic(),
          .tool = in.tool(),
          .deadline_ms = MsOf(in.deadline()),
          .at_ms = MsOf(in.at()),
          .last_sequence = in.last_seq(),
          .stuck = in.stuck(),
          .text = in.text()};
}

}  // namespace

std::string EncodePartitionCommand(const PartitionCommand& command) {
  v1::PartitionCommand out;
  std::visit(
      Overloaded{[&](const ResumePartition&) { out.mutable_resume(); },
                 [&](const RebuildSession& rebuild) {
                   out.mutable_rebuild()->set_user(rebuild.user.value);
                 },
                 [&](const ListSessions& list) { WriteList(list, out.mutable_list()); },
                 [&](const MovePartition& move) { out.mutable_move()->set_worker(move.worker); }},
      command);
  return WriteMessage(out, Encoding::kJson);
}

Result<PartitionCommand> DecodePartitionCommand(std::string_view data, Encoding encoding) {
  v1::PartitionCommand in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  if (in.has_resume()) return PartitionCommand(ResumePartition{});
  if (in.has_list()) return ReadList(in.list());
  Reader reader;
  if (in.has_move()) {
    const Reader::Inside inside(reader, "move");
    MovePartition move{reader.TokenText("worker", in.move().worker())};
    if (reader.refused()) return reader.Finish(false).error();
    return PartitionCommand(std::move(move));
  }
  if (!in.has_rebuild()) return Reject("command: must be one of resume, rebuild, list, move");
  const Reader::Inside inside(reader, "rebuild");
  RebuildSession rebuild{UserId(reader.TokenText("user", in.rebuild().user()))};
  if (reader.refused()) return reader.Finish(false).error();
  return PartitionCommand(std::move(rebuild));
}

std::string EncodePartitionReply(const PartitionReply& reply, Encoding encoding) {
  v1::PartitionReply out;
  out.set_done(reply.done);
  out.set_records(reply.records);
  for (const SessionSummary& summary : reply.sessions) WriteSummary(summary, out.add_sessions());
  out.set_next(reply.next);
  out.set_looked(reply.looked);
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
  std::vector<SessionSummary> sessions;
  for (const v1::SessionSummary& summary : in.sessions()) sessions.push_back(ReadSummary(summary));
  return PartitionReply{.done = in.done(),
                        .code = in.error().code(),
                        .text = in.error().text(),
                        .retryable = in.error().retryable(),
                        .records = in.records(),
                        .sessions = std::move(sessions),
                        .next = in.next(),
                        .looked = in.looked()};
}

}  // namespace lyceum::envelope
