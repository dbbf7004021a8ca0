#include "shard_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/digest.h"
#include "base/hash.h"
#include "base/overloaded.h"
#include "envelope/topics.h"
#include "tutor/table_samples.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kNever = INT64_MAX;

wire::MemoryBroker::Options BrokerOptions(uint32_t partitions, uint64_t seed) {
  wire::MemoryBroker::Options options;
  options.seed = seed;
  options.partitions = partitions;
  return options;
}

}  // namespace

tutor::ToolOutcome CannedResult(const envelope::ToolRequest& request, const std::string& text) {
  using namespace tutor;
  return std::visit(
      Overloaded{
          [&](const LoadTopicArgs& args) -> ToolOutcome {
            const bool second = args.ref.topic.value == "t2";
            return LoadTopicOk{std::make_shared<const Topic>(
                                   samples::SampleTopic(second ? "t2" : "t1", second ? "" : "t2")),
                               ""};
          },
          [&](const PresentMaterialArgs& args) -> ToolOutcome {
            return PresentMaterialOk{args.text};
          },
          [&](const ClarifyConceptArgs&) -> ToolOutcome { return ClarifyConceptOk{.text = text}; },
          [&](const GenerateQuestionArgs&) -> ToolOutcome {
            return GenerateQuestionOk{samples::SampleTopic("t1", "").questions[0]};
          },
          [&](const CheckAnswerArgs& args) -> ToolOutcome {
            CheckAnswerOk ok;
            ok.question = args.question.id;
            ok.verdict = args.answer == "12" ? Verdict::kCorrect : Verdict::kIncorrect;
            ok.confidence = 1;
            ok.method = "numeric";
            return ok;
          },
          [&](const GiveHintArgs& args) -> ToolOutcome {
            return GiveHintOk{args.level, args.of, "a hint", args.level == args.of};
          },
          [&](const RemediateKnownErrorArgs& args) -> ToolOutcome {
            return RemediateKnownErrorOk{args.error, "hint", "mind it", "", false};
          },
          [&](const DiagnoseErrorArgs&) -> ToolOutcome {
            return DiagnoseErrorOk{{}, "look again", ""};
          },
          [&](const ClassifyIntentArgs&) -> ToolOutcome {
            return ClassifyIntentOk{FoundIntent::kQuestion, 1};
          }},
      request.args);
}

// --- Worker --------------------------------------------------------------------------------------

Worker::Worker(World* world, std::vector<store::PartitionId> partitions, std::string name)
    : flight(store::FlightPage::InMemory(world->subjects.partitions())),
      wall(&world->clock),
      world_(world),
      partitions_(std::move(partitions)) {
  options.subjects = world->subjects;
  options.worker = std::move(name);
}

Worker::~Worker() {
  shard_.reset();
  wire_.reset();
}

Result<void> Worker::Start() {
  CHECK(shard_ == nullptr);
  flight->Reopen();
  tasks_.clear();
  wire_ = std::make_unique<TapWire>(world_->broker.Connect(), &tap, &deaf);
  random_ = std::make_unique<SeededRandom>(Fnv1a64(options.worker));
  shard_ = std::make_unique<Shard>(Doors{.wire = wire_.get(),
                                         .store = &disk,
                                         .flight = flight.get(),
                                         .clock = &wall,
                                         .random = random_.get(),
                                         .executor = this},
                                   options, partitions_);
  Result<void> started = shard_->Start();
  if (!started) {
    shard_.reset();
    wire_.reset();
  }
  return started;
}

void Worker::Kill() {
  shard_.reset();
  wire_.reset();
  tasks_.clear();
  disk.memory.Crash();
}

bool Worker::Stop(int64_t ms) {
  shard_->BeginStop();
  const bool stopped = world_->Until([&] { return shard_->stopped(); }, ms);
  shard_.reset();
  wire_.reset();
  return stopped;
}

void Worker::Freeze(bool frozen) {
  frozen_ = frozen;
  world_->broker.PauseReading(client(), frozen);
  world_->broker.BlockWrites(client(), frozen);
}

void Worker::LoseFlightPage() {
  flight = store::FlightPage::InMemory(world_->subjects.partitions());
}

bool Worker::reading() const {
  return running() && std::all_of(partitions_.begin(), partitions_.end(), [&](auto id) {
           const Partition& partition = *shard_->Find(id);
           return partition.phase() == Partition::Phase::kReading && partition.caught_up();
         });
}

