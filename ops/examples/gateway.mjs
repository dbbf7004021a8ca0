// A gateway in 80 lines: one learner, one line of text at a time, JSON over NATS.
//
//   NATS_URL=... NATS_USER=gateway NATS_PASSWORD=... node gateway.mjs USER COURSE
//
// Reads lines from standard input (/hint /skip /continue, anything else is a message) and prints each
// message of the tutor as one line of JSON. Ends when the course is completed or the input is.
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { connect, headers, JSONCodec } from "nats";

const [user, course] = process.argv.slice(2);
if (!user || !course) {
  console.error("usage: node gateway.mjs USER COURSE");
  process.exit(2);
}
const json = JSONCodec();
const nc = await connect({
  servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222",
  user: process.env.NATS_USER,
  pass: process.env.NATS_PASSWORD,
  inboxPrefix: "_INBOX.gateway", // Each role has its own: no role reads another's answers.
});
const js = nc.jetstream();
const client = "example-" + randomUUID();

// The JetStream ack is the promise that the event will be folded in. Until it comes, send the same
// event again: same id, so it counts once.
async function publish(kind) {
  const event = { id: randomUUID(), client, ...kind };
  const h = headers();
  h.set("Content-Type", "application/json");
  for (let attempt = 1; ; attempt++) {
    try {
      await js.publish(`lyceum.in.user.${user}`, json.encode(event), { msgID: event.id, headers: h, timeout: 2000 });
      return;
    } catch (error) {
      if (attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

// n is dense: a gap means that something was missed, and attach{after_n} brings it again.
let last = 0;
let quiet;
let ready = () => {};
let turn = new Promise((resolve) => (ready = resolve));
async function listen(subscription) {
  for await (const raw of subscription) {
    const message = json.decode(raw.data);
    const n = message.n ?? 0;
    if (n > 0) {
      if (n <= last) continue; // Seen before.
      if (last > 0 && n > last + 1) {
        await publish({ attach: { after_n: last } });
        continue;
      }
      last = n;
    }
    console.log(JSON.stringify(message));
    if ("completed" in message) return finish();
    // One event may bring several messages: the learner's turn is when no more come for a moment.
    clearTimeout(quiet);
    if (message.state !== "awaiting_tool_result" && !("wait" in message)) quiet = setTimeout(() => ready(), 100);
  }
}
async function finish() {
  await nc.drain();
  process.exit(0);
}

listen(nc.subscribe(`lyceum.out.${client}`));
await publish({ start: { course } });
for await (const line of createInterface({ input: process.stdin })) {
  await turn; // The tutor has answered and waits for the learner.
  turn = new Promise((resolve) => (ready = resolve));
  const command = { "/hint": { hint: {} }, "/skip": { skip: {} }, "/continue": { continue: {} } }[line.trim()];
  await publish(command ?? { message: { text: line } });
}
await turn;
await finish();
