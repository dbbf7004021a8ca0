// node react.mjs BASE FACT: `useChat` of @ai-sdk/react in a component, as docs/front-ends.md has it, without a browser.
import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";
import { createElement as h } from "react";
import { create } from "react-test-renderer";
import { Learner, same, shown, until } from "./client.mjs";

const [base, fact] = process.argv.slice(2);
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };

// A page with one component: what the hook says now, and what a learner sees.
class Page {
  constructor(learner, more = {}) {
    const transport = new DefaultChatTransport({ api: `${learner.base}/api/chat`, headers: () => learner.bearer() });
    const Lesson = () => {
      this.chat = useChat({ id: "me", transport, ...more });
      return h("main", null, this.chat.messages.filter((m) => m.role === "assistant")
        .map((m) => m.parts.map((p, i) => p.type === "text" && h("p", { key: m.id + i }, p.text))));
    };
    this.tree = create(h(Lesson));
  }
  get texts() {
    return (this.tree.toJSON()?.children ?? []).map((paragraph) => paragraph.children.join(""));
  }
  async open() {
    await until(() => this.chat && this.tree.toJSON(), "the page is there");
    return this;
  }
  // The answer, when all of it is there to be seen.
  async say(text, lyceum) {
    const before = this.chat.messages.length;
    await this.chat.sendMessage({ text }, lyceum && { body: { lyceum } });
    await until(() => this.chat.error || (this.chat.status === "ready" && this.chat.messages.length === before + 2), "an answer");
    if (this.chat.error) throw this.chat.error;
    return this.chat.messages.at(-1);
  }
}
const parts = (message, type) => message.parts.filter((part) => part.type === type);

const facts = {
  async AWholeLesson() {
    const learner = new Learner(base, "react");
    const page = await new Page(learner).open();
    let said = await page.say("start", { start: { course: "small", busy_policy: "defer" } });
    for (let steps = 0; !parts(said, "data-lyceum-completed").length; ++steps) {
      if (steps === 30) throw new Error("the lesson does not end");
      const question = parts(said, "data-lyceum-question").at(-1)?.data;
      said = question ? await page.say(answers[question.text]) : await page.say("go on", { continue: {} });
    }
    same(page.texts, await shown(learner), "what is seen");
  },
  // The page is loaded again while an answer is written: with what it has kept, it resumes by itself.
  async AReloadInMidStream() {
    const learner = new Learner(base, "react-reload");
    const page = await new Page(learner).open();
    await page.say("start", { start: { course: "small" } });
    const going = page.say("why is it so?", { message: { text: "why is it so?", intent: "QUESTION" } });
    await until(async () => (await learner.view()).busy, "the answer begins");
    const { messages } = page.chat;
    const kept = structuredClone(messages.slice(0, messages.findLastIndex((m) => m.role === "user") + 1));
    const again = await new Page(learner, { messages: kept, resume: true }).open();
    await going;
    await until(() => again.chat.status === "ready" && again.chat.messages.length === kept.length + 1, "the answer after the reload");
    same(again.chat.error, undefined, "error");
    same(again.texts, await shown(learner), "what is seen after the reload");
    same(again.texts, page.texts, "before");
  },
};

await facts[fact]();
process.exit(0);
