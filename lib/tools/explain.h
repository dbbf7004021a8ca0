// The explaining tools of the built-in tutor: clarify (clarify.cc), remediate, hint.
#pragma once

#include <functional>
#include <vector>

#include "tools/topic_view.h"
#include "tutor/call.h"

namespace lyceum::tools {

// The other topics of the course, in the order in which they are looked through; asked for only
// where this one does not do.
using OtherTopics = std::function<std::vector<TopicView>()>;

// A passage that says what is asked about, of this topic before others; that it is what the open
// question asks, or that the passage would give its answer away, with a hint; what was said a moment
// ago; or that the course does not say it.
tutor::ClarifyConceptOk Clarify(const TopicView& view, const tutor::ClarifyConceptArgs& args,
                                const OtherTopics& others = {});
tutor::GiveHintOk GiveHint(const TopicView& view, const tutor::GiveHintArgs& args);
tutor::RemediateKnownErrorOk Remediate(const TopicView& view,
                                       const tutor::RemediateKnownErrorArgs& args);

}  // namespace lyceum::tools
