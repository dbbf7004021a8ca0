#include "gateway/answer_writer.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/overloaded.h"

namespace lyceum::gateway {
namespace {

constexpr size_t kSaidBytesMax = 64 * 1024;

// A question as a person reads it.
std::string QuestionText(const tutor::QuestionView& question) {
  std::string text = question.text;
  for (size_t i = 0; i < question.choices.size(); ++i) {
    text += i == 0 ? "\n\n" : "\n";
    text.append("- ").append(question.choices[i]);
  }
  return text;
}

}  // namespace

void AnswerWriter::WriteData(std::string_view text) {
  if (!ended_) out_.append("data: ").append(text).append("\n\n");
}

std::string AnswerWriter::Take() { return std::exchange(out_, std::string()); }

void AnswerWriter::Drop() {
  if (!speaking_) return;
  const std::string id = std::move(speaking_->id);
  speaking_.reset();
  TakeBack(id);
}

std::string AnswerWriter::AddText(std::string_view id, std::string_view text) {
  if (speaking_ && !speaking_->broken &&
      text.substr(0, speaking_->said.size()) == speaking_->said) {
    const std::string_view rest = text.substr(speaking_->said.size());
    std::string spoken = std::move(speaking_->id);
    speaking_.reset();
    if (!rest.empty()) TextDelta(spoken, rest);
    CloseText(spoken);
    return spoken;
  }
  Drop();
  if (text.empty()) return {};
  OpenText(id);
  TextDelta(id, text);
  CloseText(id);
  return std::string(id);
}

void AnswerWriter::AddDelta(const envelope::ReceivedMessage& delta) {
  if (!streams_ || ended_) return;
  if (speaking_ && speaking_->request == delta.request_id && delta.attempt < speaking_->attempt)
    return;
  if (!speaking_ || speaking_->request != delta.request_id || speaking_->attempt != delta.attempt) {
    Drop();
    if (delta.offset != 0) return;  // Its beginning is not known: the final text says all.
    BeforeSpeaking();
    speaking_ = Speaking{delta.request_id, delta.attempt, SpokenId(delta.request_id, delta.attempt),
                         "", false};
    OpenText(speaking_->id);
  }
  Speaking& now = *speaking_;
  if (now.broken) return;
  if (delta.offset > now.said.size() || now.said.size() > kSaidBytesMax) {
    now.broken = true;
    return;
  }
  const size_t known = now.said.size() - delta.offset;
  if (known >= delta.delta_text.size()) return;
  const std::string_view fresh = std::string_view(delta.delta_text).substr(known);
  TextDelta(now.id, fresh);
  now.said += fresh;
}

void AnswerWriter::Retract(const envelope::ReceivedMessage& retract) {
  if (!speaking_ || speaking_->request != retract.request_id) return;
  if (retract.attempt != 0 && speaking_->attempt > retract.attempt) return;
  Drop();
}

std::string ShownText(const tutor::Body& body) {
  return std::visit(
      Overloaded{[](const tutor::TextOut& text) { return text.text; },
                 [](const tutor::FeedbackOut& feedback) { return feedback.text; },
                 [](const tutor::HintOut& hint) { return hint.text; },
                 [](const tutor::QuestionOut& question) { return QuestionText(question.question); },
                 [](const auto&) { return std::string(); }},
      body);
}

std::string PartOf(std::string_view text, const char* name) {
  const auto whole = nlohmann::json::parse(text, nullptr, false);
  return whole.is_object() && whole.contains(name) ? whole[name].dump() : std::string("{}");
}

}  // namespace lyceum::gateway
