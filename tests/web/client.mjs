// A learner's program for tests, over the native convention: fetch, server-sent events and WebSockets, with nothing
// but what Node brings (from 20 on with --experimental-websocket).
import { randomUUID } from "node:crypto";

export class Refused extends Error {
  constructor(status, body) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

export class Learner {
  constructor(base, learner) {
    this.base = base;
    this.learner = learner;
  }

  async call(method, path, body, headers = {}) {
    const answer = await fetch(this.base + path, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const parsed = text.startsWith("{") ? JSON.parse(text) : text;
    if (!answer.ok) throw new Refused(answer.status, parsed);
    return parsed;
  }
  async bearer() {
    this.token ??= (await this.call("POST", "/v1/demo/token", { learner: this.learner })).token;
    return { Authorization: `Bearer ${this.token}` };
  }
  async view() {
    return this.call("GET", "/v1/sessions/me", undefined, await this.bearer());
  }
  // Until it is stored: what may be sent again is sent again, with its id.
  async post(kind, id = randomUUID()) {
    for (let tries = 0; ; ++tries) {
      try {
        await this.call("POST", "/v1/sessions/me/events", { id, ...kind }, await this.bearer());
        return id;
      } catch (error) {
        if (tries === 50 || (error instanceof Refused && !error.body.retryable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  // Each message (text of one frame) to `on`; ends when it returns false or the socket ends. A ticket each.
  async socket(after, on) {
    const { ticket } = await this.call("POST", "/v1/tickets", undefined, await this.bearer());
    this.socketBase = this.base;
    const url = `${this.base.replace("http", "ws")}/v1/sessions/me/ws?after=${after}&ticket=${ticket}`;
    const socket = new WebSocket(url);
    return new Promise((resolve) => {
      let going = true;
      socket.onmessage = (frame) => {
        if (!going || on(frame.data)) return;
        going = false;
        socket.close();
      };
      socket.onclose = (event) => resolve(event.code);
      // Node's says no close where it did not come to be open.
      let open = false;
      socket.onopen = () => (open = true);
      socket.onerror = () => open || resolve(1006);
    });
  }
  // Its own way back: Last-Event-ID, after the time that the stream names. Ends when `on` returns false.
  async eventsource(after, on) {
    const { EventSource } = await import("eventsource");
    const signed = async (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...(await this.bearer()) } });
    const source = new EventSource(`${this.base}/v1/sessions/me/events?after=${after}`, { fetch: signed });
    try {
      await new Promise((resolve, reject) => {
        source.onmessage = (event) => {
          try {
            if (!on(event.data)) resolve();
          } catch (error) {
            reject(error);
          }
        };
      });
    } finally {
      source.close();
    }
  }
  async stream(after, on) {
    const stop = new AbortController();
    const answer = await fetch(`${this.base}/v1/sessions/me/events`, {
      headers: { ...(await this.bearer()), "Last-Event-ID": String(after) },
      signal: stop.signal,
    });
    if (!answer.ok) throw new Refused(answer.status, await answer.json());
    let rest = "";
    try {
      for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
        rest += bytes;
        for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.slice(end + 2)) {
          const event = rest.slice(0, end).split("\n");
          const data = event.find((line) => line.startsWith("data: "));
          if (!data) continue;
          const message = JSON.parse(data.slice(6));
          const id = event.find((line) => line.startsWith("id: "))?.slice(4);
          if (id !== (message.n ? String(message.n) : undefined)) throw new Error(`id ${id} of message ${message.n}`);
          if (!on(data.slice(6))) return stop.abort();
        }
      }
    } catch (error) {
      if (!stop.signal.aborted && error.code !== "ECONNRESET" && error.message !== "terminated") throw error;
    }
  }
}

// What comes, in the order of n; and a learner who answers as `answers` says, by the text of the question.
export class Lesson {
  constructor(learner, answers) {
    this.learner = learner;
    this.answers = answers;
    this.messages = [];
    this.last = 0;
    this.waitingFor = "";
    this.state = "";
    this.frames = 0;
  }
  // True: go on reading.
  receive(text) {
    ++this.frames;
    const message = JSON.parse(text);
    if (message.resumed?.first_n > this.last + 1) throw new Error(`messages are gone: ${text}`);
    if (message.error && message.error.code !== "no_session") throw new Error(text);
    if (message.in_reply_to === this.waitingFor) this.waitingFor = "";
    if (!message.n) return true;
    if (message.n <= this.last) throw new Error(`doubled: ${text}`);
    if (message.n !== this.last + 1) throw new Error(`lost before: ${text}`);
    this.last = message.n;
    this.messages.push(message);
    this.state = message.state;
    if (message.question) this.question = message.question;
    return this.state !== "completed" || !message.completed;
  }
  get over() {
    return this.state === "completed" && this.messages.at(-1).completed !== undefined;
  }
  // Says what is to be said next, if it is the learner's time to speak.
  async next() {
    if (this.waitingFor !== "" || this.state === "awaiting_tool_result" || this.over) return;
    // A step may say several things, each with the state after all of them: it is over when all have come.
    if (this.state !== "") {
      const view = await this.learner.view();
      if (view.n !== this.last || view.busy || view.state === "completed") return;
    }
    const kind = this.state === "" ? { start: { course: "small", busy_policy: "defer" } }
      : this.state === "awaiting_answer" ? { message: { text: this.answers[this.question.text], intent: "ANSWER" } }
      : { continue: {} };
    const id = randomUUID();
    this.waitingFor = id;
    await this.learner.post(kind, id);
  }
  // While `read` runs.
  async speak(read) {
    let reading = true;
    const done = read.finally(() => (reading = false));
    for (const deadline = Date.now() + 60_000; reading && !this.over; ) {
      if (Date.now() > deadline) throw new Error(`the lesson stands still: ${this.state} after message ${this.last}`);
      const before = this.last;
      await this.next();
      if (this.last === before) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return done;
  }
}

// Until the condition holds, which is asked again and again.
export async function until(condition, what, ms = 20_000) {
  for (const deadline = Date.now() + ms; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
// What the models of these tests say: the one breaks off, the other takes its time.
export const kBroken = "A broken beginning";
export const kWhole = "A whole answer of many words, which takes its time to be said to the end.";

// What a session says to a stop is the answer to the stop: who was stopped does not have it.
export const withoutStops = (texts) => texts.filter((text) => !text.startsWith("Stopped."));

export function same(found, wanted, what) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}:\n${JSON.stringify(found)}\nand not\n${JSON.stringify(wanted)}`);
  }
}

// What the session has sent, as a person reads it: from its own messages, over the native convention.
export async function shown(learner) {
  const lesson = new Lesson(learner, {});
  const { n } = await learner.view();
  await learner.socket(0, (text) => lesson.receive(text) && lesson.last < n);
  return lesson.messages
    .map((m) => (m.question ? m.question.text + (m.question.choices ?? []).map((c, i) => `${i ? "\n" : "\n\n"}- ${c}`).join("") : m.text ?? m.hint?.text ?? m.feedback?.text))
    .filter(Boolean);
}
