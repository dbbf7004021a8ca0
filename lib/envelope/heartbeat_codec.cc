// Heartbeats of tool workers and of session workers.
#include "envelope/convert.h"
#include "envelope/field_out.h"
#include "envelope/proto_io.h"
#include "envelope/workers.h"

namespace lyceum::envelope {
namespace {

constexpr int kPartitionsMax = 1024;

}  // namespace

std::string EncodeToolHeartbeat(const ToolHeartbeat& heartbeat) {
  v1::ToolHeartbeat out;
  out.set_worker(heartbeat.worker);
  for (const auto& tool : heartbeat.tools) out.add_tools(tool);
  out.set_slots(heartbeat.slots);
  out.set_free(heartbeat.free);
  out.set_draining(heartbeat.draining);
  for (const auto& call : heartbeat.in_flight) out.add_in_flight(call.value);
  out.set_protobuf(heartbeat.protobuf);
  out.set_direct(heartbeat.direct);
  return WriteMessage(out, Encoding::kProtobuf);
}

Result<ToolHeartbeat> DecodeToolHeartbeat(std::string_view data, Encoding encoding) {
  v1::ToolHeartbeat in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  ToolHeartbeat heartbeat;
  heartbeat.worker = reader.TokenText("worker", in.worker());
  if (in.tools_size() > kToolsMax) reader.Refuse("tools", "must be at most 64");
  for (const auto& tool : in.tools()) heartbeat.tools.push_back(reader.TokenText("tools", tool));
  heartbeat.slots = in.slots();
  heartbeat.free = in.free();
  heartbeat.draining = in.draining();
  heartbeat.protobuf = in.protobuf();
  heartbeat.direct = in.direct();
  if (in.in_flight_size() > kInFlightMax) reader.Refuse("in_flight", "must be at most 4096");
  for (const auto& call : in.in_flight()) {
    heartbeat.in_flight.emplace_back(reader.IdText("in_flight", call));
  }
  return reader.Finish(std::move(heartbeat));
}

std::string EncodeWorkerHeartbeat(const WorkerHeartbeat& heartbeat) {
  std::string bytes;
  ProtoOut out(&bytes);
  out.Text(1, "worker", heartbeat.worker);
  out.Text(2, "boot", heartbeat.boot);
  if (heartbeat.at_ms != 0) out.Time(3, "at", heartbeat.at_ms);
  out.Messages(4, "partitions", heartbeat.partitions,
               [](ProtoOut& to, const WorkerHeartbeat::Partition& partition) {
                 to.Number(1, "partition", partition.partition);
                 to.Long(2, "position", partition.position);
                 to.Long(3, "confirmed", partition.confirmed);
                 to.Number(4, "lineage", partition.lineage);
                 to.Number(5, "fold_version", partition.fold_version);
                 to.Text(6, "digest", partition.digest);
                 to.Text(7, "state", partition.state);
                 to.Text(8, "halted_because", partition.halted_because);
                 to.Long(9, "checkpoint", partition.checkpoint);
                 to.Long(10, "log_end", partition.log_end);
                 to.Text(11, "role", partition.role);
                 to.Long(12, "epoch", partition.epoch);
                 to.Text(13, "moved_to", partition.moved_to);
                 to.Bool(14, "erasing", partition.erasing);
                 to.Long(15, "forgotten", partition.forgotten);
               });
  out.Number(5, "shard", heartbeat.shard);
  out.Number(6, "shards", heartbeat.shards);
  out.Bool(7, "leaving", heartbeat.leaving);
  out.Bool(8, "forgets", heartbeat.forgets);
  return bytes;
}

Result<WorkerHeartbeat> DecodeWorkerHeartbeat(std::string_view data, Encoding encoding) {
  v1::WorkerHeartbeat in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  WorkerHeartbeat heartbeat;
  heartbeat.worker = reader.TokenText("worker", in.worker());
  heartbeat.boot = reader.TokenText("boot", in.boot());
  heartbeat.at_ms = reader.TimeMs("at", in.has_at(), in.at());
  if (in.partitions_size() > kPartitionsMax) {
    reader.Refuse("partitions", "must be at most 1024");
    return reader.Finish(std::move(heartbeat));
  }
  for (const auto& one : in.partitions()) {
    const Reader::Inside inside(reader, "partitions", heartbeat.partitions.size());
    if (one.partition() >= static_cast<uint32_t>(kPartitionsMax)) {
      reader.Refuse("partition", "must be below 1024");
    }
    if (one.confirmed() > one.position()) {
      reader.Refuse("confirmed", "must not be ahead of position");
    }
    heartbeat.partitions.push_back(
        {one.partition(), one.position(), one.confirmed(), one.lineage(), one.fold_version(),
         reader.IdOrEmpty("digest", one.digest()), reader.IdOrEmpty("state", one.state()),
         reader.Text("halted_because", one.halted_because(), 4096), one.checkpoint(), one.log_end(),
         reader.IdOrEmpty("role", one.role()), one.epoch(),
         reader.IdOrEmpty("moved_to", one.moved_to()), one.erasing(), one.forgotten()});
  }
  heartbeat.shard = in.shard();
  heartbeat.shards = std::max(1u, in.shards());
  heartbeat.leaving = in.leaving();
  heartbeat.forgets = in.forgets();
  if (heartbeat.shards > static_cast<uint32_t>(kPartitionsMax)) {
    reader.Refuse("shards", "must be at most 1024");
  } else if (heartbeat.shard >= heartbeat.shards) {
    reader.Refuse("shard", "must be below shards");
  }
  return reader.Finish(std::move(heartbeat));
}

}  // namespace lyceum::envelope
