// The explaining tools of the built-in tutor: clarify, remediate, diagnose, hint.
#pragma once

#include "tools/topic_view.h"
#include "tutor/call.h"

namespace lyceum::tools {

tutor::ClarifyConceptOk Clarify(const TopicView& view, const tutor::ClarifyConceptArgs& args);
tutor::GiveHintOk GiveHint(const TopicView& view, const tutor::GiveHintArgs& args);
tutor::RemediateKnownErrorOk Remediate(const TopicView& view,
                                       const tutor::RemediateKnownErrorArgs& args);

}  // namespace lyceum::tools
