// The learner's page: one conversation. What came is shown in the order of n; what the learner says is shown at
// once and sent until it is stored. The session is on the server: this page may be closed and opened anywhere.
import { Session } from "./session.js";
import { directionOf, mathElement, previewTex, setMath, textElement } from "./text.js";

const $ = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);
const learner = parameters.get("learner") || "you";
// A token may come behind the #: that part of an address is not sent to any server.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) history.replaceState(null, "", location.pathname + location.search);
const kSigns = { correct: "✓", partially_correct: "◐", incorrect: "✗", invalid: "?", not_an_answer: "?", ungraded: "•" };
const kVerdicts = { correct: "Correct", partially_correct: "Nearly", incorrect: "Not yet", invalid: "Not readable", not_an_answer: "Not an answer", ungraded: "Noted" };
const kSmall = { hint: "A hint, please", skip: "Skip this", continue: "Go on" };

let course = parameters.get("course") || "";
let courses = []; // Those that are offered: {course, title}.
let state = "";
let question = null; // The open one: {element, ...QuestionView}.
let started = false;
let working = 0; // Events of ours that are not answered yet.
const bubbles = new Map(); // What we said, by the id of its event.
const speaking = new Map(); // What tools say while they speak, by request.
let earlier = []; // What was said before this page was opened, the oldest first,
let replayed = 0; // and the message that all of it came before.
const tabs = new BroadcastChannel(`lyceum-${learner}`);

// ---- What is shown

