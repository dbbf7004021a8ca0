// 50 learners with 3 tabs each. Tabs open, close and lose their line at random, and some are away while 200 messages
// come. Each tab keeps the resume recipe of docs/contract.md. LYCEUM_SEED repeats a run.
import { createConnection, createServer } from "node:net";
import { Bell, check, connectAs, equal, json, Operator, publish, range } from "./lyceum.mjs";
import { headers } from "nats";

const learners = 50;
const tabs = 3;
const whileAway = 200;
// With what is said at the start: no more than the 256 messages that are kept.
const before = 30;
const after = 10;

// Mulberry32: the same numbers on every machine.
function randomOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

// The line of one tab to the server, which can be lost.
class Line {
  #sockets = new Set();
  lost = false;
  static async to(url) {
    const line = new Line();
    const server = createServer((near) => {
      if (line.lost) return near.destroy();
      const far = createConnection({ host: url.hostname, port: Number(url.port) });
      for (const [one, other] of [[near, far], [far, near]]) {
        line.#sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => {});
        one.on("close", () => {
          other.destroy();
          line.#sockets.delete(one);
        });
        one.pipe(other);
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    line.server = server;
    line.url = `nats://127.0.0.1:${server.address().port}`;
    return line;
  }
  lose() {
    this.lost = true;
    for (const socket of this.#sockets) socket.destroy();
  }
  close() {
    this.lose();
    this.server.close();
  }
}

let opened = 0;
class Tab {
  last = 0; // The n of the last message that was shown.
  shown = new Map(); // By n, as JSON.
  connected = true;
  attaching = undefined; // The timer of the attach in flight: one at a time.
  static async open(user, url, bell) {
    const tab = new Tab();
    Object.assign(tab, { user, bell, id: `tab-${++opened}`, attaches: 0 });
    tab.line = await Line.to(url);
    tab.nc = await connectAs("gateway", { servers: tab.line.url, waitOnFirstConnect: true, timeout: 5000 });
    tab.nc.subscribe(`lyceum.out.${tab.id}`, { callback: (_, raw) => tab.#take(json.decode(raw.data)) });
    (async () => {
      for await (const { type } of tab.nc.status()) {
        if (type === "disconnect") tab.connected = false;
        if (type !== "reconnect") continue;
        tab.connected = true;
        tab.#attached(); // What was in flight may have gone with the line.
        tab.attach();
      }
    })();
    return tab;
  }
  get hasLine() {
    return this.connected && !this.line.lost;
  }
  attach() {
    if (this.attaching !== undefined || !this.connected || this.nc.isClosed()) return;
    this.attaching = setTimeout(() => {
      this.attaching = undefined;
      this.attach();
    }, 3000);
    const h = headers();
    h.set("Content-Type", "application/json");
    const event = { id: `${this.id}-${++this.attaches}`, client: this.id, attach: { after_n: this.last } };
    h.set("Nats-Msg-Id", `${this.user}/${event.id}`);
    this.nc.publish(`lyceum.in.user.${this.user}`, json.encode(event), { headers: h });
  }
  #attached() {
    clearTimeout(this.attaching);
    this.attaching = undefined;
  }
  #take(message) {
    const n = message.n ?? 0;
    if (message.resumed) {
      this.#attached();
      this.last = Math.max(this.last, (message.resumed.first_n ?? 1) - 1);
    } else if (message.detached) {
      this.attach();
    } else if (n > this.last + 1) {
      this.attach();
    } else if (n === this.last + 1) {
      this.shown.set(n, JSON.stringify(message));
      this.last = n;
    } else if (n > 0) {
      equal(JSON.stringify(message), this.shown.get(n), `${this.id} gets message ${n} again`);
    }
    this.bell.ring();
  }
  async close(saysSo) {
    this.#attached();
    if (saysSo && this.hasLine) {
      this.attaches++;
      await publish(this.nc, `lyceum.in.user.${this.user}`, { id: `${this.id}-gone`, client: this.id, detach: {} }).catch(() => {});
    }
    await this.nc.close();
    this.line.close();
  }
}

class Learner {
  made = 0; // Events that this person made.
  bell = new Bell();
  tabs = [];
  constructor(user, url, random) {
    Object.assign(this, { user, url, random });
  }
  pick(list) {
    return list[this.random(list.length)];
  }
  get reachable() {
    return this.tabs.filter((tab) => tab.hasLine);
  }
  async openTab(attaches = true) {
    const tab = await Tab.open(this.user, this.url, this.bell);
    this.tabs.push(tab);
    if (attaches) tab.attach();
    return tab;
  }
  // By any tab that can; until it is acked, which other tabs may have to do.
  async act(kind) {
    const id = `event-${++this.made}`;
    for (let tries = 0; tries < 60; ++tries) {
      const tab = await this.bell.until("a tab that has a line", () => this.pick(this.reachable));
      try {
        return await publish(tab.nc, `lyceum.in.user.${this.user}`, { id, client: tab.id, ...kind }, `${this.user}/${id}`);
      } catch {
        // It lost its line: the same event again, with the same id.
      }
    }
    throw new Error(`${this.user}: an event was never acked`);
  }
  restoreLines() {
    for (const tab of this.tabs) tab.line.lost = false;
  }
  async happens() {
    const what = this.random(100);
    const one = this.pick(this.tabs);
    const others = this.reachable.filter((tab) => tab !== one);
    if (what < 10 && one.hasLine && others.length > 0) {
      one.line.lose();
    } else if (what < 20) {
      one.line.lost = false;
    } else if (what < 28 && others.length > 0) {
      this.tabs.splice(this.tabs.indexOf(one), 1);
      await one.close(this.random(2) === 0);
      await this.openTab();
    } else {
      await this.act({ continue: {} });
    }
  }
  async lives() {
    const first = await this.openTab(false);
    await this.act({ start: { course: "fractions" } });
    await this.bell.until("the course begins", () => first.last >= 2);
    for (let i = 1; i < tabs; ++i) await this.openTab();
    await this.act({ skip: {} });
    while (this.made < before) await this.happens();
    // One or two of the tabs are away: their line is gone.
    const away = this.tabs.filter((tab) => tab.hasLine).slice(1 - tabs).slice(0, 1 + this.random(tabs - 1));
    if (away.length === this.reachable.length) away.pop();
    for (const tab of away) tab.line.lose();
    const until = this.made + whileAway;
    while (this.made < until) await Promise.all(range(Math.min(8, until - this.made)).map(() => this.act({ continue: {} })));
    this.restoreLines();
    while (this.made < until + after) await this.happens();
    this.restoreLines();
  }
}

export async function FiftyLearnersWithThreeTabsEachSeeTheSameInAllOfThem() {
  const seed = Number(process.env.LYCEUM_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`seed ${seed}`);
  const operator = await Operator.connected();
  const url = new URL(process.env.NATS_URL);
  const people = range(learners).map((i) => new Learner(`person-${i}`, url, randomOf(seed + i)));
  await Promise.all(people.map((person) => person.lives()));
  let made = 0;
  for (const person of people) {
    made += person.made;
    const last = (await operator.view(person.user, { history_max: 1 })).n;
    check(last > whileAway && last <= 256, `${person.user} has ${last} messages`);
    for (const tab of person.tabs) {
      await person.bell.until(`${tab.id} of ${person.user} has ${last} messages, it has ${tab.last}`, () => tab.last === last, 20_000);
      equal(tab.shown.size, last, `${tab.id}: what it has shown`);
    }
    for (const n of range(last)) {
      const [first, ...others] = person.tabs.map((tab) => tab.shown.get(n + 1));
      for (const other of others) equal(other, first, `message ${n + 1} of ${person.user}`);
    }
  }
  const records = await operator.userRecords();
  console.log(`${made} events that people made, ${records} records of class user: ${(records / made).toFixed(3)} x`);
  check(records >= made, "every event is a record");
  check(records <= 1.2 * made, `${records} records, of ${made} events that people made`);
  for (const person of people) for (const tab of person.tabs) await tab.close(false);
}
