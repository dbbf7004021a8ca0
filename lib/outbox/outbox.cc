#include "outbox/outbox.h"

#include <utility>

#include "outbox/dispatcher.h"
#include "outbox/done_rows.h"
#include "outbox/pump.h"
#include "outbox/timers.h"

namespace lyceum::outbox {

struct Outbox::Impl {
  Impl(const std::shared_ptr<wire::Connection>& connection, store::Store* opened,
       const Options& options, std::unique_ptr<Dispatcher> started)
      : store(opened),
        pump(connection, opened, &done, options.letters_max),
        timers(connection, opened, &done),
        dispatcher(std::move(started)) {}

  store::Store* const store;
  DoneRows done;
  Pump pump;
  Timers timers;
  std::unique_ptr<Dispatcher> dispatcher;
};

Outbox::Outbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Outbox::~Outbox() = default;

Result<std::unique_ptr<Outbox>> Outbox::Start(std::shared_ptr<wire::Connection> connection,
                                              store::Store* store, Options options) {
  auto dispatcher = Dispatcher::Start(connection, options);
  if (!dispatcher) return dispatcher.error();
  return std::unique_ptr<Outbox>(
      new Outbox(std::make_unique<Impl>(connection, store, options, *std::move(dispatcher))));
}

Result<void> Outbox::Adopt(store::PartitionId partition) {
  auto calls = impl_->store->GetCalls(partition);
  if (!calls) return calls.error();
  impl_->done.Take(partition);  // Of an earlier time as its owner: its rows are read again.
  if (auto timers = impl_->timers.Adopt(partition); !timers) return timers.error();
  impl_->pump.Adopt(partition);
  impl_->dispatcher->Adopt(partition, *std::move(calls));
  return {};
}

bool Outbox::Committed(store::PartitionId partition, const Outgoing& outgoing, Deadline room) {
  if (outgoing.empty()) return true;
  if (!impl_->pump.WaitForRoom(room) || !impl_->dispatcher->WaitForRoom(room)) return false;
  impl_->pump.Take(partition, outgoing.letters);
  impl_->timers.Put(partition, outgoing.timers_due_ms);
  impl_->dispatcher->Committed(partition, outgoing);
  return true;
}

std::vector<Done> Outbox::TakeDone(store::PartitionId partition) {
  return impl_->done.Take(partition);
}

bool Outbox::Drain(Deadline deadline) {
  const bool calls = impl_->dispatcher->Drain(deadline);
  const bool timers = impl_->timers.Drain(deadline);
  const bool letters = impl_->pump.Drain(deadline);
  return calls && timers && letters;
}

Outbox::Counters Outbox::counters() const {
  const auto calls = impl_->dispatcher->counters();
  Counters counters;
  counters.letters_sent = impl_->pump.sent();
  counters.letters_refused = impl_->pump.refused();
  counters.timers_fired = impl_->timers.fired();
  counters.calls_dispatched = calls.dispatched;
  counters.calls_busy = calls.busy;
  counters.calls_lost = calls.lost;
  counters.calls_failed = calls.failed;
  counters.cancels = calls.cancels;
  return counters;
}

}  // namespace lyceum::outbox