function add(element, to = $("log")) {
  const near = nearEnd();
  to.append(element);
  if (near) toEnd();
  else $("newer").hidden = false;
}
const nearEnd = () => innerHeight + scrollY > document.documentElement.scrollHeight - 160;
function toEnd() {
  $("newer").hidden = true;
  requestAnimationFrame(() => scrollTo({ top: document.documentElement.scrollHeight }));
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function mine(text, { small = false } = {}) {
  const bubble = element("div", small ? "mine small" : "mine");
  bubble.dir = directionOf(text);
  const who = element("span", "visually-hidden", "You: ");
  bubble.append(who, text);
  return bubble;
}

function steps(level, of) {
  const bar = element("span", "steps");
  bar.setAttribute("aria-hidden", "true");
  for (let i = 1; i <= Math.min(of, 8); ++i) bar.append(element("i", i <= level ? "done" : ""));
  return bar;
}

function closeQuestion(chosen) {
  if (!question) return;
  question.element.classList.add("old");
  for (const button of question.element.querySelectorAll("button")) {
    button.disabled = true;
    if (chosen !== undefined && button.dataset.choice === chosen) button.classList.add("chosen");
  }
}

function showQuestion(view) {
  closeQuestion();
  const text = textElement(view.text ?? "");
  text.classList.add("text");
  const card = element("section", "card", element("div", "label", "Question"), text);
  card.setAttribute("aria-label", "Question");
  card.dir = directionOf(view.text ?? "");
  const choices = view.choices ?? [];
  const several = view.format === "multiple_choice";
  if (several) card.append(element("p", "several", "Several may be right."));
  if (choices.length > 0) {
    const list = element("div", "choices");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", "Choices");
    choices.forEach((choice, i) => {
      const key = element("kbd", "", String.fromCharCode(65 + i));
      const button = element("button", "", key, textElement(choice));
      button.type = "button";
      button.dataset.choice = choice;
      button.addEventListener("click", () => (several ? toggle(button) : answerWith(choice)));
      list.append(button);
    });
    card.append(list);
  }
  question = { ...view, element: card };
  add(card);
  $("answer").placeholder = several ? "Choose all that are right, then send, or ask something"
    : choices.length > 0 ? "Choose above, or ask something" : "Your answer, or a question";
}

// One of several: the answer box holds the letters of all that are chosen.
function toggle(button) {
  button.classList.toggle("chosen");
  button.setAttribute("aria-pressed", String(button.classList.contains("chosen")));
  const letters = [...question.element.querySelectorAll(".choices button")]
    .flatMap((each, i) => (each.classList.contains("chosen") ? [String.fromCharCode(65 + i)] : []));
  $("answer").value = letters.join(", ");
  onInput();
}

// A learner who doubts a grade: it is marked once, for whoever looks at grades again.
function reviewButton(n) {
  const button = element("button", "review", "That grade seems wrong");
  button.type = "button";
  button.addEventListener("click", () => {
    button.disabled = true;
    say({ review: { n } }, "That grade seems wrong", { small: true });
  });
  return button;
}

function showFeedback(feedback, n) {
  const verdict = feedback.verdict ?? "ungraded";
  const sign = element("span", "sign", element("b", "", kSigns[verdict] ?? "•"));
  sign.setAttribute("aria-hidden", "true");
  const name = element("span", "visually-hidden", `${kVerdicts[verdict] ?? verdict}: `);
  const said = textElement(feedback.text || `${kVerdicts[verdict] ?? verdict}.`);
  if (n > 0 && (verdict === "incorrect" || verdict === "partially_correct")) said.append(reviewButton(n));
  const shown = element("div", `feedback ${verdict}`, sign, name, said);
  shown.dir = directionOf(feedback.text ?? "");
  add(shown);
}

function showProgress({ topic, done = 0, total = 0 }) {
  if (topic) $("topic").textContent = nameOf(topic);
  const bar = $("progress");
  bar.hidden = total === 0;
  bar.setAttribute("aria-valuemax", total);
  bar.setAttribute("aria-valuenow", done);
  $("dots").replaceChildren(...Array.from({ length: Math.min(total, 12) }, (_, i) => element("i", i < Math.round((done / total) * Math.min(total, 12)) ? "done" : "")));
  $("count").textContent = total ? `${done} of ${total}` : "";
}

function showCompleted() {
  closeQuestion();
  question = null;
  const again = element("button", "", "Begin again");
  again.type = "button";
  again.addEventListener("click", () => say({ start: { course, again: true, busy_policy: "defer" } }, null));
  const star = element("div", "star", "★");
  star.setAttribute("aria-hidden", "true");
  add(element("section", "card done-card", star, element("h2", "", "The course is completed"), element("p", "", "Well done."), again));
}

// ---- What comes

function onMessage(message) {
  if (message.delta) return onDelta(message.delta);
  if (message.retract) return onRetract(message.retract);
  const ours = bubbles.get(message.in_reply_to);
  endWait(ours);
  // What was stopped gets no answer of its own: it is the oldest one that waits for one.
  if (ours?.stops && message.text !== undefined) endWait([...bubbles.values()].find((bubble) => bubble.waits));
  if ((message.n ?? 0) > 0) state = message.state ?? state;
  if ((message.n ?? 0) > 0) showEarlier(message.n >= replayed ? Infinity : Date.parse(message.at), message.in_reply_to);
  const last = $("log").lastElementChild;
  if (message.text !== undefined) finish(message.text), add(textElement(message.text, { titled: true }));
  else if (message.question) showQuestion(message.question);
  else if (message.feedback) finish(message.feedback.text), showFeedback(message.feedback, message.n ?? 0);
  else if (message.hint) showHint(message.hint);
  else if (message.progress) showProgress(message.progress);
  else if (message.completed) showCompleted();
  else if (message.error) onError(message.error);
  else if (message.resumed) onResumed(message.resumed);
  else if (message.detached) say_status("This page was opened elsewhere too often and gets no more. Reload it.");
  rememberAnswer(message.in_reply_to, last);
  refresh();
}

function endWait(bubble) {
  if (!bubble?.waits) return;
  bubble.waits = false;
  working = Math.max(0, working - 1);
}

function showHint({ level = 1, of = 1, text = "" }) {
  finish(text);
  const shown = element("div", "hint", element("div", "label", `Hint ${level} of ${of}`, steps(level, of)), textElement(text));
  shown.dir = directionOf(text);
  add(shown);
}

function onError({ code, text, retryable }) {
  if (code === "no_session") {
    if (!started) course ? begin() : choose();
    return;
  }
  add(element("div", "note", textElement(text || code || "Something went wrong.")));
}

function onResumed(resumed) {
  started = true;
  $("form").hidden = false;
  document.querySelector(".offer")?.remove(); // Another tab has begun it.
  if (resumed.progress) showProgress(resumed.progress);
  // The whole conversation does not come any more: the open question is shown all the same.
  if (resumed.question && session.last >= (resumed.last_n ?? 0) && question?.id !== resumed.question.id) showQuestion(resumed.question);
}

// Offsets count bytes of UTF-8.
const bytes = new TextEncoder();
function onDelta({ request_id: request, attempt = 1, offset = 0, text = "" }) {
  let said = speaking.get(request);
  if (said && attempt < said.attempt) return;
  if (!said || attempt > said.attempt) {
    said?.element.remove();
    said = { attempt, raw: new Uint8Array(), element: element("div", "") };
    speaking.set(request, said);
    add(said.element, $("live"));
  }
  const piece = bytes.encode(text);
  if (offset > said.raw.length && said.raw.length === 0) return; // It began before we came: the whole text follows.
  if (offset > said.raw.length || offset + piece.length <= said.raw.length) return;
  const joined = new Uint8Array(offset + piece.length);
  joined.set(said.raw.subarray(0, offset));
  joined.set(piece, offset);
  said.raw = joined;
  said.text = new TextDecoder().decode(joined);
  if (!said.drawn) {
    said.drawn = requestAnimationFrame(() => {
      said.drawn = 0;
      const near = nearEnd();
      said.element.replaceChildren(textElement(said.text, { titled: true }));
      if (near) toEnd();
    });
  }
  refresh();
}

function onRetract({ request_id: request, attempt = 0 }) {
  const said = speaking.get(request);
  if (!said || (attempt !== 0 && said.attempt > attempt)) return;
  drop(request, said);
}

function drop(request, said) {
  cancelAnimationFrame(said.drawn);
  said.element.remove();
  speaking.delete(request);
}

// The final text says all of it again.
function finish(text = "") {
  for (const [request, said] of speaking) {
    if (said.text === undefined || text.startsWith(said.text.slice(0, 40))) return drop(request, said);
  }
}

// ---- What was said before

async function loadEarlier() {
  const view = await session.view();
  if (!view) return;
  course = view.syllabus?.course || course;
  state = view.state ?? "";
  replayed = (view.n ?? 0) + 1;
  earlier = (view.history ?? []).filter((entry) => entry.role === "learner" && (entry.text || kSmall[entry.kind]));
  title();
}

// Those that were said before that moment; a learner's entry and its answer have the time of the same record.
function showEarlier(at, replyTo) {
  while (earlier.length > 0 && Date.parse(earlier[0].at) <= at) {
    const entry = earlier.shift();
    if (replyTo && bubbles.has(replyTo)) continue;
    add(kSmall[entry.kind] ? mine(kSmall[entry.kind], { small: true }) : mine(entry.text));
  }
}

// ---- What goes

function say(kind, text, { small = false } = {}) {
  const id = session.send(kind);
  working += 1;
  const shown = text ? mine(text, { small }) : null;
  if (shown) {
    shown.classList.add("sending");
    add(shown);
    toEnd();
  }
  bubbles.set(id, { element: shown, waits: true, stops: kind.stop !== undefined });
  if (bubbles.size > 400) bubbles.delete(bubbles.keys().next().value);
  tabs.postMessage({ id, text, small });
  refresh();
}

// What another tab sent may be told of after it was answered: then it stands before the answer.
const answered = new Map();
function rememberAnswer(id, last) {
  const first = last ? last.nextElementSibling : $("log").firstElementChild;
  if (!id || !first || bubbles.has(id) || answered.has(id)) return;
  answered.set(id, first);
  if (answered.size > 400) answered.delete(answered.keys().next().value);
}

tabs.onmessage = ({ data }) => {
  if (bubbles.has(data.id)) return;
  const shown = data.text ? mine(data.text, { small: data.small }) : null;
  const answer = answered.get(data.id);
  if (shown && answer) answer.before(shown);
  else if (shown) add(shown);
  bubbles.set(data.id, { element: shown, waits: false });
};

function onAccepted(id) {
  bubbles.get(id)?.element?.classList.remove("sending");
}

function onRefused(id, error) {
  const bubble = bubbles.get(id);
  endWait(bubble);
  if (bubble?.element) {
    bubble.element.classList.add("failed");
    bubble.element.append(element("span", "why", error));
  } else {
    add(element("div", "note", error));
  }
  refresh();
}

async function loadCourses() {
  courses = await session.courses().catch(() => []);
  title();
}

// Where the address names no course, and nothing was begun before.
async function choose() {
  await loadCourses();
  if (!token && courses.length < 2) {
    const demo = await fetch("v1/demo").catch(() => null);
    if (demo?.ok) course = (await demo.json()).course ?? "";
    title();
  }
  if (!started) course ? begin() : offer();
}

function offer() {
  if ($("log").childElementCount > 0) return;
  $("form").hidden = true; // Nothing that is said here could be answered.
  if (courses.length === 0) return add(element("div", "note", "This address names no course: open the link that you were given."));
  const list = element("div", "choices");
  const card = element("section", "card offer", element("h2", "", "What would you like to learn?"), list);
  card.setAttribute("aria-label", "Courses");
  for (const each of courses) {
    const button = element("button", "", each.title);
    button.type = "button";
    button.addEventListener("click", () => {
      card.remove();
      course = each.course;
      title();
      begin();
    });
    list.append(button);
  }
  add(card);
  list.firstElementChild.focus({ preventScroll: true });
}

function begin() {
  started = true;
  $("form").hidden = false;
  say({ start: { course, busy_policy: "defer" } }, null);
}

function answerWith(choice) {
  closeQuestion(choice);
  say({ message: { text: choice, intent: "ANSWER" } }, choice);
  $("answer").focus({ preventScroll: true });
}

function submit() {
  const text = $("answer").value.trim();
  if (!text) return;
  const asks = $("ask").checked;
  const letter = /^[a-z]$/i.test(text) ? text.toUpperCase().charCodeAt(0) - 65 : -1;
  const choice = !asks && canAnswer() ? question?.choices?.[letter] : undefined;
  $("answer").value = "";
  $("ask").checked = false;
  onInput();
  if (choice !== undefined) return answerWith(choice);
  say({ message: asks ? { text, intent: "QUESTION" } : { text } }, text);
}

const canAnswer = () => ["awaiting_answer", "remediating_known_error", "remediating_unknown_error"].includes(state);

// ---- The state of the page

function refresh() {
  const locked = state === "awaiting_tool_result" || state === "awaiting_approval";
  const busy = locked || working > 0;
  $("thinking").hidden = !busy || speaking.size > 0;
  $("hint").hidden = !canAnswer();
  $("skip").hidden = locked || !["awaiting_answer", "remediating_known_error", "remediating_unknown_error", "error_state"].includes(state);
  $("continue").hidden = locked || !["exposition", "error_state"].includes(state);
  $("stop").hidden = !busy && speaking.size === 0;
  $("ask-label").hidden = !canAnswer();
  $("main").setAttribute("aria-busy", String(busy));
  if (question && canAnswer()) {
    question.element.classList.remove("old");
    for (const button of question.element.querySelectorAll(".choices button")) button.disabled = false;
  }
  if (nearEnd()) toEnd();
}

function say_status(text) {
  $("banner").textContent = text ?? "";
  $("banner").hidden = !text;
}

let offlineTimer;
function onStatus(status, why) {
  clearTimeout(offlineTimer);
  if (status === "online") return say_status("");
  // A blink of the line is not worth a word.
  offlineTimer = setTimeout(() => say_status(why && !/fetch|network/i.test(why) ? why : "No connection. You can go on writing: it is sent as soon as there is one."), 1200);
}

// What an id says.
const nameOf = (id) => id.replace(/[-_]/g, " ").replace(/^./, (c) => c.toUpperCase());

function title() {
  const name = courses.find((each) => each.course === course)?.title ?? nameOf(course);
  $("course").textContent = name || "Lyceum";
  document.title = name ? `${name} · Lyceum` : "Lyceum";
}

function onInput() {
  const box = $("answer");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 176)}px`;
  $("send").disabled = box.value.trim() === "";
  const tex = previewTex(box.value);
  $("preview").hidden = tex === null;
  if (tex !== null) setMath($("preview"), tex);
}

$("form").addEventListener("submit", (event) => (event.preventDefault(), submit()));
$("answer").addEventListener("input", onInput);
$("answer").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
$("hint").addEventListener("click", () => say({ hint: {} }, kSmall.hint, { small: true }));
$("skip").addEventListener("click", () => (closeQuestion(), say({ skip: {} }, kSmall.skip, { small: true })));
$("continue").addEventListener("click", () => say({ continue: {} }, kSmall.continue, { small: true }));
$("stop").addEventListener("click", () => say({ stop: {} }, "Stop", { small: true }));
$("newer").addEventListener("click", toEnd);
addEventListener("scroll", () => nearEnd() && ($("newer").hidden = true), { passive: true });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") return $("answer").focus();
  if (event.target instanceof HTMLTextAreaElement || event.ctrlKey || event.metaKey || event.altKey) return;
  const letter = event.key.length === 1 ? event.key.toUpperCase().charCodeAt(0) - 65 : -1;
  const choice = canAnswer() ? question?.choices?.[letter] : undefined;
  if (choice === undefined) return;
  event.preventDefault();  // It would be typed into the answer box.
  if (question.format === "multiple_choice") return toggle(question.element.querySelectorAll(".choices button")[letter]);
  answerWith(choice);
});

const session = new Session({ learner, token, on: { message: onMessage, status: onStatus, accepted: onAccepted, refused: onRefused } });

async function open() {
  title();
  await loadEarlier().catch((error) => onStatus("offline", error.message));
  refresh();
  loadCourses();
  await session.connect();
  if (!("ontouchstart" in window)) $("answer").focus({ preventScroll: true });
}
open();
