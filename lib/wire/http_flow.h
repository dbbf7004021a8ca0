// HttpFlow: what the reader of a response and the loop that fetches it share.
// HttpDoor: where other threads leave word for the loop.
//
// The loop puts the head, the body's bytes as they came, and the end into the flow; the reader
// takes them out. Either may fail it; the first failure stays. Locks are held for a move of bytes
// at most, never both at once.
#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "wire/event_loop.h"
#include "wire/http.h"
#include "wire/http_handles.h"

namespace lyceum::wire {

struct HttpRunning;  // The loop's own part of a transfer: http_running.h

class HttpFlow {
 public:
  // Of the loop. They do not wake the reader: Wake does, once for all that has come at a time. The
  // reader goes on inside of it.
  void PutHead(HttpHead head);
  // kFull: nothing was taken, TakeResume will be true once there is room. kUnwanted: nobody reads.
  enum class Put { kTaken, kFull, kUnwanted };
  Put PutBody(const char* data, size_t size);
  void PutEnd();
  void Wake();

  // Of any thread; the loop has to hear of it. False: it had failed before, or all of it had come.
  bool Fail(HttpFailure failure, Error error);
  // The reader wants no more. True: the loop has to hear of it.
  bool Drop();
  // The reader wants no more, but the end may still come. True: the loop has to hear of it.
  bool Finish();
  // The reader's own deadline, where it is nearer than the request's. The loop has to hear of it.
  void EndBy(Deadline deadline);
  std::optional<Deadline> end_by() const;
  bool over() const;  // Failed or dropped: the loop is to end it.
  bool finishing() const;
  bool TakeResume();  // There is room again, since PutBody refused; true once.
  std::optional<HttpFailure> failure() const;

  // Of the reader. First awaited, then taken. Empty bytes: the end.
  enum class Part { kHead, kBody };
  struct Wait {
    HttpFlow* flow;
    Part part;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> reader) const { return flow->Sleep(part, reader); }
    void await_resume() const noexcept {}
  };
  Wait Until(Part part) { return {this, part}; }
  Result<HttpHead> TakeHead();
  struct Taken {
    std::string bytes;
    bool resume = false;  // The loop waits for room: tell it.
  };
  Result<Taken> TakeBody();

  // Of the loop alone.
  HttpRunning* running = nullptr;

 private:
  friend class HttpDoor;
  // False: it is there.
  bool Sleep(Part part, std::coroutine_handle<> reader);
  bool Has(Part part) const;  // With the lock held.

  mutable std::mutex mutex_;
  std::coroutine_handle<> reader_;  // Who waits, and for what. From here on guarded by mutex_.
  Part awaited_ = Part::kHead;
  std::optional<HttpHead> head_;
  std::string pipe_;
  bool whole_ = false;
  bool dropped_ = false;
  bool refused_ = false;  // PutBody said no.
  bool finishing_ = false;
  std::optional<Deadline> end_by_;
  size_t finish_bytes_ = 0;  // Come since, and thrown away.
  std::optional<HttpFailure> failure_;
  Error error_;
  bool posted_ = false;  // Guarded by the door's mutex.
};

class HttpDoor {
 public:
  // `loop` outlives its last word, which is given before Close.
  explicit HttpDoor(EventLoop* loop) : event_loop_(loop) {}

  // By the loop, of its thread: what is posted there does not wake it, but is seen by waiting().
  void Open();
  // False: the loop has ended.
  bool PostBegin(std::unique_ptr<HttpRunning>& running);
  // "Look at this flow." A flow waits here once at most, so this is as bounded as the transfers.
  void Post(const std::shared_ptr<HttpFlow>& flow);
  void Close();

  struct Words {
    std::vector<std::unique_ptr<HttpRunning>> begins;
    std::vector<std::shared_ptr<HttpFlow>> flows;
    bool open = true;
  };
  Words Take();
  bool waiting() const;  // There are words.

 private:
  void WakeIfFirst();  // With the lock held: the loop may sleep, and has not been woken.

  EventLoop* const event_loop_;
  mutable std::mutex mutex_;
  std::thread::id loop_;  // From here on guarded by mutex_.
  Words words_;
};

}  // namespace lyceum::wire
