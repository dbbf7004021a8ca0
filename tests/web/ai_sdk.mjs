// node ai_sdk.mjs BASE FACT [PACKAGE]: one fact about the AI SDK's convention, with the real client (`ai` 7, or the
// package named: ai-6, ai-5), against real programs. What is driven is the class behind useChat.
import { Learner, kBroken, kWhole, same, shown, until, withoutStops } from "./client.mjs";
import { Cutter } from "./cutter.mjs";

const [base, fact, name = "ai"] = process.argv.slice(2);
const { AbstractChat, DefaultChatTransport } = await import(name);
const path = name === "ai" ? "/api/chat" : "/api/v6/chat";
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };

class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => void (this.messages = [...this.messages, message]);
  popMessage = () => void (this.messages = this.messages.slice(0, -1));
  replaceMessage = (index, message) => void (this.messages = this.messages.map((old, i) => (i === index ? structuredClone(message) : old)));
  snapshot = (thing) => structuredClone(thing);
}
class Chat extends AbstractChat {
  constructor(learner, more = {}) {
    super({
      id: learner.learner,
      state: new State(),
      transport: new DefaultChatTransport({ api: learner.base + path, headers: () => learner.bearer(), fetch: more.fetch }),
      onError: (error) => this.errors.push(error),
    });
    this.errors = [];
  }
  async say(text, lyceum) {
    await this.sendMessage({ text }, lyceum && { body: { lyceum } });
    return this.lastMessage;
  }
}
const parts = (message, type) => message.parts.filter((part) => part.type === type);
const texts = (chat) => chat.messages.filter((m) => m.role === "assistant").flatMap((m) => parts(m, "text")).map((p) => p.text);

async function wholeLesson(chat, say = (...what) => chat.say(...what)) {
  let said = await say("start", { start: { course: "small", busy_policy: "defer" } });
  for (let steps = 0; steps < 30; ++steps) {
    if (chat.errors.length) throw chat.errors[0];
    if (parts(said, "data-lyceum-completed").length) return;
    const question = parts(said, "data-lyceum-question").at(-1)?.data;
    said = question ? await say(answers[question.text]) : await say("go on", { continue: {} });
  }
  throw new Error("the lesson does not end");
}

// Keeps what came in a stream, as it was written.
const keeping = (into) => async (url, init) => {
  const answer = await fetch(url, init);
  if (!answer.body) return answer;
  const [body, copy] = answer.body.tee();
  into.push(new Response(copy).text().catch(() => ""));
  return new Response(body, { status: answer.status, headers: answer.headers });
};
// A lesson that has begun, and a question whose answer is being written.
async function inMidAnswer(name, more = {}, text = "why is it so?") {
  const learner = new Learner(base, name);
  const chat = new Chat(learner, more);
  await chat.say("start", { start: { course: "small" } });
  const message = { text, intent: "QUESTION" };
  const going = chat.say(text, { message });
  await until(async () => (await learner.view()).busy, "the answer begins");
  return { learner, chat, going };
}
// The answer that is on its way. A client before 7 asks for it again where it has ended meanwhile.
async function rejoin(chat) {
  await chat.resumeStream();
  if (name !== "ai" && chat.lastMessage.role === "user") await chat.regenerate({ body: { lyceum: { message: { text: "why is it so?", intent: "QUESTION" } } } });
}
// What a page has kept of its conversation when it is loaded again: without the answer that was not there yet.
const kept = (chat) => structuredClone(chat.messages.slice(0, chat.messages.findLastIndex((m) => m.role === "user") + 1));

