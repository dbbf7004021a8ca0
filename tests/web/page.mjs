// node page.mjs BASE FACT [FOLDER]: one fact about the learner's page, in Debian's Chromium. Pictures go to FOLDER.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { same } from "./client.mjs";

const [base, fact, folder] = process.argv.slice(2);
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const kPhone = { width: 390, height: 780 };
const kDesk = { width: 1200, height: 850 };

class Tab {
  static async open(learner, { viewport = kDesk, colorScheme = "light", query = "", course = "small" } = {}) {
    const tab = new Tab();
    tab.context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    tab.page = await tab.context.newPage();
    tab.errors = [];
    tab.page.on("pageerror", (error) => tab.errors.push(error.message));
    tab.page.on("console", (line) => /Content Security Policy/.test(line.text()) && tab.errors.push(line.text()));
    tab.page.on("request", (request) => request.url().startsWith(base) || request.url().startsWith("data:") || tab.errors.push(`remote: ${request.url()}`));
    await tab.page.goto(`${base}/?learner=${learner}&course=${course}${query}`);
    return tab;
  }
  // Waits until it is the learner's time to speak.
  async ready() {
    await this.page.waitForFunction(
      () => document.querySelector("#thinking").hidden && document.querySelectorAll("#log > *").length > 0 && !document.querySelector(".sending") &&
        (document.querySelector("#hint:not([hidden]), #continue:not([hidden]), .done-card") !== null),
      undefined, { timeout: 40_000 });
  }
  shot(name) {
    return folder ? this.page.screenshot({ path: `${folder}/${name}.png` }) : undefined;
  }
  text() {
    return this.page.innerText("#log");
  }
  question() {
    return this.page.evaluate(() => [...document.querySelectorAll(".card .text")].at(-1)?.innerText.trim());
  }
  async say(text) {
    await this.page.fill("#answer", text);
    await this.page.press("#answer", "Enter");
  }
  // One step of a lesson; false: it is over.
  async step() {
    await this.ready();
    if (await this.page.$(".done-card")) return false;
    const before = await this.page.locator("#log > *").count();
    if (await this.page.$("#continue:not([hidden])")) await this.page.click("#continue");
    else {
      const answer = answers[await this.question()];
      const choice = this.page.locator(".card:not(.old) .choices button", { hasText: answer });
      if ((await choice.count()) > 0) await choice.click();
      else await this.say(answer);
    }
    await this.page.waitForFunction((n) => document.querySelectorAll("#log > *").length > n + 1 || document.querySelector(".done-card"), before, { timeout: 40_000 });
    return true;
  }
  async end() {
    for (let steps = 0; await this.step(); ++steps) if (steps > 30) throw new Error("no end");
  }
  async check() {
    same(this.errors, [], "errors of the page");
    await this.context.close();
  }
}
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const facts = {
  async ALessonToItsEndAtPhoneAndDeskWidth() {
    for (const [learner, viewport, colorScheme] of [["phone", kPhone, "dark"], ["desk", kDesk, "light"]]) {
      const tab = await Tab.open(learner, { viewport, colorScheme });
      await tab.ready();
      while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
      await tab.say("5");
      await tab.page.waitForSelector(".feedback.incorrect");
      await tab.ready();
      await tab.page.click("#hint");
      await tab.page.waitForSelector(".hint");
      await tab.shot(`${learner}-hint`);
      await tab.end();
      await tab.shot(`${learner}-done`);
      same(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing is wider than the window");
      await tab.check();
    }
  },
  async AGradeThatSeemsWrongIsMarkedOnce() {
    const tab = await Tab.open("doubts");
    await tab.ready();
    while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
    await tab.say("5");
    await tab.page.click(".feedback.incorrect .review");
    await tab.page.waitForFunction(() => document.querySelector("#log").innerText.includes("this grade is marked"));
    same(await tab.page.isDisabled(".feedback.incorrect .review"), true, "it is marked once");
    await tab.end();
    same(await tab.page.locator(".feedback.correct .review").count(), 0, "doubts of what was right");
    await tab.check();
  },
  async OfSeveralChoicesEachClickTogglesOne() {
    const tab = await Tab.open("several", { course: "several" });
    await tab.ready();
    while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
    const choice = (text) => tab.page.locator(".card:not(.old) .choices button", { hasText: text });
    for (const text of ["four", "three", "three", "two"]) await choice(text).click();
    same(await tab.page.inputValue("#answer"), "A, C", "what is going to be answered");
    same(await choice("three").getAttribute("aria-pressed"), "false", "what was taken back");
    await tab.page.press("#answer", "Enter");
    await tab.page.waitForSelector(".feedback.correct");
    await tab.page.waitForSelector(".done-card");
    await tab.check();
  },
  async AReloadShowsTheSame() {
    const tab = await Tab.open("reload");
    for (let i = 0; i < 3; ++i) await tab.step();
    await tab.ready();
    const before = await tab.text();
    await tab.page.reload();
    await tab.ready();
    await wait(300);
    same(await tab.text(), before, "after the reload");
    await tab.end();
    await tab.check();
  },
  async TwoTabsShowTheSame() {
    const first = await Tab.open("tabs");
    await first.ready();
    const second = await first.context.newPage();
    await second.goto(`${base}/?learner=tabs&course=small`);
    await second.waitForSelector("#log .said");
    await first.end();
    await second.waitForSelector(".done-card");
    same(await second.innerText("#log"), await first.text(), "the second tab");
    await first.check();
  },
  // Each program is killed and started again by who runs this, when it is named here.
  async TheLessonGoesOnAfterEachProgramWasKilled() {
    const tab = await Tab.open("killed", { viewport: kPhone });
    await tab.step();
    for (const name of ["gateway", "nats-server", "session worker"]) {
      console.log(`kill ${name}`);
      await wait(500);
      if (!(await tab.step())) throw new Error("over too early");
    }
    await tab.end();
    await tab.page.waitForSelector("#banner[hidden]", { state: "attached", timeout: 20_000 });
    await tab.check();
  },
  async NothingSeriousForWhoCannotSee() {
    const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    for (const colorScheme of ["light", "dark"]) {
      const tab = await Tab.open(`axe-${colorScheme}`, { colorScheme });
      for (let i = 0; i < 3; ++i) await tab.step();
      await tab.say("why?");
      await tab.ready();
      await tab.page.evaluate(source);
      const { violations } = await tab.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      same(violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => [v.id, v.nodes.map((n) => n.target + " " + n.failureSummary)]), [], "axe-core");
      await tab.check();
    }
  },
  async ItIsThereInASecond() {
    let best = Infinity;
    for (let i = 0; i < 3; ++i) {
      const began = Date.now();
      const tab = await Tab.open("fast");
      await tab.page.waitForSelector("#log .said");
      best = Math.min(best, Date.now() - began);
      await tab.check();
    }
    console.log(`first text after ${best} ms`);
  },
};

await facts[fact]();
await browser.close();
process.exit(0);
