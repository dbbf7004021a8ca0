// node ag_ui.mjs BASE FACT [PACKAGE]: one fact about AG-UI, with the real client (@ag-ui/client 1.0.0 as `ag-ui`, or 0.0.59 as
// `ag-ui-0`), against real programs. Each event is checked with the schemas of @ag-ui/core, and each stream with verifyEvents.
import { randomUUID } from "node:crypto";
import { from, lastValueFrom, toArray } from "rxjs";
import { Learner, kBroken, kWhole, same, shown, until, withoutStops } from "./client.mjs";

const [base, fact, name = "ag-ui"] = process.argv.slice(2);
const { HttpAgent, verifyEvents } = await import(name);
const schema = name === "ag-ui" ? (await import("ag-ui-core/schemas")).EventSchema : (await import("ag-ui-core-0")).EventSchemas;
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };
const kLabels = ["start", "go on", "stop"];
console.error = () => {}; // The client says there what it throws as well.
// It throws a broken connection once more, where nobody can catch it.
process.on("unhandledRejection", (error) => {
  if (error.message !== "network error" && error.name !== "AbortError") throw error;
});

const seen = []; // All events that came.
const ours = (message) => message.id.startsWith("lyceum-");
const framesOf = (text) => text.split("\n\n").filter((frame) => frame.startsWith("data: ")).map((frame) => JSON.parse(frame.slice(6)));

// What came in one body: each event good by itself, all of them in a good order; and that they end, where nothing was cut.
async function check(text, whole) {
  const events = framesOf(text);
  seen.push(...events);
  for (const event of events) {
    const { success, error } = schema.safeParse(event);
    if (!success) throw new Error(`${JSON.stringify(event)}: ${error}`);
    if (name !== "ag-ui" && (event.protocolVersion ?? event.outcome)) throw new Error(`new in 1.0: ${JSON.stringify(event)}`);
  }
  await lastValueFrom(from(events).pipe(verifyEvents(false), toArray()));
  if (!whole) return;
  if (events[0]?.type !== "RUN_STARTED") throw new Error(`begins with ${events[0]?.type}`);
  if (!["RUN_FINISHED", "RUN_ERROR"].includes(events.at(-1).type)) throw new Error(`ends with ${events.at(-1).type}`);
}

