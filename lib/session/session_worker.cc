#include "session/session_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

#include "session/install.h"

namespace lyceum::session {

Result<std::unique_ptr<SessionWorker>> SessionWorker::Start(
    std::shared_ptr<wire::Connection> connection, Options options) {
  if (Result<void> installed = CheckInstalled(*connection, options.subjects); !installed) {
    return installed.error();
  }
  std::unique_ptr<SessionWorker> worker(new SessionWorker());
  auto opened = store::Store::Open({.path = options.data_dir});
  if (!opened) return opened.error();
  worker->store_ = std::move(*opened);
  auto outbox = outbox::Outbox::Start(connection, worker->store_.get(),
                                      {.subjects = options.subjects, .worker = options.id});
  if (!outbox) return outbox.error();
  worker->outbox_ = std::move(*outbox);
  auto queries = QueryService::Start(
      connection, worker->store_.get(),
      {.subjects = options.subjects, .worker = options.id, .partitions = options.partitions});
  if (!queries) return queries.error();
  worker->queries_ = std::move(*queries);
  const size_t share = options.sessions_max / std::max<size_t>(1, options.partitions.size());
  for (store::PartitionId partition : options.partitions) {
    worker->runners_.push_back(std::make_unique<PartitionRunner>(
        connection, worker->store_.get(), worker->outbox_.get(),
        PartitionOptions{.subjects = options.subjects,
                         .partition = partition,
                         .sessions_max = std::max<size_t>(share, 16)}));
  }
  return worker;
}

void SessionWorker::Stop(Deadline deadline) {
  for (auto& runner : runners_) runner->RequestStop();
  runners_.clear();
  if (outbox_ != nullptr) outbox_->Drain(deadline);
  queries_.reset();
  outbox_.reset();
}

SessionWorker::~SessionWorker() { Stop(Steady::now()); }

SessionWorker::Status SessionWorker::status() const {
  Status status;
  for (const auto& runner : runners_) {
    const PartitionCounters& counters = runner->counters();
    status.records += counters.records;
    status.batches += counters.batches;
    status.refused += counters.refused;
    status.retries += counters.retries;
    if (counters.halted) status.halted += 1;
  }
  if (outbox_ != nullptr) status.outbox = outbox_->counters();
  return status;
}

Result<std::vector<store::PartitionId>> ParsePartitions(const std::string& text, uint32_t count) {
  const Error wrong = Reject(fmt::format("takes partitions below {}, as in 0-7,12", count));
  const auto number = [&](std::string_view part, uint32_t* value) {
    const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), *value);
    return code == std::errc() && end == part.data() + part.size() && *value < count;
  };
  std::set<store::PartitionId> partitions;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const size_t dash = item.find('-');
    uint32_t first = 0;
    uint32_t last = 0;
    if (!number(item.substr(0, dash), &first)) return wrong;
    last = first;
    if (dash != std::string_view::npos && !number(item.substr(dash + 1), &last)) return wrong;
    if (last < first) return wrong;
    for (uint32_t partition = first; partition <= last; ++partition) {
      partitions.insert(static_cast<store::PartitionId>(partition));
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return std::vector<store::PartitionId>(partitions.begin(), partitions.end());
}

}  // namespace lyceum::session
