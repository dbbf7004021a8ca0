// node gone_at_byte.mjs BASE WAY: agent-framework #7230. A learner asks over WAY (chat, ag-ui, socket), and the connection is gone
// after so many bytes of the answer, for each number of bytes that an answer has: the session goes on, and in the end it is the
// one of a learner who was never disturbed. What may not be stored is sent again, with its id.
import net from "node:net";
import { Learner, same, until } from "./client.mjs";

const [base, way] = process.argv.slice(2);
const { hostname, port, host } = new URL(base);
const kAtOnce = 8;
const kBytesMax = 3000;
const kText = "why is it so?";
const kQuestion = { id: "q-1", message: { text: kText, intent: "QUESTION" } };

const post = (path, token, body) => {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};
// A frame under a mask that changes nothing.
const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const ways = {
  chat: (token) => ({
    first: post("/api/chat", token, { id: "me", lyceum: { message: kQuestion.message }, messages: [{ id: kQuestion.id, role: "user", parts: [{ type: "text", text: kText }] }] }),
  }),
  "ag-ui": (token) => ({
    first: post("/v1/ag-ui", token, { threadId: "me", runId: "r", forwardedProps: { lyceum: { message: kQuestion.message } }, messages: [{ id: kQuestion.id, role: "user", content: kText }] }),
  }),
  socket: (token) => ({
    first: `GET /v1/sessions/me/ws?after=1000 HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    then: frame(JSON.stringify(kQuestion)),
  }),
};

// Until `limit` bytes have come behind the head of the answer, or its end. How many came: all of an answer on a socket that stays
// open is a message that ends it.
function ask({ first, then }, limit) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname);
    let came = "";
    let open = false;
    const gone = () => {
      socket.destroy();
      resolve(Math.max(0, came.length));
    };
    socket.on("error", (error) => (error.code === "ECONNRESET" ? gone() : reject(error))).on("end", gone);
    socket.on("data", (bytes) => {
      came += bytes.toString("latin1");
      const head = came.indexOf("\r\n\r\n");
      if (!open && head !== -1) {
        if (!/^HTTP\/1.1 (200|101)/.test(came)) return reject(new Error(came));
        open = true;
        came = came.slice(head + 4);
        if (then) socket.write(then);
      }
      if (open && (came.length >= limit || (then && /"in_reply_to":"q-1"[^]*"text":/.test(came)))) gone();
    });
    socket.write(first);
    if (limit === 0 && !then) gone();
  });
}
async function lesson(name, limit) {
  const learner = new Learner(base, `${way}-${name}`);
  await learner.post({ start: { course: "small" } }, "start");
  const free = async (said) => {
    const view = await learner.view().catch(() => ({ busy: true, history: [] }));
    return !view.busy && view.history.filter((entry) => entry.role === "learner").length === said;
  };
  await until(() => free(1).then((one) => one || free(0)), "the start");
  await learner.bearer();
  const bytes = await ask(ways[way](learner.token), limit);
  await learner.post({ message: kQuestion.message }, kQuestion.id);
  await until(async () => (await learner.view()).history.some((entry) => entry.text === kText), "the question");
  await until(async () => !(await learner.view()).busy, "the answer");
  const { at, user, history, ...view } = await learner.view();
  return { bytes, view: { ...view, history: history.map(({ at, ...entry }) => entry) } };
}

const whole = await lesson("whole", Infinity);
if (whole.bytes < 100 || whole.bytes > kBytesMax) throw new Error(`an answer of ${whole.bytes} bytes`);
let next = 0;
let cut = 0;
await Promise.all(Array.from({ length: kAtOnce }, async () => {
  while (next < whole.bytes) {
    const limit = next++;
    const { bytes, view } = await lesson(`cut-${limit}`, limit);
    same(view, whole.view, `the session after ${limit} bytes`);
    if (bytes < whole.bytes) ++cut;
  }
}));
if (cut < whole.bytes / 4) throw new Error(`only ${cut} were cut`);
console.log(`${way}: an answer of ${whole.bytes} bytes, gone after each of them, ${cut} before its end`);
process.exit(0);
