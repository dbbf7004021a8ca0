#include "llm/attempt.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "llm/reasoning.h"
#include "llm/sse.h"
#include "llm/text_joiner.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

// A plain JSON answer: the text with its escapes, and what stands around it.
constexpr size_t kWholeBytesMax = 1024 * 1024;
constexpr size_t kErrorBodyBytesMax = 16 * 1024;
constexpr size_t kEventBytesMax = 64 * 1024;

// Silence for so long speaks against any provider, however little time there was.
constexpr milliseconds kFairSilence{2'000};

// After the answer is known to be whole: for the usage, and the end.
constexpr milliseconds kAfterFinish{1'000};

// Silence in the middle leaves time for another provider.
constexpr int kSilencesInDeadline = 3;

// Of text that is hidden: a model that only thinks is given up.
constexpr size_t kHiddenBytesMax = 1024 * 1024;

Trouble OfFailure(wire::HttpFailure failure) {
  using wire::HttpFailure;
  switch (failure) {
    case HttpFailure::kStopped:
      return {"cancelled", Blame::kRequest};
    case HttpFailure::kTooLarge:
      return {"too_large", Blame::kAnswer};
    case HttpFailure::kUrl:
    case HttpFailure::kTls:
      return {std::string(Name(failure)), Blame::kProvider};
    case HttpFailure::kClosed:  // Ours.
      return {std::string(Name(failure)), Blame::kRequest};
    case HttpFailure::kResolve:
    case HttpFailure::kConnect:
    case HttpFailure::kFirstByte:
    case HttpFailure::kStalled:
    case HttpFailure::kDeadline:
    case HttpFailure::kCut:
      return {std::string(Name(failure)), Blame::kPassing};
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

bool IsOfTime(std::string_view outcome) {
  return outcome == "connect" || outcome == "first_byte" || outcome == "first_text" ||
         outcome == "deadline";
}

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \n\t") == text.npos; }

// Without parameters, in lower case.
std::string MediaType(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t,")));
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type;
}

// Half characters that nothing came for are dropped.
std::string Whole(std::string_view marked) {
  TextJoiner joiner;
  std::string text;
  joiner.Add(marked, &text);
  return text;
}

class Run {
 public:
  Run(const AttemptOrder& order, wire::HttpTransfer transfer, Deadline begun)
      : order_(order),
        transfer_(std::move(transfer)),
        begun_(begun),
        decoder_(MakeDecoder(order.provider.api)) {
    if (!order.chat.functions.empty()) decoder_->KeepCalls();
    if (order.model_wanted) decoder_->KeepModel();
  }

  Task<AttemptEnd> Go() {
    end_.trouble = co_await Read();
    if (!end_.trouble) Tell(filter_.Finish());
    end_.reply.tool_input = Whole(decoder_->tool_input());
    end_.reply.reasoning = filter_.hidden() + Whole(decoder_->reasoning());
    end_.reply.usage = decoder_->usage();
    end_.reply.finish = decoder_->finish();
    end_.reply.calls = decoder_->calls().calls();
    if (!end_.trouble) end_.trouble = Judge();
    end_.broken = end_.trouble && answered_;
    const auto took = Steady::now() - begun_;
    end_.latency_ms = static_cast<uint32_t>(std::chrono::duration_cast<milliseconds>(took).count());
    end_.cost_known = CostIsKnown();
    end_.cost = Cost();
    end_.model = decoder_->model();
    co_return std::move(end_);
  }

 private:
  using Problem = std::optional<Trouble>;

  Task<Problem> Read() {
    const Result<wire::HttpHead> head = co_await transfer_.Head();
    if (!head) co_return OfTransfer();
    end_.hints = ReadRetryHints(*head, UnixMs());
    if (head->status != 200) co_return co_await ReadError(head->status);
    answered_ = true;
    const std::string type = MediaType(head->header("content-type"));
    if (type.empty() || type == "text/event-stream") co_return co_await ReadStream();
    if (type == "application/json") co_return co_await ReadWhole();
    co_return Trouble{"bad_content_type", Blame::kPassing};
  }

  Problem OfTransfer() {
    const std::optional<wire::HttpFailure> failure = transfer_.failure();
    return failure ? OfFailure(*failure) : Trouble{"cut", Blame::kPassing};
  }

  Task<Problem> ReadError(int status) {
    refused_status_ = true;
    const Result<std::string> body = co_await transfer_.ReadAll(kErrorBodyBytesMax);
    co_return OfStatus(order_.provider.api, status, body ? *body : std::string());
  }

  Task<Problem> ReadWhole() {
    const Result<std::string> body = co_await transfer_.ReadAll(kWholeBytesMax + 1);
    if (!body) co_return OfTransfer();
    if (body->size() > kWholeBytesMax) co_return Trouble{"too_large", Blame::kAnswer};
    ReasoningFilter::Shown shown;
    Problem problem = Take(decoder_->OnWhole(*body), &shown);
    if (!problem) Tell(std::move(shown));
    co_return problem;
  }

  Task<Problem> ReadStream() {
    SseParser parser(kEventBytesMax);
    bool hurried = false;
    while (true) {
      const Result<std::string> piece = co_await transfer_.Read();
      // What a provider has said in full is an answer, even where its end is lost.
      if (!piece) co_return decoder_->complete() && !Stopped() ? Problem() : OfTransfer();
      if (piece->empty()) {
        co_return decoder_->complete() ? Problem() : Trouble{"cut", Blame::kPassing};
      }
      Problem problem = TakeEvents(parser, *piece);
      if (problem) co_return problem;
      if (decoder_->ended() || (decoder_->complete() && parser.problem())) {
        transfer_.Finish();
        // An end without a reason is one that was not meant.
        const bool meant = decoder_->complete() || !order_.quirks.finish_reason;
        co_return meant ? Problem() : Trouble{"no_finish", Blame::kPassing};
      }
      if (decoder_->complete() && !std::exchange(hurried, true)) {
        transfer_.EndWithin(kAfterFinish);
      }
      const bool begun = !end_.reply.text.empty() || !decoder_->calls().empty();
      if (!begun && !decoder_->complete() && Steady::now() > order_.text_by) {
        co_return Trouble{"first_text", Blame::kPassing};
      }
    }
  }

  Problem TakeEvents(SseParser& parser, std::string_view piece) {
    ReasoningFilter::Shown shown;
    Problem problem;
    for (const SseEvent& event : parser.Feed(piece)) {
      const bool whole = decoder_->complete();
      Decoder::Step step = decoder_->OnEvent(event);
      // What follows a finished answer is no part of it, whatever it is.
      if (!whole) problem = Take(std::move(step), &shown);
      if (problem || decoder_->ended()) break;
    }
    if (!problem && parser.problem() && !decoder_->complete()) {
      problem = Trouble{"bad_stream", Blame::kPassing};
    }
    if (!problem) Tell(std::move(shown));
    return problem;
  }

  // Once for all that has come at a time.
  void Tell(ReasoningFilter::Shown shown) {
    if (shown.void_before) {
      end_.reply.text.clear();
      if (std::exchange(told_, false) && order_.on_void) order_.on_void();
    }
    if (shown.text.empty()) return;
    if (end_.reply.text.empty()) {
      const auto took = Steady::now() - begun_;
      end_.first_text_ms = static_cast<uint32_t>(
          std::max<int64_t>(1, std::chrono::duration_cast<milliseconds>(took).count()));
    }
    end_.reply.text += shown.text;
    if (!order_.on_text) return;
    told_ = true;
    order_.on_text(shown.text);
  }

  // Adds what is for the reader to `shown`.
  Problem Take(Decoder::Step step, ReasoningFilter::Shown* shown) {
    if (Trouble* trouble = std::get_if<Trouble>(&step)) return std::move(*trouble);
    const std::string& marked = std::get<std::string>(step);
    if (marked.empty()) return {};
    const bool joins = joiner_.waits();
    std::string text;
    if (!joiner_.Add(marked, &text)) return Trouble{"bad_stream", Blame::kPassing};
    if (joins || joiner_.waits()) text = WithoutControls(text);
    hidden_bytes_ += text.size();
    ReasoningFilter::Shown more = filter_.Add(text);
    hidden_bytes_ -= std::min(hidden_bytes_, more.text.size());
    if (more.void_before) {
      shown->void_before = true;
      shown->text.clear();
    }
    shown->text += more.text;
    const size_t before = shown->void_before ? 0 : end_.reply.text.size();
    if (before + shown->text.size() > kTextBytesMax || hidden_bytes_ > kHiddenBytesMax) {
      return Trouble{"too_large", Blame::kAnswer};
    }
    return {};
  }

  Problem Judge() const {
    if (Stopped()) return Trouble{"cancelled", Blame::kRequest};
    if (decoder_->finish() == Finish::kRefused) return Trouble{"refused", Blame::kAnswer};
    const bool elsewhere = !order_.chat.schema.empty() &&
                           !(IsBlank(end_.reply.tool_input) && IsBlank(end_.reply.reasoning));
    if (IsBlank(end_.reply.text) && end_.reply.calls.empty() && !elsewhere) {
      return Trouble{"empty", Blame::kPassing};
    }
    return {};
  }

  bool Stopped() const { return order_.stop.stop_requested(); }

  // An error status costs nothing, nor does a provider that was not reached.
  bool CostIsKnown() const {
    if (decoder_->usage_told()) return true;
    const auto failure = transfer_.failure();
    const bool unreached =
        failure == wire::HttpFailure::kUrl || failure == wire::HttpFailure::kResolve ||
        failure == wire::HttpFailure::kConnect || failure == wire::HttpFailure::kTls ||
        failure == wire::HttpFailure::kClosed;
    return refused_status_ || (unreached && !answered_);
  }

  // Unknown, the request may have been worked on, also after we left: to the bound of its answer.
  Usage Cost() const {
    Usage cost = decoder_->usage();
    if (end_.cost_known) return cost;
    cost.input_tokens = std::max(cost.input_tokens, InputTokensAtMost(order_.chat));
    uint32_t said_tokens = 0;
    for (const std::string* said :
         {&end_.reply.text, &end_.reply.tool_input, &end_.reply.reasoning}) {
      if (!said->empty()) said_tokens += TokensAtMost(*said);
    }
    cost.output_tokens = std::max({cost.output_tokens, said_tokens, order_.chat.output_tokens_max});
    return cost;
  }

  const AttemptOrder& order_;
  wire::HttpTransfer transfer_;
  const Deadline begun_;
  std::unique_ptr<Decoder> decoder_;
  TextJoiner joiner_;
  ReasoningFilter filter_;
  size_t hidden_bytes_ = 0;
  AttemptEnd end_;
  bool told_ = false;            // Text that is not void.
  bool answered_ = false;        // With status 200.
  bool refused_status_ = false;  // With another one.
};

}  // namespace

std::string JudgeReply(const Judge& judge, ChatReply* reply) {
  const bool cut = reply->finish == Finish::kLength;
  std::string first_verdict;
  bool found = false;
  for (const std::string* said : {&reply->tool_input, &reply->text, &reply->reasoning}) {
    if (said->empty() || (cut && said == &reply->reasoning)) continue;
    const std::string verdict = judge(*said);
    if (verdict.empty()) {
      if (said != &reply->text) reply->text = *said;
      return {};
    }
    if (!std::exchange(found, true)) first_verdict = verdict;
  }
  if (cut) return "it is too long, and was cut off";
  return found ? first_verdict : "it is empty";
}

Task<AttemptEnd> MakeAttempt(wire::HttpClient& http, const AttemptOrder& order) {
  const Provider& provider = order.provider;
  std::optional<Provider> milder;
  if (order.quirks != provider.quirks) {
    milder = provider;
    milder->quirks = order.quirks;
  }
  WireRequest wire_request = Encode(milder ? *milder : provider, order.model, order.chat);
  const Deadline begun = Steady::now();
  const auto patience =
      std::max(milliseconds(1),
               std::chrono::ceil<milliseconds>(std::min(order.text_by, order.deadline) - begun));
  wire::HttpRequest request;
  request.url = std::move(wire_request.url);
  request.headers = std::move(wire_request.headers);
  request.body = std::move(wire_request.body);
  request.bounds = provider.bounds;
  request.bounds.connect = std::min(provider.bounds.connect, patience);
  request.bounds.first_byte = std::min(provider.bounds.first_byte, patience);
  const auto left = std::chrono::duration_cast<milliseconds>(order.deadline - begun);
  request.bounds.between_bytes =
      std::clamp(left / kSilencesInDeadline, milliseconds(1),
                 std::max(milliseconds(1), provider.bounds.between_bytes));
  request.deadline = std::min(order.deadline, begun + provider.whole);
  request.plain_http_allowed = provider.plain_http;
  request.ca_file = provider.ca_file;
  Run run(order, http.Begin(std::move(request), order.stop), begun);
  AttemptEnd end = co_await run.Go();
  end.hurried = end.trouble && IsOfTime(end.trouble->outcome) &&
                patience < std::min(kFairSilence, provider.bounds.first_byte);
  co_return end;
}

}  // namespace lyceum::llm
