// What the facts are written with: learners, clients, tool workers and operators over the public NATS client, in
// JSON. The environment names the server (NATS_URL) and the password of each role (LYCEUM_<ROLE>_PASSWORD).
import { connect, headers, JSONCodec } from "nats";

export const json = JSONCodec();

// Of each role one connection, and more where a fact asks for them.
const opened = [];
export async function connectAs(role, options = {}) {
  const nc = await connect({
    servers: process.env.NATS_URL,
    user: role,
    pass: process.env[`LYCEUM_${role.toUpperCase()}_PASSWORD`],
    inboxPrefix: `_INBOX.${role}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    ...options,
  });
  opened.push(nc);
  return nc;
}
export async function closeAll() {
  await Promise.all(opened.map((nc) => nc.close()));
}

export function check(holds, text) {
  if (!holds) throw new Error(`not so: ${text}`);
}
export function equal(is, wanted, text) {
  const [a, b] = [JSON.stringify(is), JSON.stringify(wanted)];
  check(a === b, `${text}: ${a}, not ${b}`);
}
export const range = (count) => [...Array(count).keys()];

// Waits until `look` gives something, and looks when `bell` rings. The text says what was awaited.
export class Bell {
  #waiting = new Set();
  ring() {
    for (const wake of this.#waiting) wake();
  }
  async until(text, look, ms = 10_000) {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`not in ${ms} ms: ${text}`);
      await new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }
}

// Publishes to the log; the ack. `messageId`: Nats-Msg-Id, null: none.
export async function publish(nc, subject, payload, messageId = null) {
  const h = headers();
  h.set("Content-Type", "application/json");
  const data = payload instanceof Uint8Array ? payload : typeof payload === "string" ? Buffer.from(payload) : json.encode(payload);
  const options = { headers: h, timeout: 5000 };
  if (messageId !== null) options.msgID = messageId;
  return nc.jetstream().publish(subject, data, options);
}

let counted = 0;
export const freshId = (name) => `${name}-${++counted}`;

// Who checks what comes and what is sent, see schemas.mjs. What does not fit is kept here, and fails the fact.
export const checks = { message: () => undefined, event: () => undefined, request: () => undefined, view: () => undefined };
export const misfits = [];
function held(name, value) {
  const misfit = checks[name](value);
  if (misfit) misfits.push(misfit);
  return value;
}

// One client of one learner.
export class Client {
  constructor(nc, user, id = freshId("client")) {
    this.nc = nc;
    this.user = user;
    this.id = id;
    this.bell = new Bell();
    this.heard = []; // All that has come.
    this.next = 0; // The first of those that no `hear` has passed over.
    nc.subscribe(`lyceum.out.${id}`, {
      callback: (_, raw) => {
        this.heard.push(held("message", json.decode(raw.data)));
        this.bell.ring();
      },
    });
  }
  // The first message of those not passed over yet for which `wanted` holds.
  hear(text, wanted, ms) {
    return this.bell.until(
      `${this.id}: ${text}; it has ${JSON.stringify(this.heard.slice(-6))}`,
      () => {
        while (this.next < this.heard.length) {
          const message = this.heard[this.next++];
          if (wanted(message)) return message;
        }
      },
      ms,
    );
  }
  reply(id, wanted = () => true, ms) {
    return this.hear(`a reply to ${id}`, (m) => m.in_reply_to === id && wanted(m), ms);
  }
  // Those that have come since `from` (an index into heard).
  since(from) {
    return this.heard.slice(from);
  }
  // Sends an event, with its id as the contract wants it. The ack, with that id.
  async send(kind, { id = freshId("event"), messageId = `${this.user}/${id}`, client = this.id, fits = true } = {}) {
    const event = { id, client, ...kind };
    const ack = await publish(this.nc, `lyceum.in.user.${this.user}`, fits ? held("event", event) : event, messageId);
    return { ...ack, id };
  }
  async start(more = {}) {
    const { id } = await this.send({ start: { course: "fractions", ...more } });
    await this.reply(id, (m) => m.text);
  }
  // From the first material to the first question.
  async toQuestion() {
    const { id } = await this.send({ skip: {} });
    return (await this.reply(id, (m) => m.question)).question;
  }
  // Sends something that is answered for sure: all that came before has come when the answer has.
  async marker() {
    const { id } = await this.send({ message: { text: " " } });
    return this.reply(id, (m) => m.error?.code === "text_empty");
  }
  ask(text, more) {
    return this.send({ message: { text, intent: "QUESTION" } }, more);
  }
}

// A tool worker: accepts every request at once, and keeps it until the fact answers it.
export class Tool {
  constructor(nc, id, tools, slots = 64) {
    Object.assign(this, { nc, id, tools, slots, requests: [], controls: [], next: 0, running: new Set() });
    this.bell = new Bell();
    this.alone = undefined; // Answers each request as it comes, where it is set.
    this.beat();
    this.timer = setInterval(() => this.beat(), 300);
    for (const tool of tools) {
      nc.subscribe(`lyceum.tool.${tool}`, { queue: "tools", callback: (_, raw) => this.#take(raw) });
    }
    nc.subscribe(`lyceum.toolctl.${id}`, {
      callback: (_, raw) => {
        this.controls.push(json.decode(raw.data));
        this.bell.ring();
      },
    });
  }
  static async serving(id, tools) {
    const tool = new Tool(await connectAs("tool_worker"), id, tools);
    await tool.nc.flush();
    return tool;
  }
  beat() {
    const state = { worker: this.id, tools: this.tools, slots: this.slots, free: this.slots - this.running.size, in_flight: [...this.running] };
    if (!this.nc.isClosed()) this.nc.publish(`lyceum.toolworker.${this.id}`, json.encode(state), this.#inJson());
  }
  #inJson() {
    const h = headers();
    h.set("Content-Type", "application/json");
    return { headers: h };
  }
  #take(raw) {
    if (raw.data[0] !== 0x7b) return; // Sent before anybody knew of this worker: it comes again, in JSON.
    const request = held("request", json.decode(raw.data));
    raw.respond(json.encode({ id: request.id, accepted: { worker: this.id } }), this.#inJson());
    request.came = Date.now();
    this.running.add(request.id);
    this.requests.push(request);
    if (this.alone) this.alone(request);
    this.bell.ring();
  }
  // The next request of those not handed out yet, of this learner where one is named.
  request(user, ms) {
    return this.bell.until(
      `a request of ${user ?? "anybody"}`,
      () => {
        const found = this.requests.find((r) => !r.handedOut && (user === undefined || r.user === user));
        if (found) found.handedOut = true;
        return found;
      },
      ms,
    );
  }
  control(text, wanted, ms) {
    return this.bell.until(`${text}; it has ${JSON.stringify(this.controls)}`, () => this.controls.find(wanted), ms);
  }
  say(request, offset, text) {
    const delta = { request_id: request.id, attempt: request.attempt, offset, text };
    for (const subject of request.stream_subjects ?? []) {
      check(request.stream_json_subjects.includes(subject), `${subject} is told in JSON`);
      this.nc.publish(subject, json.encode({ user: request.user, delta }), this.#inJson());
    }
  }
  async answer(request, ok) {
    await this.result(request, { ok: { [request.tool]: ok } });
  }
  async result(request, outcome) {
    const result = { id: request.id, attempt: request.attempt, tool: request.tool, worker: this.id, ...outcome };
    await publish(this.nc, request.reply_subject, { id: request.id, tool_result: result }, request.id);
    this.running.delete(request.id);
  }
  explain(request, text = `About "${request.args.clarify_concept?.text}": look again.`) {
    return this.answer(request, { text, on_topic: true });
  }
  stop() {
    clearInterval(this.timer);
  }
}

// What people who run it see.
export class Operator {
  constructor(nc) {
    this.nc = nc;
  }
  static async connected() {
    const operator = new Operator(await connectAs("operator"));
    operator.streams = (await operator.nc.jetstreamManager()).streams;
    return operator;
  }
  async view(user, query = { history_max: 10_000 }) {
    const h = headers();
    h.set("Content-Type", "application/json");
    const answer = await this.nc.request(`lyceum.query.${user}`, json.encode(query), { headers: h, timeout: 5000 });
    return held("view", json.decode(answer.data));
  }
  // Records of class user: of one learner, or of everybody.
  async userRecords(user = "*") {
    let count = 0;
    for (const partition of range(16)) {
      const info = await this.streams.info(`LYCEUM_P${partition}`, { subjects_filter: `lyceum.p.${partition}.user.${user}` });
      for (const messages of Object.values(info.state.subjects ?? {})) count += messages;
    }
    return count;
  }
  // The payloads of the dead letters so far, as they lie there (protobuf).
  async deadLetters() {
    const { state } = await this.streams.info("LYCEUM_DLQ");
    const letters = [];
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; ++seq) {
      letters.push(Buffer.from((await this.streams.getMessage("LYCEUM_DLQ", { seq })).data).toString("latin1"));
    }
    return letters;
  }
}
