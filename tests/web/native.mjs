// node --experimental-websocket native.mjs BASE FACT [WAY]: one fact about the native convention, against real programs.
// WAY, where a fact has several: socket, stream (fetch), eventsource.
import { Learner, Lesson, Refused, kBroken, kWhole, same, until } from "./client.mjs";
import { Cutter } from "./cutter.mjs";

const [base, fact, way = "socket"] = process.argv.slice(2);
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };

// What the tutor said, as the session remembers it.
async function remembered(learner) {
  return (await learner.view()).history.filter((entry) => entry.role === "tutor").map((entry) => entry.text);
}
const said = (lesson) =>
  lesson.messages.map((m) => m.text ?? m.question?.text ?? m.hint?.text ?? m.feedback?.text).filter((text) => text !== undefined);

async function agrees(lesson) {
  const wanted = await remembered(lesson.learner);
  same(said(lesson).filter(Boolean), wanted.filter(Boolean), "the transcript and the session");
}

// A lesson that has begun, and a question whose answer is being written. `read` ends with `lesson.enough`.
async function inMidAnswer(name, text = "why is it so?") {
  const lesson = new Lesson(new Learner(base, `${name}-${way}`), answers);
  lesson.deltas = [];
  lesson.retracts = 0;
  lesson.enough = () => false;
  const read = lesson.learner[way](0, (text) => {
    const { delta, retract } = JSON.parse(text);
    if (delta) lesson.deltas.push(delta.text);
    if (retract) ++lesson.retracts;
    return lesson.receive(text) && !lesson.enough();
  });
  const free = async () => {
    const view = await lesson.learner.view().catch(() => ({ busy: true }));
    return !view.busy && view.n === lesson.last;
  };
  await lesson.learner.post({ start: { course: "small" } });
  await until(free, "the start");
  lesson.deltas.length = 0;
  await lesson.learner.post({ message: { text, intent: "QUESTION" } });
  await until(() => lesson.deltas.length >= 2, "the first words");
  const before = wholes(lesson);
  return { lesson, read, free, answered: (other) => wholes(other) > before };
}
const wholes = (lesson) => lesson.messages.filter((message) => message.text === kWhole).length;