int64_t Worker::NextUs() const {
  if (shard_ == nullptr || frozen_) return kNever;
  if (!tasks_.empty() || (!disk.hold_writes && disk.memory.PendingWrites() > 0)) {
    return ran_us_ + turn_us;
  }
  const int64_t next = shard_->NextMs();
  if (next == kNever) return kNever;
  return next <= 0 ? ran_us_ + turn_us
                   : std::max(next * 1'000, ran_us_ + turn_us);  // At once: any time ago.
}

void Worker::RunTasks() {
  while (!tasks_.empty()) {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
}

void Worker::Run() {
  if (shard_ == nullptr || frozen_) return;
  ++turns, ran_us_ = world_->clock.NowUs();
  while (!disk.hold_writes && disk.memory.PendingWrites() > 0) disk.memory.CompleteNext();
  RunTasks();
  shard_->Turn();
}

// --- ToolWorker ----------------------------------------------------------------------------------

ToolWorker::ToolWorker(World* world, std::string name)
    : world_(world), name_(std::move(name)), wire_(world->broker.Connect()) {
  wire_->SetConnectionHandler([this](bool connected) {
    if (!connected) return;
    const auto handler = [this](const wire::Arrived& message) { OnRequest(message); };
    const std::string all = world_->subjects.prefix() + ".tool.*";
    CHECK(wire_->Subscribe(all, envelope::kToolQueueGroup, handler));
    CHECK(wire_->Subscribe(all + "." + name_, "", handler));
    CHECK(wire_->Subscribe(world_->subjects.ToolControl(name_), "", [this](const auto& message) {
      const auto control = envelope::DecodeToolControl(
          message.data, envelope::EncodingOf(message.content_type, message.data));
      const auto* cancel = control ? std::get_if<envelope::ToolCancel>(&*control) : nullptr;
      if (cancel == nullptr) return;
      std::erase_if(running_, [&](const Running& one) { return one.request.id == cancel->id; });
    }));
    beat_ms_ = world_->clock.SteadyMs();
    wire_->Flush();
  });
}

void ToolWorker::OnRequest(const wire::Arrived& message) {
  const auto request = envelope::DecodeToolRequest(
      message.data, envelope::EncodingOf(message.content_type, message.data));
  ASSERT_TRUE(request) << request.error().text;
  requests.push_back(*request);
  request_bytes.push_back(message.data.size());
  const bool known = std::any_of(running_.begin(), running_.end(),
                                 [&](const Running& one) { return one.request.id == request->id; });
  const bool accepted = known || running_.size() < slots;
  const std::string ack =
      envelope::EncodeToolAck({request->id, accepted, accepted ? name_ : std::string()});
  (void)wire_->Publish({.subject = message.reply, .data = ack});
  if (!accepted || known || !done_.insert(request->id.value).second) return;
  ++runs[request->id.value];
  const bool hang = hangs && hangs(*request);
  if (hang) done_.erase(request->id.value);
  running_.push_back({*request, hang ? kNever : world_->clock.SteadyMs() + duration_ms});
}

int64_t ToolWorker::NextUs() const {
  int64_t next = beat_ms_;
  for (const Running& one : running_) next = std::min(next, one.due_ms);
  return next * 1'000;
}

void ToolWorker::Run() {
  const int64_t now = world_->clock.SteadyMs();
  for (size_t i = 0; i < running_.size();) {
    if (running_[i].due_ms > now) {
      ++i;
      continue;
    }
    const envelope::ToolRequest request = std::move(running_[i].request);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
    tutor::ToolReply reply;
    reply.call = request.id;
    reply.attempt = request.attempt;
    reply.worker = name_;
    reply.outcome = CannedResult(request, text);
    if (auto* ok = std::get_if<tutor::LoadTopicOk>(&reply.outcome); ok != nullptr && by_name) {
      ok->name = tutor::TopicRef{ok->topic->course, ok->topic->version, ok->topic->id};
      ok->digest = Sha256Hex(envelope::EncodeTopic(*ok->topic));
    }
    world_->Publish(request.user.value,
                    {.id = EventId(request.id.value), .kind = tutor::ToolResult{std::move(reply)}},
                    request.id.value, request.trace);
  }
  if (now >= beat_ms_) {
    beat_ms_ = now + 500;
    if (wire_->connected()) {
      envelope::ToolHeartbeat beat;
      beat.worker = name_;
      for (const auto* tool : {"load_topic", "present_material", "clarify_concept",
                               "generate_question", "check_answer", "give_hint",
                               "remediate_known_error", "diagnose_error", "classify_intent"}) {
        beat.tools.push_back(tool);
      }
      beat.slots = static_cast<uint32_t>(slots);
      beat.free = static_cast<uint32_t>(slots - std::min(slots, running_.size()));
      beat.protobuf = beat.direct = true;
      for (const Running& one : running_) beat.in_flight.push_back(one.request.id);
      (void)wire_->Publish({.subject = world_->subjects.Heartbeat(name_),
                            .data = envelope::EncodeToolHeartbeat(beat)});
    }
  }
  wire_->Flush();
}

// --- Client --------------------------------------------------------------------------------------

Client::Client(World* world, std::string user_in, std::string id_in, tutor::Encoding encoding)
    : user(std::move(user_in)),
      id(std::move(id_in)),
      world_(world),
      encoding_(encoding),
      wire_(world->broker.Connect()) {
  wire_->SetConnectionHandler([this](bool connected) {
    if (!connected) return;
    const auto handler = [this](const wire::Arrived& arrived) {
      auto message = envelope::DecodeClientMessage(
          arrived.data, envelope::EncodingOf(arrived.content_type, arrived.data));
      ASSERT_TRUE(message) << message.error().text;
      const auto [found, added] = by_id.emplace(message->message.id, std::string(arrived.data));
      if (!added) {
        ++repeats;
        EXPECT_EQ(found->second, arrived.data) << "one id, two contents: " << found->first;
      }
      if (message->message.n > 0) {
        if (added) {
          EXPECT_FALSE(numbers_.contains(message->message.n)) << "n twice: " << message->message.n;
        }
        numbers_.insert(message->message.n);
      }
      came.push_back({std::move(*message), std::string(arrived.data), world_->clock.SteadyMs()});
    };
    CHECK(wire_->Subscribe(world_->subjects.Out(ClientId(id)), "", handler));
    wire_->Flush();
  });
}

std::string Client::Send(tutor::EventKind kind) {
  tutor::Event event;
  event.id = EventId(fmt::format("{}-{}", id, ++sent_));
  event.client = ClientId(id);
  event.encoding = encoding_;
  event.kind = std::move(kind);
  world_->Publish(user, event, user + "/" + event.id.value);
  return event.id.value;
}

std::string Client::Start(tutor::BusyPolicy policy) {
  tutor::Start start;
  start.course = CourseId("course");
  start.busy_policy = policy;
  return Send(start);
}

size_t Client::errors(const std::string& code) const {
  std::set<std::string> ids;
  for (const Came& one : came) {
    const auto* error = std::get_if<tutor::ErrorOut>(&one.message.message.body);
    if (error != nullptr && error->code == code) ids.insert(one.message.message.id);
  }
  return ids.size();
}

uint32_t Client::whole() const {
  uint32_t whole = 0;
  while (numbers_.contains(whole + 1)) ++whole;
  return whole;
}

bool Client::answered(const std::string& event_id) const {
  return std::any_of(came.begin(), came.end(), [&](const Came& one) {
    return one.message.message.in_reply_to.value == event_id &&
           !std::holds_alternative<tutor::WaitOut>(one.message.message.body);
  });
}

// --- World ---------------------------------------------------------------------------------------

World::World(uint32_t partitions, uint64_t seed)
    : subjects("lyceum", partitions), broker(&clock, BrokerOptions(partitions, seed)) {
  clock.AdvanceMs(1'000);
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    broker.AddStream({.name = subjects.LogStream(partition),
                      .subjects = {subjects.LogSubjects(partition)},
                      .message_bytes_max = 1 << 20,
                      .duplicates_ms = 20'000});
  }
  broker.AddStream({.name = subjects.DeadLetterStream(),
                    .subjects = {subjects.DeadLetters()},
                    .bytes_max = int64_t{1} << 30,
                    .discard_old = true});
  broker.AddStream({.name = subjects.SnapshotStream(),
                    .subjects = {subjects.Snapshots()},
                    .message_bytes_max = 1 << 20,
                    .messages_per_subject_max = 1});
  broker.AddBucket(subjects.ClusterBucket());
  broker.AddBucket(subjects.CourseBucket());
}

World::~World() { actors_.clear(); }

Worker& World::AddWorker(std::vector<store::PartitionId> partitions, std::string name) {
  auto worker = std::make_unique<Worker>(this, std::move(partitions), std::move(name));
  Worker& added = *worker;
  actors_.push_back(std::move(worker));
  const Result<void> started = added.Start();
  EXPECT_TRUE(started) << (started ? "" : started.error().text);
  return added;
}

ToolWorker& World::AddTools(std::string name) {
  auto tools = std::make_unique<ToolWorker>(this, std::move(name));
  tools_.push_back(tools.get());
  actors_.push_back(std::move(tools));
  return *tools_.back();
}

void World::RemoveTools() {
  std::erase_if(actors_, [&](const auto& actor) {
    return std::find(tools_.begin(), tools_.end(), actor.get()) != tools_.end();
  });
  tools_.clear();
}

Client& World::AddClient(const std::string& user, const std::string& id, tutor::Encoding encoding) {
  auto client = std::make_unique<Client>(this, user, id.empty() ? "c-" + user : id, encoding);
  Client& added = *client;
  actors_.push_back(std::move(client));
  RunMs(5);
  return added;
}

Client& World::AddLearner(uint32_t partition, size_t index, tutor::BusyPolicy policy) {
  Client& client = AddClient(UserIn(partition, index));
  client.Start(policy);
  EXPECT_TRUE(Until([&] { return client.count<tutor::ProgressOut>() > 0; }));
  client.Send(tutor::Skip{});
  EXPECT_TRUE(Until([&] { return client.count<tutor::QuestionOut>() > 0; }));
  return client;
}

std::string World::UserIn(uint32_t partition, size_t index) const {
  for (size_t number = 0;; ++number) {
    std::string user = fmt::format("u{}", number);
    if (subjects.PartitionOf(user) != partition) continue;
    if (index-- == 0) return user;
  }
}

bool World::Until(const std::function<bool()>& condition, int64_t ms) {
  const int64_t end = clock.NowUs() + ms * 1'000;
  while (true) {
    if (condition && condition()) return true;
    int64_t next = broker.NextEventUs();
    Actor* first = nullptr;
    for (const auto& actor : actors_) {
      const int64_t wanted = actor->NextUs();
      if (wanted >= next) continue;
      next = wanted;
      first = actor.get();
    }
    if (next > end) {
      if (end > clock.NowUs()) clock.AdvanceToUs(end);
      return condition && condition();
    }
    if (first != nullptr) {
      if (next > clock.NowUs()) clock.AdvanceToUs(next);
      first->Run();
      continue;
    }
    broker.Step();
    const auto touched = broker.touched();
    if (touched == 0) continue;
    for (const auto& actor : actors_) {
      if (actor->client() == touched) actor->Run();
    }
  }
}

void World::Publish(const std::string& user, const tutor::Event& event,
                    const std::string& message_id, std::string_view trace) {
  const std::string subject = subjects.In(envelope::ClassOf(event.kind), UserId(user));
  const std::string data = envelope::EncodeEvent(event, event.encoding, trace);
  broker.Publish({.subject = subject,
                  .data = data,
                  .content_type = data.starts_with('{') ? "application/json" : "",
                  .message_id = message_id});
}

void World::PublishRaw(const std::string& subject, std::string_view data, std::string_view type) {
  broker.Publish({.subject = subject, .data = data, .content_type = type});
}

size_t World::Stored(uint32_t partition, envelope::RecordClass record_class) const {
  size_t count = 0;
  for (const wire::MemoryRecord& record : broker.Stored(Stream(partition))) {
    const auto parts = subjects.ParseLogFast(record.subject);
    if (parts && parts->record_class == record_class) ++count;
  }
  return count;
}

std::vector<envelope::DeadLetter> World::DeadLetters() const {
  std::vector<envelope::DeadLetter> letters;
  for (const wire::MemoryRecord& record : broker.Stored(subjects.DeadLetterStream())) {
    const auto letter = envelope::DecodeDeadLetter(record.data);
    EXPECT_TRUE(letter);
    if (letter) letters.push_back(*letter);
  }
  return letters;
}

}  // namespace lyceum::shard
