#include "llm/attempt.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "llm/sse.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

// A plain JSON answer: the text with its escapes, and what stands around it.
constexpr size_t kWholeBytesMax = 1024 * 1024;
constexpr size_t kErrorBodyBytesMax = 16 * 1024;
constexpr size_t kEventBytesMax = 64 * 1024;

// Silence for so long speaks against any provider, however little time there was.
constexpr milliseconds kFairSilence{2'000};

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

std::string_view WithoutParameters(std::string_view content_type) {
  return content_type.substr(0, content_type.find_first_of("; "));
}

class Run {
 public:
  Run(const AttemptOrder& order, wire::HttpTransfer transfer, Deadline begun)
      : order_(order),
        transfer_(std::move(transfer)),
        begun_(begun),
        decoder_(MakeDecoder(order.provider.api)) {
    if (!order.chat.functions.empty()) decoder_->KeepCalls();
  }

  Task<AttemptEnd> Go() {
    end_.trouble = co_await Read();
    end_.reply.usage = decoder_->usage();
    end_.reply.finish = decoder_->finish();
    end_.reply.calls = decoder_->calls().calls();
    if (!end_.trouble) end_.trouble = Judge();
    const auto took = Steady::now() - begun_;
    end_.latency_ms = static_cast<uint32_t>(std::chrono::duration_cast<milliseconds>(took).count());
    end_.cost = Cost();
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
    const std::string_view type = WithoutParameters(head->header("content-type"));
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
    Problem problem = Take(decoder_->OnWhole(*body));
    if (!problem) Tell();
    co_return problem;
  }

  Task<Problem> ReadStream() {
    SseParser parser(kEventBytesMax);
    while (true) {
      const Result<std::string> piece = co_await transfer_.Read();
      // What a provider has said in full is an answer, even where its end is lost.
      if (!piece) co_return decoder_->complete() && !Stopped() ? Problem() : OfTransfer();
      if (piece->empty()) {
        co_return decoder_->complete() ? Problem() : Trouble{"cut", Blame::kPassing};
      }
      Problem problem = TakeEvents(parser, *piece);
      if (problem) co_return problem;
      Tell();
      if (decoder_->ended()) {
        transfer_.Finish();
        co_return Problem();
      }
      const bool begun = !end_.reply.text.empty() || !decoder_->calls().empty();
      if (!begun && Steady::now() > order_.text_by) {
        co_return Trouble{"first_text", Blame::kPassing};
      }
    }
  }

  Problem TakeEvents(SseParser& parser, std::string_view piece) {
    for (const SseEvent& event : parser.Feed(piece)) {
      Problem problem = Take(decoder_->OnEvent(event));
      if (problem || decoder_->ended()) return problem;
    }
    if (parser.problem()) return Trouble{"bad_stream", Blame::kPassing};
    return {};
  }

  // Once for all that has come at a time.
  void Tell() {
    if (!order_.on_text || told_ == end_.reply.text.size()) return;
    const std::string_view text = std::string_view(end_.reply.text).substr(told_);
    told_ = end_.reply.text.size();
    order_.on_text(text);
  }

  Problem Take(Decoder::Step step) {
    if (Trouble* trouble = std::get_if<Trouble>(&step)) return std::move(*trouble);
    const std::string& text = std::get<std::string>(step);
    if (text.empty()) return {};
    if (end_.reply.text.empty()) {
      const auto took = Steady::now() - begun_;
      end_.first_text_ms = static_cast<uint32_t>(
          std::max<int64_t>(1, std::chrono::duration_cast<milliseconds>(took).count()));
    }
    if (text.size() > kTextBytesMax - end_.reply.text.size()) {
      return Trouble{"too_large", Blame::kAnswer};
    }
    end_.reply.text += text;
    return {};
  }

  Problem Judge() const {
    if (Stopped()) return Trouble{"cancelled", Blame::kRequest};
    if (decoder_->finish() == Finish::kRefused) return Trouble{"refused", Blame::kAnswer};
    if (IsBlank(end_.reply.text) && end_.reply.calls.empty())
      return Trouble{"empty", Blame::kPassing};
    return {};
  }

  bool Stopped() const { return order_.stop.stop_requested(); }

  // An error status costs nothing, nor does a provider that was not reached. Else the request may
  // have been worked on, although nobody says so.
  Usage Cost() const {
    if (decoder_->usage_told()) return decoder_->usage();
    const auto failure = transfer_.failure();
    const bool unreached =
        failure == wire::HttpFailure::kUrl || failure == wire::HttpFailure::kResolve ||
        failure == wire::HttpFailure::kConnect || failure == wire::HttpFailure::kTls ||
        failure == wire::HttpFailure::kClosed;
    if (refused_status_ || (unreached && !answered_)) return {};
    Usage cost = decoder_->usage();
    cost.input_tokens = std::max(cost.input_tokens, InputTokensAtMost(order_.chat));
    if (!end_.reply.text.empty()) {
      cost.output_tokens = std::max(cost.output_tokens, TokensAtMost(end_.reply.text));
    }
    return cost;
  }

  const AttemptOrder& order_;
  wire::HttpTransfer transfer_;
  const Deadline begun_;
  std::unique_ptr<Decoder> decoder_;
  AttemptEnd end_;
  size_t told_ = 0;              // Bytes of the text.
  bool answered_ = false;        // With status 200.
  bool refused_status_ = false;  // With another one.
};

}  // namespace

Task<AttemptEnd> MakeAttempt(wire::HttpClient& http, const AttemptOrder& order) {
  const Provider& provider = order.provider;
  WireRequest wire_request = Encode(provider, order.model, order.chat);
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
  request.deadline = std::min(order.deadline, begun + provider.whole);
  request.plain_http_allowed = provider.plain_http;
  Run run(order, http.Begin(std::move(request), order.stop), begun);
  AttemptEnd end = co_await run.Go();
  end.hurried = end.trouble && IsOfTime(end.trouble->outcome) &&
                patience < std::min(kFairSilence, provider.bounds.first_byte);
  co_return end;
}

}  // namespace lyceum::llm