class Tutor extends HttpAgent {
  constructor(learner, threadId = "me") {
    const bodies = [];
    let cutAt = Infinity;
    super({ url: `${base}/v1/ag-ui`, threadId, fetch: (url, init) => this.watched(url, init) });
    Object.assign(this, { learner, bodies, cutAt, checks: [] });
  }
  // Each body is kept, and broken off after `cutAt` frames.
  async watched(url, init) {
    const answer = await fetch(url, { ...init, headers: { ...init.headers, ...(await this.learner.bearer()) } });
    if (!answer.ok || !answer.body) return answer;
    if (this.cutAt === 0) {
      await answer.body.cancel();
      throw new TypeError("network error");
    }
    const decoder = new TextDecoder();
    let text = "";
    let passed = 0;
    let left = this.cutAt;
    const watch = new TransformStream({
      transform: (bytes, controller) => {
        text += decoder.decode(bytes, { stream: true });
        for (let end; left > 0 && (end = text.indexOf("\n\n", passed)) !== -1; --left) {
          controller.enqueue(new TextEncoder().encode(text.slice(passed, end + 2)));
          passed = end + 2;
        }
        if (left > 0) return;
        this.checks.push(check(text.slice(0, passed), false));
        controller.error(new TypeError("network error"));
      },
      flush: () => void this.checks.push(check(text, true)),
    });
    return new Response(answer.body.pipeThrough(watch), { status: answer.status, headers: answer.headers });
  }
  async go(forwardedProps = {}) {
    await this.runAgent({ forwardedProps });
    await Promise.all(this.checks.splice(0));
  }
  // Runs again until it comes through, each time with one frame more.
  async say(text, lyceum, cutting = false) {
    this.addMessage({ id: randomUUID(), role: "user", content: text });
    for (let cuts = 0; ; ++cuts) {
      this.cutAt = cutting ? cuts : Infinity;
      try {
        await this.go(lyceum && !ours(this.messages.at(-1)) ? { lyceum } : {});
        return cuts;
      } catch (error) {
        if (/as many connections|Too many events/.test(error.message)) --cuts; // The gateway has not seen the last cut yet.
        else if (!/network error/.test(error.message) || cuts === 200) throw error;
        await Promise.all(this.checks.splice(0));
      }
    }
  }
  texts(role = "assistant") {
    return this.messages.filter((message) => message.role === role).map((message) => message.content);
  }
}
async function wholeLesson(tutor, cutting, beside = async () => {}) {
  let cuts = await tutor.say("start", { start: { course: "small", busy_policy: "defer" } }, cutting);
  for (let steps = 0; steps < 30; ++steps) {
    if (tutor.state.state === "completed") return cuts;
    const question = tutor.state.state === "awaiting_answer" && tutor.state.current_question.question;
    const step = question ? tutor.say(answers[question.text], undefined, cutting) : tutor.say("go on", { continue: {} }, cutting);
    [cuts] = [cuts + (await step), await beside()];
  }
  throw new Error("the lesson does not end");
}
// The client's transcript is the session's; and so is that of a client which has lost its own.
async function agrees(tutor) {
  same(tutor.texts(), await shown(tutor.learner), "the client's transcript");
  const reloaded = new Tutor(tutor.learner);
  await reloaded.go();
  const said = (agent) => agent.messages.filter((m) => !kLabels.includes(m.content)).map((m) => [m.role, m.content]);
  same(said(reloaded), said(tutor), "after a reload");
}

// A lesson that has begun, and a question whose answer is being written.
async function inMidAnswer(name) {
  const tutor = new Tutor(new Learner(base, name));
  await tutor.say("start", { start: { course: "small" } });
  seen.length = 0;
  const going = tutor.say("why is it so?", { message: { text: "why is it so?", intent: "QUESTION" } });
  await until(async () => (await tutor.learner.view()).busy, "the answer begins");
  return { tutor, going };
}

