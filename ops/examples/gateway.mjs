// A gateway in 130 lines: one learner, one line of text at a time, JSON over NATS.
//
//   NATS_URL=... NATS_USER=gateway NATS_PASSWORD=... node gateway.mjs USER COURSE
//
// Reads lines from standard input (/hint /skip /continue, anything else is a message) and prints each
// message of the tutor as one line of JSON. Ends when the course is completed or the input is. A line or
// a server that is away for a while loses nothing: see publish and attach.
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
  waitOnFirstConnect: true,
  maxReconnectAttempts: -1, // The client's default gives up after ten.
  reconnectTimeWait: 500,
});
const js = nc.jetstream();
const client = "example-" + randomUUID();

// The JetStream ack is the promise that the event will be folded in. Until it comes, send the same
// event again: same id, so it counts once. Ids are unique per learner, hence the user in the header.
async function publish(event) {
  const h = headers();
  h.set("Content-Type", "application/json");
  while (!nc.isClosed()) {
    try {
      await js.publish(`lyceum.in.user.${user}`, json.encode(event), {
        msgID: `${user}/${event.id}`,
        headers: h,
        timeout: 2000,
      });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
const send = (kind) => publish({ id: randomUUID(), client, ...kind });

// n is dense: a gap means that something was missed, and attach{after_n} brings it again. One attach is in
// flight at a time; it is over when all that `resumed` names has come, and else after two seconds.
let last = 0; // The last n that was printed.
let seen = 0; // The highest that came.
let attaching; // The timer of the attach in flight.
let tries = 0;
let acceptGap = false;
function attach() {
  if (attaching !== undefined) return;
  attaching = setTimeout(() => {
    attaching = undefined;
    if (seen <= last) return;
    if (++tries === 3) acceptGap = true; // It is not kept any more: go on with what comes next.
    attach();
  }, 2000);
  send({ attach: { after_n: last } });
}
function attachDone() {
  clearTimeout(attaching);
  attaching = undefined;
  tries = 0;
  acceptGap = false;
}
// True where the message is to be shown now.
function inOrder(message) {
  const n = message.n ?? 0;
  if (n === 0) return true; // No part of the session.
  seen = Math.max(seen, n);
  if (n <= last) return false; // Seen before.
  if (last > 0 && n > last + 1 && !acceptGap) {
    attach();
    return false; // The attach brings it again.
  }
  last = n;
  if (attaching !== undefined && last >= seen) attachDone();
  return true;
}

// One event may bring several messages: the learner's turn is when the event was answered, no tool runs, and
// no more comes for a moment.
let waitingFor = "";
let quiet;
let ready = () => {};
let turn = new Promise((resolve) => (ready = resolve));
async function sendAndWait(kind) {
  const event = { id: randomUUID(), client, ...kind };
  waitingFor = event.id;
  turn = new Promise((resolve) => (ready = resolve));
  await publish(event);
}
async function listen(subscription) {
  for await (const raw of subscription) {
    const message = json.decode(raw.data);
    if (message.resumed) {
      // What lies before first_n is gone for good.
      last = Math.max(last, (message.resumed.first_n ?? last + 1) - 1);
      seen = Math.max(last, message.resumed.last_n ?? 0); // So far the messages go that follow.
      if (last >= seen) attachDone(); // Else the timer asks again for what does not come.
    }
    if (message.detached) attach(); // Other clients of this learner pushed this one out.
    if (!inOrder(message)) continue;
    console.log(JSON.stringify(message));
    if ("completed" in message) return finish();
    if (message.in_reply_to === waitingFor) waitingFor = "";
    clearTimeout(quiet);
    if (waitingFor === "" && !["awaiting_tool_result", "awaiting_approval"].includes(message.state)) quiet = setTimeout(() => ready(), 100);
  }
}
async function finish() {
  await nc.drain();
  process.exit(0);
}

listen(nc.subscribe(`lyceum.out.${client}`));
(async () => {
  for await (const status of nc.status()) {
    if (status.type !== "reconnect") continue;
    attachDone(); // What was in flight may have gone with the line.
    attach(); // And so may messages that nothing tells of.
  }
})();
await sendAndWait({ start: { course, busy_policy: "defer" } });
for await (const line of createInterface({ input: process.stdin })) {
  await turn; // The tutor has answered and waits for the learner.
  const command = { "/hint": { hint: {} }, "/skip": { skip: {} }, "/continue": { continue: {} } }[line.trim()];
  await sendAndWait(command ?? { message: { text: line } });
}
await turn;
await finish();
