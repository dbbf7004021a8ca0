#include "wire/nats_link.h"

#include <sys/socket.h>

#include <climits>

#include "wire/nats_message.h"

// Not in nats.h, but in every libnats since 2.0: `filter` sees each message that was read before
// it goes to its subscription, and keeps it by setting *msg to null. Where a later version has it
// no more, a request to nobody is one without an answer.
extern "C" __attribute__((weak)) void natsConn_setFilterWithClosure(
    natsConnection* connection, void (*filter)(natsConnection*, natsMsg** msg, void* closure),
    void* closure);

namespace lyceum::wire {
namespace {

constexpr int kIoBytes = 64 * 1024;  // What one read takes at most.
// The library's timer thread sends a PING so often; that the answers are missing is for NatsWire to
// notice, so here any number may be missing: else that thread closed a socket that the loop polls.
constexpr int kPingMs = 1000;
constexpr int kReadsAtEnd = 4096;

// The filter runs inside Read, on its thread: so it needs no closure.
thread_local std::vector<natsMsg*>* no_responders_of_this_read = nullptr;
thread_local std::vector<std::string>* subjects_of_this_read = nullptr;

void Filter(natsConnection*, natsMsg** msg, void*) {
  if (no_responders_of_this_read == nullptr) return;
  if (!IsNoResponders(*msg)) {
    if (subjects_of_this_read != nullptr) {
      subjects_of_this_read->emplace_back(natsMsg_GetSubject(*msg));
    }
    return;
  }
  no_responders_of_this_read->push_back(*msg);
  *msg = nullptr;
}

using States = ById<NatsLink::State>;

constexpr int kPingsOutMax = 2;

void WakeLoop(NatsLink::State& state) {
  const std::lock_guard lock(state.mutex);
  if (state.loop != nullptr) state.loop->Wake();
}

// On the library's own thread, before the message is in its subscription: Deliver looks again. While
// somebody holds the mutex no later message is read.
void FilterAndWake(natsConnection*, natsMsg** msg, void* closure) {
  const auto state = States::Instance().Find(IdOf(closure));
  if (state == nullptr) return;
  if (IsNoResponders(*msg)) {
    const std::lock_guard lock(state->mutex);
    state->no_responders.push_back(*msg);
    *msg = nullptr;
  }
  WakeLoop(*state);
}

natsStatus Attach(void** user_data, void* loop, natsConnection*, natsSock socket) {
  *user_data = loop;  // The number of the state.
  if (const auto state = States::Instance().Find(IdOf(loop))) state->fd = socket;
  return NATS_OK;
}

natsStatus AddRead(void* user_data, bool add) {
  if (add) return NATS_OK;
  const auto state = States::Instance().Find(IdOf(user_data));
  if (state != nullptr) state->closed = true;
  return NATS_OK;
}

// Somebody has put something into the buffer. On the loop's thread it is written at the end of the
// loop's turn anyway.
natsStatus AddWrite(void* user_data, bool add) {
  if (!add) return NATS_OK;
  const auto state = States::Instance().Find(IdOf(user_data));
  if (state == nullptr || state->loop_thread.load() == std::this_thread::get_id()) return NATS_OK;
  const std::lock_guard lock(state->mutex);
  if (state->loop != nullptr) state->loop->Wake();
  return NATS_OK;
}

natsStatus Detach(void*) { return NATS_OK; }

}  // namespace

NatsLink::NatsLink(bool reads_itself)
    : reads_itself_(reads_itself),
      state_(std::make_shared<State>()),
      id_(States::Instance().Add(state_)) {}

bool NatsLink::closed() const {
  return state_->closed || (reads_itself_ && natsConnection_IsClosed(connection_.get()));
}

std::vector<natsMsg*>& NatsLink::no_responders() {
  if (reads_itself_) {
    const std::lock_guard lock(state_->mutex);
    no_responders_.insert(no_responders_.end(), state_->no_responders.begin(),
                          state_->no_responders.end());
    state_->no_responders.clear();
  }
  return no_responders_;
}

std::unique_lock<std::mutex> NatsLink::PauseReading() {
  return reads_itself_ ? std::unique_lock(state_->mutex) : std::unique_lock<std::mutex>();
}

Result<std::shared_ptr<NatsLink>> NatsLink::Connect(const ConnectOptions& options,
                                                    const Target& target, uint64_t async_id,
                                                    EventLoop* loop) {
  const std::shared_ptr<NatsLink> link(new NatsLink(target.secure));
  link->state_->loop = loop;
  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  const OptionsHandle owner(raw);
  Setting set;
  set(status);
  if (status == NATS_OK) {
    set(SetCommon(raw, options, target, async_id));
    set(natsOptions_SetAllowReconnect(raw, false));
    set(natsOptions_SetPingInterval(raw, kPingMs));
    set(natsOptions_SetIOBufSize(raw, kIoBytes));
    set(natsOptions_SetSendAsap(raw, true));  // Else there is a thread that writes.
    if (link->reads_itself_) {
      set(natsOptions_SetMaxPingsOut(raw, kPingsOutMax));
    } else {
      set(natsOptions_SetMaxPingsOut(raw, INT_MAX));
      set(natsOptions_SetEventLoop(raw, Closure(link->id_), Attach, AddRead, AddWrite, Detach));
    }
  }
  if (set.status() != NATS_OK) return Reject("bad NATS settings: " + LibraryText(set.status()));
  natsConnection* connection = nullptr;
  status = natsConnection_Connect(&connection, raw);
  link->connection_.reset(connection);
  if (status != NATS_OK) return ConnectError(status, target);
  natsStatistics* statistics = nullptr;
  CHECK(natsStatistics_Create(&statistics) == NATS_OK);
  link->statistics_.reset(statistics);
  if (natsConn_setFilterWithClosure != nullptr) {
    natsConn_setFilterWithClosure(connection, link->reads_itself_ ? FilterAndWake : Filter,
                                  link->reads_itself_ ? Closure(link->id_) : nullptr);
  } else if (link->reads_itself_) {
    return Reject("this version of the NATS library cannot be used with tls://");
  }
  return link;
}

// To close a connection that has something to write the library waits 500 ms for an answer that
// nobody reads. One whose socket has ended it closes at once, when it reads.
NatsLink::~NatsLink() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->loop = nullptr;
  }
  if (connection_ != nullptr && !reads_itself_ && !closed()) {
    shutdown(fd(), SHUT_RDWR);
    for (int i = 0; i < kReadsAtEnd && !closed(); ++i) {
      natsConnection_ProcessReadEvent(connection_.get());
    }
  }
  // A thread of the library that reads may hold one of them until it has ended.
  if (connection_ != nullptr && reads_itself_) natsConnection_Close(connection_.get());
  kept_.clear();
  connection_.reset();
  for (natsMsg* msg : no_responders()) natsMsg_Destroy(msg);
  States::Instance().Remove(id_);
}

bool NatsLink::Read(std::vector<std::string>* subjects) {
  no_responders_of_this_read = &no_responders_;
  subjects_of_this_read = subjects;
  natsConnection_ProcessReadEvent(connection_.get());
  no_responders_of_this_read = nullptr;
  subjects_of_this_read = nullptr;
  return natsConn_setFilterWithClosure != nullptr;
}

uint64_t NatsLink::messages_in() {
  uint64_t messages = 0;
  natsConnection_GetStats(connection_.get(), statistics_.get());
  natsStatistics_GetCounts(statistics_.get(), &messages, nullptr, nullptr, nullptr, nullptr);
  return messages;
}

}  // namespace lyceum::wire
