// node ai_sdk.mjs BASE FACT [PACKAGE]: one fact about the AI SDK's convention, with the real client (`ai` 7, or the
// package named: ai-6, ai-5), against real programs. What is driven is the class behind useChat.
import { Learner, same, shown } from "./client.mjs";

const [base, fact, name = "ai"] = process.argv.slice(2);
const { AbstractChat, DefaultChatTransport } = await import(name);
const api = name === "ai" ? `${base}/api/chat` : `${base}/api/v6/chat`;
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
      transport: new DefaultChatTransport({ api, headers: () => learner.bearer(), fetch: more.fetch }),
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

async function wholeLesson(chat) {
  let said = await chat.say("start", { start: { course: "small", busy_policy: "defer" } });
  for (let steps = 0; steps < 30; ++steps) {
    if (chat.errors.length) throw chat.errors[0];
    if (parts(said, "data-lyceum-completed").length) return;
    const question = parts(said, "data-lyceum-question").at(-1)?.data;
    said = question ? await chat.say(answers[question.text]) : await chat.say("go on", { continue: {} });
  }
  throw new Error("the lesson does not end");
}

const facts = {
  async AWholeLesson() {
    const learner = new Learner(base, `lesson-${name}`);
    const chat = new Chat(learner);
    await wholeLesson(chat);
    same(texts(chat), await shown(learner), "the client's transcript");
  },
  // vercel/ai #18457 and recoupable/app #1924: the answer is there once, and whole, wherever it was cut.
  async AReconnectAtAnyByteShowsTheAnswerOnce() {
    const learner = new Learner(base, "cut");
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
    const chat = new Chat(learner, { fetch: cutting });
    await chat.say("start", { start: { course: "small" } });
    const whole = await chat.say("why is it so?");
    const text = parts(whole, "text").map((p) => p.text);
    if (text.length === 0) throw new Error("no answer");
    let cuts = 0;
    for (cutAt = 1; ; cutAt += 23) {
      await chat.say("why is it so?");
      if (chat.errors.length === 0) break;
      if (!/network/.test(chat.errors[0].message)) throw chat.errors[0];
      ++cuts;
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
    if (cuts < 10) throw new Error(`only ${cuts} cuts`);
    same(texts(chat), await shown(learner), "the client's transcript");
    console.log(`${cuts} cuts`);
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
