// node docs.mjs BASE FACT: the programs of docs/front-ends.md, as they are typed there, against real programs. A program for a
// browser runs in Debian's Chromium, on a page of the gateway; what it leaves to its reader is `token` and `show`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Learner, same, shown, until } from "./client.mjs";

const [base, fact] = process.argv.slice(2);
const document = readFileSync(new URL("../../docs/front-ends.md", import.meta.url), "utf8");

// The first program of a section.
function program(heading, language) {
  const section = document.split(/^## /m).find((one) => one.startsWith(heading));
  const [, code] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "m").exec(section);
  return code;
}
// As many as the heading says; what only brings names in, or closes, is none.
function countLines(heading, code) {
  const lines = code.split("\n").filter((line) => !/^\s*$|^import |^\/\/|^\s*(<\/>;|<>|return <>|[{}();]+)$/.test(line)).length;
  if (lines > Number(/in (\d+) lines/.exec(heading)[1])) throw new Error(`${heading}: it has ${lines}`);
}
// Where a program names an address of its own host.
const elsewhere = globalThis.fetch;
globalThis.fetch = (url, init) => elsewhere(String(url).startsWith("/") ? base + url : url, init);

const facts = {
  // It comes back where its socket is cut, and where nobody is there to give it a ticket.
  async TheNativeClientIsAsTyped() {
    const heading = "Native: a client in 20 lines";
    const code = program(heading, "js");
    countLines(heading, code);
    const { chromium } = await import("playwright-core");
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
    const context = await browser.newContext({ ignoreHTTPSErrors: base.startsWith("https:") });
    const page = await context.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${base}/livez`);
    const learner = new Learner(base, "typed");
    await learner.bearer();
    await page.evaluate((token) => {
      window.token = token;
      window.shown = [];
      window.show = (message) => window.shown.push(message);
      window.sockets = [];
      window.refuse = 0; // So many tickets.
      const [Socket, ask] = [window.WebSocket, window.fetch];
      window.WebSocket = class extends Socket {
        constructor(...args) {
          super(...args);
          window.sockets.push(this);
        }
      };
      window.fetch = (url, ...args) => (url === "/v1/tickets" && window.refuse-- > 0 ? Promise.reject(new TypeError("Failed to fetch")) : ask(url, ...args));
    }, learner.token);
    await page.evaluate(`(async () => { ${code}; window.send = send; })()`);
    const there = (condition, wanted) => page.waitForFunction(condition, wanted, { polling: 50, timeout: 60_000 });
    await there(() => window.shown.some((message) => message.n));
    await page.evaluate(() => {
      window.refuse = 1;
      window.sockets.at(-1).close();
    });
    await page.evaluate(() => window.send({ message: { text: "why?", intent: "QUESTION" } }));
    await there(() => window.sockets.length === 2);
    let view;
    await until(async () => (view = await learner.view()).history.length > 2 && !view.busy, "an answer");
    await there((n) => window.shown.some((message) => message.n === n), view.n);
    const numbers = await page.evaluate(() => window.shown.map((message) => message.n).filter(Boolean));
    same(numbers, Array.from({ length: view.n }, (_, i) => i + 1), "numbers of what was shown");
    same(errors, [], "errors of the page");
    await browser.close();
  },
  async UseChatIsAsTyped() {
    const heading = "AI SDK: `useChat` in 10 lines";
    const code = program(heading, "jsx");
    countLines(heading, code);
    const typescript = createRequire(new URL("../contract/package.json", import.meta.url))("typescript");
    const { outputText } = typescript.transpileModule(code, { compilerOptions: { jsx: "react", module: "commonjs", target: "es2022" } });
    const React = await import("react");
    const modules = { "@ai-sdk/react": await import("@ai-sdk/react"), ai: await import("ai") };
    const learner = new Learner(base, "typed-chat");
    await learner.bearer();
    const exports = {};
    new Function("require", "exports", "React", "token", outputText)((name) => modules[name], exports, React, () => learner.token);
    const { create, act } = await import("react-test-renderer");
    globalThis.IS_REACT_ACT_ENVIRONMENT = false;
    const tree = create(React.createElement(exports.Lesson));
    await until(() => tree.toJSON(), "the page is there");
    const texts = () => tree.root.findAllByType("p").map((paragraph) => paragraph.children.join(""));
    const press = (name) => tree.root.findAllByType("button").find((button) => button.props.children === name).props.onClick();
    // What the learner said is shown too.
    const answered = async (told, what) => {
      await until(async () => {
        const all = await shown(learner).catch(() => []);
        return all.length > 0 && JSON.stringify(texts().filter((text) => !told.includes(text))) === JSON.stringify(all);
      }, what);
    };
    press("Start");
    await answered(["start"], "the course begins");
    tree.root.findByType("form").props.onSubmit({ preventDefault() {}, target: [{ value: "why is it so?" }] });
    await until(async () => (await learner.view()).history.some((entry) => entry.text === "why is it so?"), "the question is stored");
    await answered(["start", "why is it so?"], "its answer");
    press("Go on");
    await answered(["start", "why is it so?", "continue"], "the course goes on");
  },
  // But for CopilotKit's own lines: what its runtime does with an agent is to hand on who asks, and in which thread.
  async TheAgentIsAsTyped() {
    const heading = "AG-UI: CopilotKit in 5 lines";
    const code = program(heading, "jsx");
    countLines(heading, code);
    const { HttpAgent } = await import("ag-ui-0");
    let agents;
    class CopilotRuntime {
      constructor(options) {
        agents = options.agents;
      }
    }
    const person = new Learner(base, "typed-agent");
    await person.bearer();
    const plain = code.split("\n").filter((line) => !line.startsWith("<"));
    if (plain.length !== code.split("\n").length - 1) throw new Error("one line is the page's");
    const make = new Function("HttpAgent", "CopilotRuntime", "gateway", "token", `return (async () => { ${plain.join("\n")}; return headers; })()`);
    const run = async () => {
      const headers = await make(HttpAgent, CopilotRuntime, base, person.token);
      const agent = agents.lyceum.clone();
      Object.assign(agent, { threadId: person.learner, headers });
      return agent;
    };
    const agent = await run();
    await until(() => person.view().then((view) => !view.busy && view.state === "exposition", () => false), "the course begins");
    agent.addMessage({ id: "u-1", role: "user", content: "why is it so?" });
    await agent.runAgent();
    same(agent.messages.at(-1).role, "assistant", "who speaks last");
    const said = (await shown(person)).at(-1);
    same(agent.messages.at(-1).content, said, "the answer");
    await run(); // The page again: the course is not begun twice.
    await agent.runAgent();
    same((await shown(person)).at(-1), said, "what was said last");
  },
};

await facts[fact]();
process.exit(0);
