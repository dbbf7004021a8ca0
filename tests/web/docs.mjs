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
const kMostLines = { "Native: a client in 20 lines": 20, "AI SDK: `useChat` in 10 lines": 15 };
function linesOf(heading, code) {
  const lines = code.split("\n").filter((line) => line.trim() !== "").length;
  if (lines > kMostLines[heading]) throw new Error(`${heading}: it has ${lines}`);
}
// Where a program names an address of its own host.
const elsewhere = globalThis.fetch;
globalThis.fetch = (url, init) => elsewhere(String(url).startsWith("/") ? base + url : url, init);

const facts = {
  // It comes back where its socket is cut, and where nobody is there to give it a ticket.
  async TheNativeClientIsAsTyped() {
    const heading = "Native: a client in 20 lines";
    const code = program(heading, "js");
    linesOf(heading, code);
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
    const numbers = () => page.evaluate(() => window.shown.map((message) => message.n).filter(Boolean));
    await until(async () => (await numbers()).length > 0, "the first message");
    await page.evaluate(() => {
      window.refuse = 1;
      window.sockets.at(-1).close();
    });
    await page.evaluate(() => window.send({ message: { text: "why?", intent: "QUESTION" } }));
    await until(async () => (await page.evaluate(() => window.sockets.length)) === 2, "another socket");
    const after = async () => (await learner.view()).n;
    await until(async () => (await learner.view()).history.length > 2 && !(await learner.view()).busy, "an answer");
    await until(async () => (await numbers()).at(-1) === (await after()), "all messages");
    same(await numbers(), Array.from({ length: await after() }, (_, i) => i + 1), "numbers of what was shown");
    same(errors, [], "errors of the page");
    await browser.close();
  },
  async UseChatIsAsTyped() {
    const heading = "AI SDK: `useChat` in 10 lines";
    const code = program(heading, "jsx");
    linesOf(heading, code);
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
};

await facts[fact]();
process.exit(0);
