// node page.mjs BASE FACT [FOLDER]: one fact about the learner's page, in Debian's Chromium. Pictures go to FOLDER.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { kBroken, kWhole, same } from "./client.mjs";

const [base, fact, folder] = process.argv.slice(2);
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const kPhone = { width: 390, height: 780 };
const kDesk = { width: 1200, height: 850 };

class Tab {
  static async open(learner, { viewport = kDesk, colorScheme = "light", query = "", course = "small" } = {}) {
    const tab = new Tab();
    tab.context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce", ignoreHTTPSErrors: base.startsWith("https:") });
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
  async shot(name) {
    if (folder) await wait(300); // Until it stands still.
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
async function nothingSerious(tab) {
  await tab.page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await tab.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  same(violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => [v.id, v.nodes.map((n) => n.target + " " + n.failureSummary)]), [], "axe-core");
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
      same(await tab.page.innerText("#count"), "2 of 2", "progress");
      same(await tab.page.getAttribute("#progress", "aria-valuenow"), "2", "progress, as it is read out");
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
  async ACourseIsChosenWhereTheAddressNamesNone() {
    for (const [learner, viewport, colorScheme] of [["chooses-desk", kDesk, "light"], ["chooses-phone", kPhone, "dark"]]) {
      const tab = await Tab.open(learner, { viewport, colorScheme, course: "" });
      const courses = tab.page.locator(".offer button");
      await courses.first().waitFor();
      same(await courses.allInnerTexts(), ["Nothing of it", "A small course"], "what is offered");
      await nothingSerious(tab);
      await tab.shot(learner);
      await courses.last().click();
      await tab.ready();
      same(await courses.count(), 0, "courses that are still offered");
      same(await tab.page.innerText("#course"), "A small course", "the title");
      const before = await tab.text();
      await tab.page.reload();
      await tab.ready();
      await tab.page.waitForFunction((text) => document.querySelector("#log").innerText === text, before);
      same(await tab.page.innerText("#course"), "A small course", "the title after a reload");
      await tab.check();
    }
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
  // Nothing but keys: Tab to what is to be pressed, letters for choices, Escape back to the answer box.
  async ALessonWithTheKeyboardAlone() {
    const tab = await Tab.open("keys");
    const { page } = tab;
    const press = async (selector) => {
      const there = () => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
      for (let tabs = 0; !(await there()); ++tabs) {
        if (tabs > 60) throw new Error(`Tab does not come to ${selector}`);
        await page.keyboard.press("Tab");
      }
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      same(outline !== "none", true, `${selector}: where the keys go is seen`);
      await page.keyboard.press("Enter");
    };
    await tab.ready();
    same(await page.evaluate(() => document.activeElement.id), "answer", "where the keys go at first");
    let hints = 0;
    for (let steps = 0; !(await page.$(".done-card")); ++steps) {
      if (steps > 30) throw new Error("no end");
      const before = await page.locator("#log > *").count();
      if (await page.$("#continue:not([hidden])")) await press("#continue");
      else if (hints++ === 0) await press("#hint");
      else if (await page.$(".card:not(.old) .choices")) {
        await press("#ask"); // Out of the answer box: in it a letter is a letter.
        await page.keyboard.press("b");
      } else {
        await page.keyboard.press("Escape");
        await page.keyboard.type(answers[await tab.question()]);
        await page.keyboard.press("Enter");
      }
      await page.waitForFunction((n) => document.querySelectorAll("#log > *").length > n + 1 || document.querySelector(".done-card"), before, { timeout: 40_000 });
      await tab.ready();
    }
    same(await page.locator(".feedback.incorrect").count(), 0, "wrong answers");
    await tab.check();
  },
  // What is written meanwhile is sent when there is a line again.
  async ItSaysThatThereIsNoConnectionAndGoesOn() {
    const tab = await Tab.open("offline", { viewport: kPhone });
    while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
    console.log("end gateway");
    await tab.page.waitForSelector("#banner:not([hidden])", { timeout: 20_000 });
    same((await tab.page.innerText("#banner")).startsWith("No connection."), true, "what it says");
    await tab.say(answers[await tab.question()]);
    await tab.page.waitForSelector(".mine.sending");
    console.log("start gateway");
    await tab.page.waitForSelector("#banner[hidden]", { state: "attached", timeout: 40_000 });
    await tab.page.waitForSelector(".feedback.correct", { timeout: 40_000 });
    same(await tab.page.locator(".mine.sending").count(), 0, "what is not sent");
    await tab.end();
    same(await tab.page.locator(".mine:not(.small)").count(), 2, "what the learner said");
    await tab.check();
  },
  // A text may say what it likes: of it the page makes no element that loads, runs or leads anywhere but to the web.
  async NothingThatATextSaysIsReadAsHtml() {
    const tab = await Tab.open("hostile", { course: "hostile" });
    const dialogs = [];
    tab.page.on("dialog", (dialog) => (dialogs.push(dialog.message()), dialog.dismiss()));
    await tab.ready();
    while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
    await tab.page.fill("#answer", "<b>why?</b><img src=x onerror=alert(4)>");
    await tab.page.press("#answer", "Enter");
    await tab.page.waitForFunction(() => document.querySelectorAll(".mine:not(.small)").length === 1);
    await tab.ready();
    const text = await tab.text();
    for (const said of ["<img src=x onerror=alert(1)>", "<script>alert(2)</script>", "<b>bold</b>", "<b>why?</b>"]) {
      if (!text.includes(said)) throw new Error(`not shown: ${said}\n${text}`);
    }
    const found = await tab.page.evaluate(() => {
      const all = [...document.querySelectorAll("#log *")];
      return [...new Set(all.filter((one) => one.matches("img, script, iframe, object, embed, form, style, link, base, meta, b:not(.sign b)")
        || [...one.attributes].some((attribute) => attribute.name.startsWith("on") || /^\s*(javascript|data|vbscript):/i.test(attribute.value)))
        .map((one) => one.outerHTML.slice(0, 200)))];
    });
    same(found, [], "elements of a text");
    const links = await tab.page.$$eval("#log a", (all) => [...new Set(all.map((link) => `${link.getAttribute("href")} ${link.rel}`))]);
    same(links, ["null ", "https://example.org/ noopener noreferrer"], "links");
    same(dialogs, [], "dialogs");
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
  async TheLessonGoesOnAfterEachProgramWasKilledAtDeskWidth() {
    await facts.TheLessonGoesOnAfterEachProgramWasKilled(kDesk);
  },
  async TheLessonGoesOnAfterEachProgramWasKilled(viewport = kPhone) {
    const tab = await Tab.open("killed", { viewport });
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
  // The five of docs/page: node page.mjs BASE TheMomentsOfItsPictures docs/page
  async TheMomentsOfItsPictures() {
    const begin = async (learner, viewport, colorScheme) => {
      const tab = await Tab.open(learner, { viewport, colorScheme, course: "fractions" });
      await tab.ready();
      if (viewport === kDesk) await tab.shot("start-desk");
      while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
      return tab;
    };
    const desk = await begin("desk", kDesk, "light");
    await desk.page.click("#hint");
    await desk.page.waitForSelector(".hint");
    await desk.ready();
    await desk.shot("hint-desk");
    await desk.say("5/8");
    await desk.page.waitForSelector(".card:not(.old) .choices button");
    await desk.ready();
    await desk.shot("choices-desk");
    await desk.check();
    const phone = await begin("phone", kPhone, "dark");
    await phone.page.fill("#answer", "sqrt(x^2)/(2) + 5/8");
    await phone.page.waitForSelector("#preview:not([hidden]) .katex");
    await phone.shot("preview-phone-dark");
    await phone.say("5/3");
    await phone.page.waitForSelector(".feedback.incorrect");
    await phone.ready();
    await phone.shot("feedback-phone-dark");
    await phone.check();
  },
  async NothingSeriousForWhoCannotSee() {
    for (const [colorScheme, viewport] of [["light", kDesk], ["dark", kDesk], ["light", kPhone], ["dark", kPhone]]) {
      const tab = await Tab.open(`axe-${colorScheme}-${viewport.width}`, { colorScheme, viewport });
      for (let i = 0; i < 3; ++i) await tab.step();
      await tab.say("why?");
      await tab.ready();
      await nothingSerious(tab);
      await tab.check();
    }
  },
  async ItIsThereInASecond() {
    let bestMs = Infinity;
    let loadedMs = Infinity;
    for (let i = 0; i < 5; ++i) {
      const began = Date.now();
      const tab = await Tab.open("fast"); // Each has a cache of its own.
      await tab.page.waitForSelector("#log .said");
      bestMs = Math.min(bestMs, Date.now() - began);
      loadedMs = Math.min(loadedMs, await tab.page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
      await tab.check();
    }
    console.log(`loaded after ${Math.round(loadedMs)} ms, first text after ${bestMs} ms`);
    if (bestMs > 1000) throw new Error("it is not there in a second");
  },
  async WordsFromRightToLeftAndMathFromLeftToRight() {
    const directions = (tab, selector) => tab.page.$$eval(selector, (all) => [...new Set(all.map((one) => getComputedStyle(one).direction))]);
    for (const [learner, viewport] of [["rtl-phone", kPhone], ["rtl-desk", kDesk]]) {
      const tab = await Tab.open(learner, { viewport, course: "ivrit" });
      await tab.ready();
      while (!(await tab.page.$("#hint:not([hidden])"))) await tab.step();
      await tab.page.fill("#answer", "למה?");
      same(await directions(tab, "#answer"), ["rtl"], "the answer box with words");
      await tab.page.press("#answer", "Enter");
      await tab.page.waitForSelector(".mine:not(.small)");
      await tab.ready();
      await tab.page.fill("#answer", "x/2 + 1");
      same(await directions(tab, "#answer, #preview, #preview .katex"), ["ltr"], "the answer box with a formula");
      await tab.say("7");
      await tab.page.waitForSelector(".feedback");
      await tab.ready();
      await tab.page.click("#hint");
      await tab.page.waitForSelector(".hint");
      await tab.ready();
      for (const selector of [".card", ".card .text", ".card .text p", ".hint", ".hint .said", ".hint .said p"]) same(await directions(tab, selector), ["rtl"], selector);
      same(await tab.page.$eval("#log .said p", (one) => getComputedStyle(one).direction), "rtl", "texts");
      same(await tab.page.$eval(".mine:not(.small)", (one) => getComputedStyle(one).direction), "rtl", "what the learner said");
      same(await directions(tab, "#log .katex"), ["ltr"], "mathematics");
      // Each sign stands to the right of the one before it.
      const lefts = await tab.page.$eval(".card .katex .katex-html", (formula) => [...formula.querySelectorAll(".mord, .mbin, .mrel")].map((sign) => sign.getBoundingClientRect().left));
      same(lefts, [...lefts].sort((a, b) => a - b), "signs of a formula");
      if (lefts.length < 5) throw new Error("no formula");
      same(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing is wider than the window");
      await tab.shot(learner);
      await tab.check();
    }
  },
  async ATextThatIsTakenBackGoes() {
    const tab = await Tab.open("back");
    await tab.page.evaluate(() => {
      window.written = "";
      const live = document.querySelector("#live");
      new MutationObserver(() => (window.written += live.textContent)).observe(live, { childList: true, subtree: true });
    });
    await tab.ready();
    await tab.say("why is it so?");
    await tab.page.waitForFunction((text) => document.querySelector("#log > :last-child").innerText.includes(text), kWhole, { timeout: 40_000 });
    await tab.ready();
    same((await tab.page.evaluate(() => window.written)).includes(kBroken.slice(0, 8)), true, "it was being written");
    same((await tab.page.innerText("#main")).includes(kBroken.slice(0, 8)), false, "it is still there");
    await tab.check();
  },
  async StopEndsWhatRuns() {
    const tab = await Tab.open("stop", { viewport: kPhone });
    await tab.ready();
    await tab.say("why does it stall?");
    await tab.page.waitForSelector("#live .said");
    await tab.page.click("#stop:not([hidden])");
    await tab.page.waitForFunction(() => document.querySelector("#log").innerText.includes("Stopped."));
    await tab.ready();
    same(await tab.page.innerText("#live"), "", "what was being written");
    await tab.say("why is it so?");
    await tab.page.waitForFunction((text) => document.querySelector("#log > :last-child").innerText.includes(text), kWhole, { timeout: 40_000 });
    await tab.check();
  },
  async AReloadInMidStreamShowsTheSame() {
    const tab = await Tab.open("mid");
    await tab.ready();
    await tab.say("why is it so?");
    await tab.page.waitForSelector("#live .said");
    await tab.page.reload();
    await tab.page.waitForFunction((text) => document.querySelector("#log > :last-child")?.innerText.includes(text) && document.querySelectorAll(".mine").length === 1, kWhole, { timeout: 40_000 });
    await tab.ready();
    const after = await tab.text();
    await tab.page.reload();
    await tab.ready();
    await tab.page.waitForFunction((text) => document.querySelector("#log").innerText === text, after);
    await tab.check();
  },
};

await facts[fact]();
await browser.close();
process.exit(0);