const facts = {
  async ATextThatIsTakenBack() {
    const { tutor, going } = await inMidAnswer(`back-${name}`);
    await going;
    const taken = seen.findIndex((event, i) => event.type === "MESSAGES_SNAPSHOT" && seen.slice(0, i).some((one) => one.type === "TEXT_MESSAGE_END"));
    if (taken === -1) throw new Error("nothing was taken back");
    const all = JSON.stringify(tutor.messages);
    if (all.includes(kBroken) || !all.includes(kWhole)) throw new Error(all);
    await agrees(tutor);
  },
  async ASecondTabInMidStream() {
    const { tutor, going } = await inMidAnswer(`tab-${name}`);
    const second = new Tutor(tutor.learner);
    await second.go();
    await going;
    same(second.texts(), tutor.texts(), "the second tab");
    await agrees(tutor);
  },
  async StopEndsWhatRuns() {
    const { tutor, going } = await inMidAnswer(`stop-${name}`);
    tutor.abortRun();
    await going.catch(() => {});
    await tutor.go(); // What was missed until then; it still runs, and is stopped from another tab.
    same(tutor.texts(), await shown(tutor.learner), "an aborted run cancels nothing");
    const next = tutor.say("why does it stall?", { message: { text: "why does it stall?", intent: "QUESTION" } });
    await until(async () => (await tutor.learner.view()).busy, "the answer begins");
    const began = Date.now();
    const other = new Tutor(tutor.learner);
    await other.say("stop", { stop: {} });
    await next;
    const stopMs = Date.now() - began;
    if (!other.texts().at(-1).startsWith("Stopped.")) throw new Error(JSON.stringify(other.messages));
    await tutor.say("why is it so?", { message: { text: "why is it so?", intent: "QUESTION" } });
    same(tutor.texts().at(-1), kWhole, "the next answer");
    same(tutor.texts(), withoutStops(await shown(tutor.learner)), "the client's transcript");
    const third = new Tutor(tutor.learner);
    await third.go();
    same(third.texts(), await shown(tutor.learner), "another tab");
    if (stopMs > 1500) throw new Error(`stopped after ${stopMs} ms`);
    console.log(`stopped after ${stopMs} ms`);
  },
  async AWholeLesson() {
    const tutor = new Tutor(new Learner(base, `lesson-${name}`));
    await wholeLesson(tutor, false);
    await agrees(tutor);
  },
  // vercel/ai #18457 and recoupable/app #1924
  async ALessonCutAtEachFrame() {
    const tutor = new Tutor(new Learner(base, `cut-${name}`));
    const cuts = await wholeLesson(tutor, true);
    await agrees(tutor);
    if (cuts < 30) throw new Error(`only ${cuts} cuts`);
    console.log(`${cuts} cuts, ${tutor.messages.length} messages`);
  },
  async TwoTabsSeeTheSame() {
    const tutor = new Tutor(new Learner(base, `tabs-${name}`));
    const other = new Tutor(tutor.learner);
    await wholeLesson(tutor, false, () => other.go());
    await other.go();
    same(other.texts(), tutor.texts(), "the other tab");
    await agrees(tutor);
  },
  async AReloadInMidStreamSeesTheWholeAnswer() {
    const tutor = new Tutor(new Learner(base, `reload-${name}`));
    await tutor.say("start", { start: { course: "small" } });
    for (let frames = 1; frames < 6; ++frames) {
      tutor.addMessage({ id: randomUUID(), role: "user", content: "why is it so?" });
      tutor.cutAt = frames;
      await tutor.go().catch((error) => {
        if (!/network error/.test(error.message)) throw error;
      });
      // Cut that early, the question may still be on its way.
      const asked = async () => (await tutor.learner.view()).history.filter((entry) => entry.role === "learner").length;
      await until(async () => (await asked()) >= frames, "the question is part of the session");
      const reloaded = new Tutor(tutor.learner);
      await reloaded.go();
      same(reloaded.texts(), await shown(tutor.learner), `after ${frames} frames`);
    }
  },
  // ag-ui #2817: a client that lost its transcript
  async AKnownThreadWithoutMessagesChangesNothing() {
    const tutor = new Tutor(new Learner(base, `lost-${name}`));
    await tutor.say("start", { start: { course: "small" } });
    await tutor.say("why is it so?");
    const before = await tutor.learner.view();
    const lost = new Tutor(tutor.learner);
    await lost.go();
    same(lost.texts(), tutor.texts(), "what was said");
    same(lost.state.state, before.state, "state");
    same({ ...(await tutor.learner.view()), at: before.at }, before, "the session");
  },
  // agent-framework #8140
  async TheSameTranscriptAgainIsOneRecord() {
    const tutor = new Tutor(new Learner(base, `again-${name}`));
    await tutor.say("start", { start: { course: "small" } });
    await tutor.say("why is it so?");
    const said = tutor.texts();
    for (let i = 0; i < 3; ++i) {
      tutor.setMessages(tutor.messages.slice(0, tutor.messages.findLastIndex((message) => message.role === "user") + 1));
      await tutor.go();
      same(tutor.texts(), said, "the answer");
    }
    same((await tutor.learner.view()).history.filter((entry) => entry.role === "learner").length, 1, "learner's entries");
  },
  async ARefusalIsASentence() {
    const tutor = new Tutor(new Learner(base, "somebody"), "somebody-else");
    const error = await tutor.say("hello").then(() => undefined, (error) => error);
    if (!/There is no such session/.test(error?.message)) throw new Error(`${error?.message}`);
  },
};

await facts[fact]();
process.exit(0);
