// A tool worker in another language: serves `clarify_concept`, and `convert_length`, a function that the
// tutor's model calls where a course registers it; JSON over NATS.
//
//   NATS_URL=... NATS_USER=tool_worker NATS_PASSWORD=... node tool_worker.mjs [ID [TOOL...]]
//
// It shows the whole protocol: queue group, accept or busy, heartbeat, cancel, a result that is sent until
// it is acked, and a request id that is never run twice. Start the built-in worker with --tools without
// clarify_concept beside it, and every question goes here.
import { connect, headers, JSONCodec } from "nats";

const id = process.argv[2] ?? "example-tools";
const tools = process.argv.length > 3 ? process.argv.slice(3) : ["clarify_concept", "convert_length"];
const slots = 4;
const json = JSONCodec();
const jsonHeaders = () => {
  const h = headers();
  h.set("Content-Type", "application/json");
  return h;
};
const nc = await connect({
  servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222",
  user: process.env.NATS_USER,
  pass: process.env.NATS_PASSWORD,
  inboxPrefix: "_INBOX.tool_worker",
  waitOnFirstConnect: true,
  maxReconnectAttempts: -1, // The client's default gives up after ten.
  reconnectTimeWait: 500,
});
const js = nc.jetstream();
const running = new Map(); // Request id -> true, or false once it was cancelled.
const finished = new Map(); // Request id -> its result, the last 256.
let draining = false;

// The work itself. Anything thrown becomes an error result; nothing else may come out.
async function clarify({ text, question }) {
  const about = question ? " while you work on the question" : "";
  return { clarify_concept: { text: `You asked${about}: "${text}". Let us look at it step by step.`, on_topic: true } };
}

const metres = { mm: 0.001, cm: 0.01, m: 1, km: 1000 };

// A function has JSON as text, by the schemas that the course has for it, in `function.json`.
async function convertLength(json) {
  const { value, from, to } = JSON.parse(json);
  if (typeof value !== "number" || !metres[from] || !metres[to]) throw new Error("no length, or no unit");
  return { function: { json: JSON.stringify({ value: (value * metres[from]) / metres[to], unit: to }) } };
}

const serves = {
  clarify_concept: (args) => clarify(args.clarify_concept),
  convert_length: (args) => convertLength(args.function.json),
};

async function publishResult(request, result) {
  const event = { id: request.id, tool_result: result };
  // A function's goes to who asked, once; there is no stream that would ack it.
  if (request.reply_subject.startsWith("_INBOX.tool_worker.")) {
    nc.publish(request.reply_subject, json.encode(event), { headers: jsonHeaders() });
    return;
  }
  while (!nc.isClosed()) {
    try {
      await js.publish(request.reply_subject, json.encode(event), { msgID: request.id, headers: jsonHeaders(), timeout: 2000 });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function serve(request) {
  const started = Date.now();
  const base = { id: request.id, attempt: request.attempt, tool: request.tool, worker: id, provider: "example" };
  let outcome;
  try {
    outcome = { ok: await serves[request.tool](request.args) };
  } catch (error) {
    outcome = { error: { code: "tool_failed", text: String(error), retryable: true } };
  }
  if (running.get(request.id) === false) return running.delete(request.id); // Cancelled meanwhile.
  const result = { ...base, latency_ms: Date.now() - started, ...outcome };
  await publishResult(request, result);
  running.delete(request.id);
  finished.set(request.id, result);
  if (finished.size > 256) finished.delete(finished.keys().next().value);
}

function beat() {
  const state = { worker: id, tools, slots, free: slots - running.size, draining, in_flight: [...running.keys()] };
  nc.publish(`lyceum.toolworker.${id}`, json.encode(state), { headers: jsonHeaders() });
}

beat(); // Before the first request can come: it says that this worker reads JSON.
for (const tool of tools) {
  nc.subscribe(`lyceum.tool.${tool}`, {
    queue: "tools",
    callback: (_, raw) => {
      if (raw.data[0] !== 0x7b) return; // Sent before anybody knew of this worker: it comes again, in JSON.
      const request = json.decode(raw.data);
      const known = running.has(request.id) || finished.has(request.id);
      if (draining || (!known && running.size >= slots)) {
        raw.respond(json.encode({ id: request.id, busy: {} }), { headers: jsonHeaders() });
        return;
      }
      raw.respond(json.encode({ id: request.id, accepted: { worker: id } }), { headers: jsonHeaders() });
      if (finished.has(request.id)) publishResult(request, finished.get(request.id));
      if (known) return;
      running.set(request.id, true);
      serve(request);
    },
  });
}
nc.subscribe(`lyceum.toolctl.${id}`, {
  callback: (_, raw) => {
    const { id: request, reason } = json.decode(raw.data);
    if (reason) console.error(`the result of ${request} was refused: ${reason}`);
    else if (running.has(request)) running.set(request, false);
  },
});
setInterval(beat, 500);
process.on("SIGTERM", async () => {
  draining = true;
  while (running.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  await nc.drain();
  process.exit(0);
});
console.log(`${id} serves ${tools.join(", ")}`);
