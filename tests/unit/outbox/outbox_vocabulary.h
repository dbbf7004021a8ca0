// An outbox between a real store and a real nats-server, and the vocabulary of its tests.
//
// The server has no roles and no mapping: one stream stores lyceum.in.*.*, and a test may listen to
// everything.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "envelope/codec.h"
#include "envelope/rows.h"
#include "outbox/outbox.h"
#include "support/eventually.h"
#include "support/nats_server.h"
#include "support/temp_dir.h"
#include "wire/jetstream.h"

namespace lyceum::outbox {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;

// What a subscription hears.
class Ear {
 public:
  Ear(wire::Connection& connection, const std::string& subject, const std::string& queue = "")
      : box_(std::make_shared<wire::MessageBox>(100'000)) {
    auto subscription = connection.Subscribe(subject, queue, box_, 0);
    CHECK(subscription);
    subscription_.push_back(*std::move(subscription));
    CHECK(connection.Flush(seconds(5)));
  }
  std::optional<wire::Message> Next(milliseconds wait = seconds(10)) { return box_->Pop(In(wait)); }
  size_t waiting() const { return box_->size(); }

 private:
  std::shared_ptr<wire::MessageBox> box_;
  std::vector<wire::Subscription> subscription_;
};

class OutboxTest : public ::testing::Test {
 protected:
  static constexpr store::PartitionId kPartition = 1;

  OutboxTest() : server_({.roles = false}), admin_(server_.Connect("")) {
    store::Store::Options options;
    options.path = folder_ / "db";
    auto opened = store::Store::Open(options);
    CHECK(opened);
    store_ = *std::move(opened);
  }

  void MakeStream(const std::string& name, const std::string& subject) {
    wire::StreamConfig config;
    config.name = name;
    config.subjects = {subject};
    const auto ensured = wire::EnsureStream(*admin_, config);
    ASSERT_TRUE(ensured) << ensured.error().text;
  }
  // Returns when this test's own connection is back.
  void Restart() {
    server_.Restart();
    ASSERT_TRUE(Eventually(seconds(20), [&] { return admin_->Flush(seconds(1)).has_value(); }));
  }
  void MakeLog() { MakeStream("LOG", "lyceum.in.*.*"); }
  uint64_t MessagesIn(const std::string& stream) {
    const auto info = wire::GetStream(*admin_, stream);
    return info && *info ? (*info)->messages : 0;
  }

  void Start() { Start(Outbox::Options()); }
  void Start(Outbox::Options options) {
    options.worker = "s1";
    auto started = Outbox::Start(server_.Connect(""), store_.get(), options);
    ASSERT_TRUE(started) << started.error().text;
    outbox_ = *std::move(started);
    ASSERT_TRUE(outbox_->Adopt(kPartition));
  }