const facts = {
  async ATextThatIsTakenBack() {
    const bodies = [];
    const { learner, chat, going } = await inMidAnswer(`back-${name}`, { fetch: keeping(bodies) });
    await going;
    same(chat.errors.map((error) => error.message), [], "errors");
    same(texts(chat), await shown(learner), "the client's transcript");
    const all = JSON.stringify(texts(chat));
    if (all.includes(kBroken) || !all.includes(kWhole)) throw new Error(all);
    const sent = (await Promise.all(bodies)).join("");
    same(sent.includes('"type":"reset-step"'), name === "ai", "a text was taken back");
    same(sent.includes(kBroken.slice(0, 5)), name === "ai", "something of it was sent");
  },
  async ASecondTabInMidStream() {
    const { learner, chat, going } = await inMidAnswer(`tab-${name}`);
    const second = new Chat(learner);
    second.messages = kept(chat);
    await rejoin(second);
    await going;
    same([...chat.errors, ...second.errors].map((error) => error.message), [], "errors");
    same(texts(second), texts(chat), "the second tab");
    same(second.messages.map((m) => m.id), chat.messages.map((m) => m.id), "ids");
    same(texts(chat), await shown(learner), "the client's transcript");
  },
  async AReloadInMidStream() {
    const { learner, chat } = await inMidAnswer(`reload-${name}`);
    const reloaded = new Chat(learner);
    reloaded.messages = kept(chat);
    await chat.stop(); // The page is gone, and its socket.
    await rejoin(reloaded);
    same(reloaded.errors.map((error) => error.message), [], "errors");
    same(texts(reloaded), await shown(learner), "after the reload");
  },
  // cloudflare/agents #1233: the answer ends, and the next message is taken at once.
  async StopEndsWhatRuns() {
    const { learner, chat, going } = await inMidAnswer(`stop-${name}`, {}, "why does it stall?");
    const began = Date.now();
    await learner.call("POST", `${path}/me/stop`, undefined, await learner.bearer());
    await going;
    const stopMs = Date.now() - began;
    same(chat.errors.map((error) => error.message), [], "errors");
    if (name === "ai") {
      await chat.resumeStream();
      same(texts(chat), await shown(learner), "with what is said to the stop");
    }
    await chat.say("why is it so?", { message: { text: "why is it so?", intent: "QUESTION" } });
    same(parts(chat.lastMessage, "text").at(-1).text, kWhole, "the next answer");
    same(withoutStops(texts(chat)), withoutStops(await shown(learner)), "the client's transcript");
    if (stopMs > 1500) throw new Error(`stopped after ${stopMs} ms`);
    console.log(`stopped after ${stopMs} ms`);
  },
  // Each answer is cut before its first frame, then each time one frame later, until it comes through. A client of 7 resumes it;
  // one before asks for it again.
  async ALessonCutAtEachFrame() {
    const cutter = await Cutter.before(base);
    const chat = new Chat(new Learner(cutter.base, `frames-${name}`));
    let cuts = 0;
    const whole = () => chat.errors.length === 0 && chat.lastMessage?.id === `m-${chat.messages.findLast((m) => m.role === "user").id}`;
    const say = async (text, lyceum) => {
      let frames = 0;
      cutter.limit = () => frames;
      await chat.say(text, lyceum);
      for (let tries = 0; !whole(); ++tries) {
        if (tries === 300) throw new Error(`not answered: ${JSON.stringify(chat.messages)} ${chat.errors}`);
        const broken = chat.errors.splice(0);
        const later = broken.some((error) => /as many connections|Too many events/.test(error.message));
        for (const error of broken) if (!later && !/network|fetch|terminated/.test(error.message)) throw error;
        if (later || broken.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        else [frames, cuts] = [frames + 1, cuts + 1];
        if (name === "ai") await chat.resumeStream();
        else await chat.regenerate(lyceum && { body: { lyceum } });
      }
      return chat.lastMessage;
    };
    await wholeLesson(chat, say);
    const ids = chat.messages.map((m) => m.id);
    same(new Set(ids).size, ids.length, "ids");
    same(texts(chat), await shown(new Learner(base, `frames-${name}`)), "the client's transcript");
    if (cuts < 30) throw new Error(`only ${cuts} cuts`);
    console.log(`${cuts} cuts, ${chat.messages.length} messages`);
  },
  async AWholeLesson() {
    const learner = new Learner(base, `lesson-${name}`);
    const chat = new Chat(learner);
    await wholeLesson(chat);
    same(texts(chat), await shown(learner), "the client's transcript");
  },
  // vercel/ai #18457 and recoupable/app #1924: the answer is there once, and whole, wherever it was cut.
  async AReconnectAtAnyByteShowsTheAnswerOnce() {
    let cutAt = Infinity;
    const cutting = async (url, init) => {
      const answer = await fetch(url, init);
      if (cutAt === Infinity || init.method !== "POST" || !answer.body) return answer;
      let left = cutAt;
      const cut = new TransformStream({
        transform(bytes, controller) {
          if (left > 0) controller.enqueue(bytes.slice(0, left));
          left -= bytes.length;
          if (left <= 0) controller.error(new TypeError("network error"));
        },
      });
      return new Response(answer.body.pipeThrough(cut), { status: answer.status, headers: answer.headers });
    };
    // One learner for so many cuts: a session keeps its last 256 messages.
    const cutsOf = async (learner, from, to) => {
      cutAt = Infinity;
      const chat = new Chat(learner, { fetch: cutting });
      await chat.say("start", { start: { course: "small" } });
      const whole = await chat.say("why is it so?");
      const text = parts(whole, "text").map((p) => p.text);
      if (text.length === 0) throw new Error("no answer");
      for (cutAt = from; cutAt < to; ++cutAt) {
        await chat.say("why is it so?");
        if (chat.errors.length === 0) break; // That was all of it.
        if (!/network/.test(chat.errors[0].message)) throw chat.errors[0];
        chat.errors.length = 0;
        for (let tries = 0; tries < 50; ++tries) {
          await chat.resumeStream();
          if (chat.errors.length) throw chat.errors[0];
          if (chat.lastMessage.role === "assistant") break;
        }
        same(parts(chat.lastMessage, "text").map((p) => p.text), text, `cut after ${cutAt} bytes`);
        const ids = chat.messages.map((m) => m.id);
        same(new Set(ids).size, ids.length, "ids");
        same(chat.messages.filter((m) => m.role === "user").length, chat.messages.filter((m) => m.role === "assistant").length, "one answer each");
      }
      const cuts = cutAt - from;
      same(texts(chat), await shown(learner), "the client's transcript");
      return cuts;
    };
    const kEach = 100;
    let cuts = 0;
    for (let from = 1, more; (more = await cutsOf(new Learner(base, `cut-${from}`), from, from + kEach)) > 0; from += more) {
      cuts += more;
      if (more < kEach) break;
    }
    if (cuts < 300) throw new Error(`only ${cuts} cuts`);
    console.log(`cut after each of ${cuts} bytes`);
  },
  async TheSameMessageAgainIsAnsweredAsBefore() {
    const learner = new Learner(base, "again");
    const chat = new Chat(learner);
    await chat.say("start", { start: { course: "small" } });
    const first = structuredClone(await chat.say("why is it so?"));
    await chat.regenerate();
    same(chat.lastMessage.parts, first.parts, "the answer");
    same((await learner.view()).history.filter((entry) => entry.role === "learner").length, 1, "learner's entries");
  },
  // agent-framework #7230: a closed socket is no cancel.
  async StoppingInTheClientCancelsNothing() {
    const learner = new Learner(base, "stop");
    const chat = new Chat(learner);
    await chat.say("start", { start: { course: "small" } });
    const going = chat.say("why is it so?");
    await chat.stop();
    await going;
    for (let tries = 0; tries < 100; ++tries) {
      await chat.resumeStream();
      if (parts(chat.lastMessage, "text").length > 0 && chat.lastMessage.role === "assistant") break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    same(texts(chat), await shown(learner), "the client's transcript");
  },
  async ARefusalIsASentence() {
    const chat = new Chat(new Learner(base, "nobody"));
    chat.transport = undefined;
    const other = new Chat(Object.assign(new Learner(base, "somebody"), { bearer: () => new Learner(base, "else").bearer() }));
    await other.say("hello");
    if (!/There is no such session/.test(other.errors[0]?.message)) throw new Error(`${other.errors[0]?.message}`);
  },
};

await facts[fact]();
process.exit(0);
