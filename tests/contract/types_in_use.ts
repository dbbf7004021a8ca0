// The types of docs/schema as a program uses them: it compiles, and what is wrong does not.
import type { ClientMessage, LearnerEvent, OperatorEvent, ToolEvent, ToolHeartbeat } from "../../docs/schema/lyceum.v1";

export const start: LearnerEvent = { id: "1", client: "c", start: { course: "fractions", busy_policy: "defer" } };
export const answer: LearnerEvent = { id: "2", client: "c", message: { text: "3/4", intent: "ANSWER" } };
export const skip: OperatorEvent = { id: "3", force_skip: {} };
export const result: ToolEvent = {
  id: "r",
  tool_result: { id: "r", tool: "clarify_concept", ok: { clarify_concept: { text: "Well.", on_topic: true } } },
};
export const beat: ToolHeartbeat = { worker: "w", tools: ["clarify_concept"], slots: 4, free: 4 };

// @ts-expect-error: two kinds.
export const two: LearnerEvent = { id: "4", client: "c", hint: {}, skip: {} };
// @ts-expect-error: of another class.
export const other: LearnerEvent = { id: "5", client: "c", force_skip: {} };
// @ts-expect-error: a word that is none.
export const word: LearnerEvent = { id: "6", client: "c", start: { course: "fractions", busy_policy: "whatever" } };

export function shown(message: ClientMessage): string {
  if (message.question) return message.question.text + (message.question.choices ?? []).join();
  if (message.feedback?.verdict === "correct") return "well done";
  if (message.wait) return message.wait.kept ? `number ${message.wait.place ?? 0}` : "not kept";
  return message.text ?? message.error?.code ?? "";
}
