// The way through a topic: load it, present its material, pose its questions, close them, go on.
// SET and ADVANCE of table A are SetQuestion and GoOn here.
#pragma once

#include <string_view>

#include "tutor/step.h"

namespace lyceum::tutor {

// Asks for a topic's content; empty: the course's first. Leads to exposition.
void LoadTopic(Step& step, const TopicId& topic);
// The content is there (not null): from its first segment, or its first question where it has no
// material.
void OpenTopic(Step& step, const LoadTopicOk& loaded);

// Where the learner stands in the topic. Empty: none is loaded.
std::optional<ProgressOut> ProgressOf(const Session& session);

// The next segment; after the last, the first question; without content, its load.
void NextSegment(Step& step);
void ShowSegment(Step& step, uint32_t segment, std::string_view text);

// SET: poses the next question of the queue, or asks for one to be made, or the topic is done.
void SetQuestion(Step& step);
void Pose(Step& step);  // Says the open question (again) and waits for its answer.
void ShowHint(Step& step, uint32_t level, std::string_view text);
void ShowSolution(Step& step);

enum class Closing { kCorrect, kIncorrect, kSkipped, kUncounted };
// Closes the open question, if there is one.
void CloseQuestion(Step& step, Closing closing);
// ADVANCE, once the question is closed.
void GoOn(Step& step);
// The topic is over, by its gate, its last question, or because it was given up.
void FinishTopic(Step& step);

void Complete(Step& step);
void EmitSummary(Step& step);

}  // namespace lyceum::tutor