  // --- Commits: rows into the store, then the same to the outbox --------------------------------
  static std::string LetterTo(const std::string& client, const std::string& text) {
    return envelope::EncodeLetter(
        {subjects().Out(ClientId(client)), "", "application/json", "00-trace-01", text});
  }
  void PutLetters(const std::vector<store::Letter>& letters) {
    store::Commit commit(kPartition);
    for (const auto& letter : letters) commit.PutLetter(letter.id, letter.bytes);
    ASSERT_TRUE(store_->Apply(std::move(commit)));
  }
  bool CommitLetters(const std::vector<store::Letter>& letters, milliseconds room = seconds(20)) {
    PutLetters(letters);
    Outgoing outgoing;
    outgoing.letters = letters;
    return outbox_->Committed(kPartition, outgoing, In(room));
  }
  void PutTimer(uint64_t sequence, int64_t due_ms) {
    store::Commit commit(kPartition);
    const std::string id = "01-" + std::to_string(sequence) + "-0";
    commit.PutTimer(due_ms, {sequence, 0},
                    envelope::EncodeLetter({subjects().In(envelope::RecordClass::kTimer, kUser), id,
                                            "", "", "timer " + std::to_string(sequence)}));
    ASSERT_TRUE(store_->Apply(std::move(commit)));
  }
  void CommitTimer(uint64_t sequence, int64_t due_ms) {
    PutTimer(sequence, due_ms);
    Outgoing outgoing;
    outgoing.timers_due_ms = {due_ms};
    ASSERT_TRUE(outbox_->Committed(kPartition, outgoing, In(seconds(5))));
  }
  static CallId IdOf(uint64_t sequence) { return CallId("01-" + std::to_string(sequence) + "-0"); }
  std::string PutCall(uint64_t sequence, milliseconds deadline) {
    envelope::ToolRequest request;
    request.id = IdOf(sequence);
    request.tool = tutor::Tool::kClarifyConcept;
    request.user = kUser;
    request.deadline_ms = UnixMs() + deadline.count();
    request.reply_subject = subjects().In(envelope::RecordClass::kTool, kUser);
    tutor::ClarifyConceptArgs args;
    args.ref = {CourseId("fractions"), "v1", TopicId("halves")};
    args.text = "why?";
    request.args = args;
    const std::string bytes = envelope::EncodeToolRequest(request, envelope::Encoding::kProtobuf);
    store::Commit commit(kPartition);
    commit.PutCall({sequence, 0}, bytes);
    CHECK(store_->Apply(std::move(commit)));
    return bytes;
  }
  void CommitCall(uint64_t sequence, milliseconds deadline = seconds(30)) {
    Outgoing outgoing;
    outgoing.calls = {
        {{sequence, 0},
         PutCall(sequence, deadline),
         {IdOf(sequence), tutor::Tool::kClarifyConcept, kUser, UnixMs() + deadline.count(), ""}}};
    ASSERT_TRUE(outbox_->Committed(kPartition, outgoing, In(seconds(5))));
  }
  void CommitEnd(uint64_t sequence, bool tell_worker) {
    store::Commit commit(kPartition);
    commit.EraseCall({sequence, 0});
    ASSERT_TRUE(store_->Apply(std::move(commit)));
    Outgoing outgoing;
    outgoing.ended = {{IdOf(sequence), tell_worker}};
    ASSERT_TRUE(outbox_->Committed(kPartition, outgoing, In(seconds(5))));
  }
  // Takes what is done and erases it, as the partition's next commit does.
  std::vector<Done> EraseDone() {
    const auto rows = outbox_->TakeDone(kPartition);
    store::Commit commit(kPartition);
    for (const Done& row : rows) {
      if (row.due_ms == 0) commit.EraseLetter(row.id);
      if (row.due_ms != 0) commit.EraseTimer(row.due_ms, row.id);
    }
    EXPECT_TRUE(store_->Apply(std::move(commit)));
    done_.insert(done_.end(), rows.begin(), rows.end());
    return rows;
  }
  // Waits until so many rows were done in all.
  bool DoneReaches(size_t count, milliseconds wait = seconds(20)) {
    return Eventually(wait, [&] {
      EraseDone();
      return done_.size() >= count;
    });
  }

  // --- A tool worker, by hand -------------------------------------------------------------------
  static std::string Request() { return subjects().ToolRequests("clarify_concept"); }
  static envelope::ToolRequest Read(const wire::Message& message) {
    auto request = envelope::DecodeToolRequest(
        message.data, envelope::EncodingOf(message.header("Content-Type"), message.data));
    CHECK(request);
    return *request;
  }
  void Answer(const wire::Message& request, bool accepted, const std::string& worker) {
    wire::Message answer;
    answer.subject = request.reply;
    answer.data = envelope::EncodeToolAck({Read(request).id, accepted, accepted ? worker : ""});
    ASSERT_TRUE(admin_->Publish(answer));
    ASSERT_TRUE(admin_->Flush(seconds(5)));
  }
  void Beat(const std::string& worker, const std::vector<CallId>& in_flight) {
    wire::Message beat;
    beat.subject = subjects().Heartbeat(worker);
    beat.data =
        envelope::EncodeToolHeartbeat({worker, {"clarify_concept"}, 4, 0, false, in_flight});
    ASSERT_TRUE(admin_->Publish(beat));
    ASSERT_TRUE(admin_->Flush(seconds(5)));
  }
  static tutor::ToolReply ReadResult(const wire::Message& message) {
    auto event = envelope::DecodeEvent(
        message.data, envelope::EncodingOf(message.header("Content-Type"), message.data),
        envelope::RecordClass::kTool);
    CHECK(event);
    return std::get<tutor::ToolResult>(event->event.kind).reply;
  }

  static const envelope::Subjects& subjects() {
    static const envelope::Subjects subjects;
    return subjects;
  }

  const UserId kUser{"ada"};
  test::NatsServer server_;
  std::shared_ptr<wire::Connection> admin_;
  test::TempDir folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<Done> done_;
};

}  // namespace lyceum::outbox
