#include "wire/http_flow.h"

#include <algorithm>

#include "wire/http_running.h"

namespace lyceum::wire {

void HttpFlow::PutHead(HttpHead head) {
  const std::lock_guard lock(mutex_);
  head_ = std::move(head);
}

HttpFlow::Put HttpFlow::PutBody(const char* data, size_t size) {
  const std::lock_guard lock(mutex_);
  if (failure_ || dropped_) return Put::kUnwanted;
  if (finishing_) {
    finish_bytes_ += size;
    return finish_bytes_ <= kHttpFinishBytesMax ? Put::kTaken : Put::kUnwanted;
  }
  if (!pipe_.empty() && pipe_.size() + size > kHttpPipeBytesMax) {
    refused_ = true;
    return Put::kFull;
  }
  pipe_.append(data, size);
  return Put::kTaken;
}

void HttpFlow::PutEnd() {
  const std::lock_guard lock(mutex_);
  whole_ = true;
}

bool HttpFlow::Fail(HttpFailure failure, Error error) {
  const std::lock_guard lock(mutex_);
  if (failure_ || (failure == HttpFailure::kStopped && whole_)) return false;
  failure_ = failure;
  error_ = std::move(error);
  return true;
}

bool HttpFlow::Drop() {
  const std::lock_guard lock(mutex_);
  pipe_.clear();
  return !std::exchange(dropped_, true) && !whole_ && !failure_;
}

bool HttpFlow::Finish() {
  const std::lock_guard lock(mutex_);
  pipe_.clear();
  finishing_ = true;
  return !whole_ && !failure_ && !dropped_;
}

void HttpFlow::EndBy(Deadline deadline) {
  const std::lock_guard lock(mutex_);
  end_by_ = end_by_ ? std::min(*end_by_, deadline) : deadline;
}

std::optional<Deadline> HttpFlow::end_by() const {
  const std::lock_guard lock(mutex_);
  return end_by_;
}

bool HttpFlow::finishing() const {
  const std::lock_guard lock(mutex_);
  return finishing_;
}

bool HttpFlow::over() const {
  const std::lock_guard lock(mutex_);
  return failure_ || dropped_;
}

bool HttpFlow::TakeResume() {
  const std::lock_guard lock(mutex_);
  return pipe_.empty() && std::exchange(refused_, false);
}

std::optional<HttpFailure> HttpFlow::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool HttpFlow::Has(Part part) const {
  if (failure_ || dropped_) return true;
  if (part == Part::kHead) return head_.has_value();
  return !pipe_.empty() || whole_ || finishing_;
}

bool HttpFlow::Sleep(Part part, std::coroutine_handle<> reader) {
  const std::lock_guard lock(mutex_);
  if (Has(part)) return false;
  reader_ = reader;
  awaited_ = part;
  return true;
}

void HttpFlow::Wake() {
  std::coroutine_handle<> reader;
  {
    const std::lock_guard lock(mutex_);
    if (reader_ && Has(awaited_)) reader = std::exchange(reader_, nullptr);
  }
  if (reader) reader.resume();
}

Result<HttpHead> HttpFlow::TakeHead() {
  const std::lock_guard lock(mutex_);
  // What has come is worth reading, but for the reader's own wish to stop.
  if (head_ && failure_ != HttpFailure::kStopped) return *head_;
  if (failure_) return error_;
  return Reject("the response was dropped before it came");
}

Result<HttpFlow::Taken> HttpFlow::TakeBody() {
  const std::lock_guard lock(mutex_);
  if (failure_ && (pipe_.empty() || failure_ == HttpFailure::kStopped)) return error_;
  return Taken{std::exchange(pipe_, {}), refused_};
}

void HttpDoor::Open() {
  const std::lock_guard lock(mutex_);
  loop_ = std::this_thread::get_id();
}

void HttpDoor::WakeIfFirst() {
  const bool first = words_.begins.size() + words_.flows.size() == 1;
  if (first && loop_ != std::this_thread::get_id()) event_loop_->Wake();
}

bool HttpDoor::waiting() const {
  const std::lock_guard lock(mutex_);
  return !words_.begins.empty() || !words_.flows.empty();
}

bool HttpDoor::PostBegin(std::unique_ptr<HttpRunning>& running) {
  const std::lock_guard lock(mutex_);
  if (!words_.open) return false;
  words_.begins.push_back(std::move(running));
  WakeIfFirst();
  return true;
}

void HttpDoor::Post(const std::shared_ptr<HttpFlow>& flow) {
  const std::lock_guard lock(mutex_);
  if (!words_.open || flow->posted_) return;
  flow->posted_ = true;
  words_.flows.push_back(flow);
  WakeIfFirst();
}

void HttpDoor::Close() {
  const std::lock_guard lock(mutex_);
  words_.open = false;
}

HttpDoor::Words HttpDoor::Take() {
  const std::lock_guard lock(mutex_);
  for (const auto& flow : words_.flows) flow->posted_ = false;
  Words taken;
  taken.open = words_.open;
  taken.begins.swap(words_.begins);
  taken.flows.swap(words_.flows);
  return taken;
}

}  // namespace lyceum::wire
