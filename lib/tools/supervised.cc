#include "tools/supervised.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lyceum::tools {
namespace {

using tutor::Tool;

struct Boxes {
  Toolbox box;
  Toolbox built_in;
};

// As the session puts them together.
std::string Joined(const std::string& text, const std::string& probe) {
  return text.empty() || probe.empty() ? text + probe : text + "\n\n" + probe;
}

struct TextOf {
  std::string operator()(const tutor::PresentMaterialOk& ok) const { return ok.text; }
  std::string operator()(const tutor::ClarifyConceptOk& ok) const {
    return ok.reveals_answer ? std::string() : ok.text;
  }
  std::string operator()(const tutor::GiveHintOk& ok) const { return ok.text; }
  std::string operator()(const tutor::RemediateKnownErrorOk& ok) const {
    return ok.reveals_answer ? std::string() : Joined(ok.text, ok.probe);
  }
  std::string operator()(const tutor::DiagnoseErrorOk& ok) const {
    return Joined(ok.text, ok.probe);
  }
  std::string operator()(const auto&) const { return {}; }
};

Task<ToolAnswer> Supervised(const Boxes& boxes, const ToolCall& call) {
  ToolCall silent = call;
  silent.stream = nullptr;
  ToolAnswer answer = co_await boxes.box.Start(silent);
  if (std::holds_alternative<tutor::ToolError>(answer.outcome)) co_return answer;
  if (answer.model.empty()) {
    answer.authored = std::visit(TextOf{}, answer.outcome);
  } else {
    const ToolAnswer plain = co_await boxes.built_in.Start(silent);
    answer.authored = std::visit(TextOf{}, plain.outcome);
  }
  co_return answer;
}

}  // namespace

Toolbox WithAuthored(Toolbox box, Toolbox built_in) {
  const auto boxes = std::make_shared<const Boxes>(Boxes{box, std::move(built_in)});
  for (const Tool tool : {Tool::kPresentMaterial, Tool::kClarifyConcept, Tool::kGiveHint,
                          Tool::kRemediateKnownError, Tool::kDiagnoseError}) {
    if (!boxes->box.Has(tool) || !boxes->built_in.Has(tool)) continue;
    box.AddTask(tool, [boxes](const ToolCall& call) {
      const bool supervised = call.request.context.supervision != tutor::Supervision::kNone;
      if (!supervised) return boxes->box.Start(call);
      return Supervised(*boxes, call);
    });
  }
  return box;
}

}  // namespace lyceum::tools
