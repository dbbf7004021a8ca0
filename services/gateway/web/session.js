// The way to the session: a WebSocket that comes back by itself, and events that are sent until they are stored.
//
// Messages are handed on in the order of n, each once. An event keeps its id when it is sent again, so it counts
// once, whatever the line does.

const kWaitFirstMs = 400;
const kWaitMaxMs = 8000;
const kResendMs = 6000;

export class Session {
  // on: {message, status, accepted, refused}
  constructor({ learner, token, on }) {
    this.learner = learner;
    this.token = token; // Given from outside; null: the demo's.
    this.on = on;
    this.last = 0;
    this.waiting = new Map(); // Events that are not stored yet, by id.
    this.waitMs = kWaitFirstMs;
    addEventListener("online", () => this.reconnectNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.reconnectNow();
    });
    setInterval(() => this.resend(), 2000);
  }

  async bearer() {
    if (this.token) return this.token;
    if (this.demo && this.demo.expires * 1000 - Date.now() > 60_000) return this.demo.token;
    const answer = await fetch("v1/demo/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ learner: this.learner }),
    });
    if (!answer.ok) throw await refusalOf(answer);
    this.demo = await answer.json();
    return this.demo.token;
  }

  async view() {
    const answer = await fetch("v1/sessions/me", { headers: { Authorization: `Bearer ${await this.bearer()}` } });
    if (answer.status === 404) return null;
    if (!answer.ok) throw await refusalOf(answer);
    return answer.json();
  }

  // What may be begun here: [{course, title}].
  async courses() {
    const answer = await fetch("v1/courses", { headers: { Authorization: `Bearer ${await this.bearer()}` } });
    return answer.ok ? (await answer.json()).courses : [];
  }

  async connect() {
    clearTimeout(this.timer);
    if (this.socket || this.connecting) return;
    this.connecting = true;
    try {
      const made = await fetch("v1/tickets", {
        method: "POST",
        headers: { Authorization: `Bearer ${await this.bearer()}` },
      });
      if (!made.ok) {
        if (made.status === 401) this.demo = null;
        throw await refusalOf(made);
      }
      const { ticket } = await made.json();
      const url = new URL(`v1/sessions/me/ws?after=${this.last}&ticket=${ticket}`, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      const socket = new WebSocket(url);
      this.socket = socket;
      socket.onopen = () => {
        this.waitMs = kWaitFirstMs;
        this.on.status("online");
        for (const event of this.waiting.values()) this.transmit(event);
      };
      socket.onmessage = (frame) => this.receive(JSON.parse(frame.data));
      socket.onclose = () => {
        if (this.socket !== socket) return;
        this.socket = null;
        this.later();
      };
    } catch (error) {
      this.socket = null;
      this.later(error.message);
    } finally {
      this.connecting = false;
    }
  }

  later(why) {
    this.on.status("offline", why);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.waitMs * (0.7 + 0.6 * Math.random()));
    this.waitMs = Math.min(this.waitMs * 2, kWaitMaxMs);
  }

  reconnectNow() {
    this.waitMs = kWaitFirstMs;
    if (!this.socket) this.connect();
  }

  receive(frame) {
    if (frame.accepted) {
      this.waiting.delete(frame.accepted.id);
      return this.on.accepted(frame.accepted.id);
    }
    if (frame.refused) {
      const { id, retryable, error } = frame.refused;
      const event = this.waiting.get(id);
      if (retryable && event) return void (event.refused = true); // It is sent again by itself.
      this.waiting.delete(id);
      return this.on.refused(id, error);
    }
    if (frame.resumed?.first_n) this.last = Math.max(this.last, frame.resumed.first_n - 1);
    const n = frame.n ?? 0;
    if (n > 0) {
      if (n <= this.last) return;
      this.last = n;
    }
    this.on.message(frame);
  }

  // Returns the event's id.
  send(kind) {
    const id = crypto.randomUUID();
    const event = { id, ...kind };
    this.waiting.set(id, event);
    this.transmit(event);
    return id;
  }

  transmit(event) {
    event.sentMs = Date.now();
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const { sentMs, refused, ...wire } = event;
    this.socket.send(JSON.stringify(wire));
  }

  resend() {
    const refusedMs = 1300; // After a refusal for its rate, which says to come again in a second.
    for (const event of this.waiting.values()) {
      if (Date.now() - event.sentMs > (event.refused ? refusedMs : kResendMs)) this.transmit(event);
    }
  }
}

async function refusalOf(answer) {
  try {
    return new Error((await answer.json()).error);
  } catch {
    return new Error(`The server answered ${answer.status}.`);
  }
}