const facts = {
  async ATextThatIsTakenBack() {
    const { lesson, free } = await inMidAnswer("back");
    await until(free, "the answer");
    if (lesson.retracts === 0) throw new Error("nothing was taken back");
    const all = JSON.stringify(lesson.messages);
    if (all.includes(kBroken) || !all.includes(kWhole)) throw new Error(all);
    await agrees(lesson);
  },
  async ASecondTabInMidStream() {
    const { lesson, read, answered } = await inMidAnswer("tab");
    const second = new Lesson(lesson.learner, answers);
    const other = lesson.learner[way](0, (text) => second.receive(text) && !answered(second));
    lesson.enough = () => answered(lesson);
    await Promise.all([read, other]);
    same(second.messages, lesson.messages, "the second tab");
    await agrees(second);
  },
  async AReloadInMidStream() {
    const { lesson, read, answered } = await inMidAnswer("reload");
    lesson.enough = () => true; // The page goes away with the next frame.
    await read;
    const again = new Lesson(lesson.learner, answers);
    await again.learner[way](0, (text) => again.receive(text) && !answered(again));
    same(again.messages.slice(0, lesson.messages.length), lesson.messages, "what was there before");
    await agrees(again);
  },
  // cloudflare/agents #1233: the answer ends, and the next message is taken at once.
  async StopEndsWhatRuns() {
    const { lesson, read, free, answered } = await inMidAnswer("stop", "why does it stall?");
    const began = Date.now();
    await lesson.learner.post({ stop: {} });
    await until(free, "the end of the answer");
    const stopMs = Date.now() - began;
    if (stopMs > 1000) throw new Error(`stopped after ${stopMs} ms`);
    console.log(`${way}: stopped after ${stopMs} ms`);
    lesson.enough = () => answered(lesson);
    await lesson.learner.post({ message: { text: "why is it so?", intent: "QUESTION" } });
    await read;
    same(lesson.messages.filter((message) => message.text?.startsWith("Stopped.")).length, 1, "stopped");
    await agrees(lesson);
  },
  async AWholeLessonOverAWebSocket() {
    const lesson = new Lesson(new Learner(base, "socket"), answers);
    await lesson.speak(lesson.learner.socket(0, (text) => lesson.receive(text)));
    await agrees(lesson);
  },
  async AWholeLessonOverServerSentEvents() {
    const lesson = new Lesson(new Learner(base, "stream"), answers);
    await lesson.speak(lesson.learner.stream(0, (text) => lesson.receive(text)));
    await agrees(lesson);
  },
  // Its own way back: Last-Event-ID, after the time that the stream names.
  async AWholeLessonOverAnEventSourceThatIsCut() {
    const { EventSource } = await import("eventsource");
    const lesson = new Lesson(new Learner(base, "event-source"), answers);
    let connections = 0;
    const cutting = async (url, init) => {
      const answer = await fetch(url, { ...init, headers: { ...init.headers, ...(await lesson.learner.bearer()) } });
      if (++connections > 4) return answer;
      let left = 300 * connections;
      const cut = new TransformStream({
        transform(bytes, controller) {
          if ((left -= bytes.length) > 0) return controller.enqueue(bytes);
          controller.enqueue(bytes.slice(0, left + bytes.length));
          controller.error(new TypeError("network error"));
        },
      });
      return new Response(answer.body.pipeThrough(cut), { status: answer.status, headers: answer.headers });
    };
    const source = new EventSource(`${base}/v1/sessions/me/events`, { fetch: cutting });
    const read = new Promise((resolve, reject) => {
      source.onmessage = (event) => {
        try {
          if (!lesson.receive(event.data)) resolve();
        } catch (error) {
          reject(error);
        }
      };
    });
    await lesson.speak(read);
    source.close();
    await agrees(lesson);
    if (connections < 5) throw new Error(`only ${connections} connections`);
  },
  // agent-framework #7230 and recoupable/app #1924: the session goes on, the rest comes on reconnect.
  async ASocketCutAfterEachFrameLosesNothing() {
    for (const way of ["socket", "stream"]) {
      const lesson = new Lesson(new Learner(base, `cut-${way}`), answers);
      let cuts = 0;
      while (!lesson.over) {
        let seen = 0;
        // The first message of the session that is new, and whatever came before it.
        const read = lesson.learner[way](lesson.last, (text) => lesson.receive(text) && !(JSON.parse(text).n && ++seen === 1));
        await lesson.speak(read);
        if (++cuts > 200) throw new Error("no end");
      }
      await agrees(lesson);
      if (cuts < 8) throw new Error(`only ${cuts} cuts`);
      console.log(`${way}: ${cuts} cuts, ${lesson.messages.length} messages`);
    }
  },
  // Also after the frames that are no message; and each second event's answer is lost on the way.
  async ALessonCutAtEachFrame() {
    const cutter = await Cutter.before(base);
    const lesson = new Lesson(new Learner(cutter.base, `frames-${way}`), answers);
    const cutAfter = new Set();
    const first = way === "socket" ? 1 : 2; // Frames before the first message: `resumed`, and a stream's `retry`.
    cutter.limit = (before) => {
      cutAfter.add(lesson.last);
      cutter.losing = before % 2;
      // An EventSource waits a second before it comes again.
      if (way === "eventsource" && before > first) return first + 1;
      return before % (first + 1) + 1;
    };
    while (!lesson.over) {
      await lesson.speak(lesson.learner[way](lesson.last, (text) => lesson.receive(text)));
      if (cutter.streams > 300) throw new Error("no end");
    }
    await agrees(lesson);
    const uncut = lesson.messages.map((message) => message.n).filter((n) => n < lesson.last && !cutAfter.has(n));
    same(uncut, [], "messages after which nothing was cut");
    console.log(`${way}: ${cutter.streams} connections, ${lesson.messages.length} messages`);
  },
  async TwoTabsSeeTheSame() {
    const first = new Lesson(new Learner(base, "tabs"), answers);
    const second = new Lesson(first.learner, answers);
    const other = first.learner.socket(0, (text) => second.receive(text));
    await first.speak(first.learner.socket(0, (text) => first.receive(text)));
    await other;
    same(second.messages, first.messages, "the second tab");
  },
  async AReloadSeesTheWholeConversationAgain() {
    const first = new Lesson(new Learner(base, "reload"), answers);
    await first.speak(first.learner.socket(0, (text) => first.receive(text)));
    const again = new Lesson(first.learner, answers);
    await first.learner.socket(0, (text) => again.receive(text));
    same(again.messages, first.messages, "after a reload");
  },
  // agent-framework #8140
  async TheSameEventAgainChangesNothing() {
    const learner = new Learner(base, "twice");
    await learner.post({ start: { course: "small" } }, "start-1");
    for (let i = 0; i < 3; ++i) await learner.post({ message: { text: "why?", intent: "QUESTION" } }, "q-1");
    let view;
    for (let tries = 0; tries < 200; ++tries) {
      view = await learner.view().catch((error) => {
        if (!(error instanceof Refused)) throw error;
        return { busy: true, history: [] };
      });
      if (!view.busy && view.history.some((entry) => entry.text === "why?")) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    same(view.history.filter((entry) => entry.role === "learner").length, 1, "learner's entries");
  },
  async ATicketOpensOneSocket() {
    const learner = new Learner(base, "ticket");
    const { ticket } = await learner.call("POST", "/v1/tickets", undefined, await learner.bearer());
    const open = () => fetch(`${base}/v1/sessions/me/events?ticket=${ticket}`);
    const first = await open();
    same(first.status, 200, "first");
    same((await open()).status, 401, "second");
    await first.body.cancel();
  },
};

await facts[fact]();
process.exit(0);
