#include "support/planted_core.h"

namespace lyceum::test {

void AdvancePlanted(std::optional<tutor::Session>* session, const UserId& user,
                    const tutor::Event& event, const tutor::LogPosition& position,
                    tutor::Effects* effects) noexcept {
  tutor::Advance(session, user, event, position, effects);
  if (position.fold_version < kPlantedFoldVersion) return;
  for (tutor::Effect& effect : *effects) {
    auto* emit = std::get_if<tutor::EmitMessage>(&effect);
    if (emit == nullptr) continue;
    auto* text = std::get_if<tutor::TextOut>(&emit->message.body);
    if (text == nullptr) continue;
    text->text += " (planted)";
    ++(*session)->counters.degraded;
  }
}

}  // namespace lyceum::test
