// What is not taken, and who is told.
import { check, Client, connectAs, equal, Operator, publish, Tool } from "./lyceum.mjs";

const refused = (m) => m.error?.code === "refused";

export async function WhatCannotBeReadIsRefusedToAllClientsOfItsSession() {
  const nc = await connectAs("gateway");
  const clients = [new Client(nc, "ada"), new Client(nc, "ada")];
  const [learner, other] = clients;
  const stranger = new Client(nc, "grace");
  await learner.start();
  await stranger.start();
  await other.send({ attach: {} });
  await other.hear("resumed", (m) => m.resumed);
  const unreadable = {
    "no JSON": "{ what",
    "no event at all": Buffer.from([0x08, 0xff, 0xff]),
    "half a surrogate": String.raw`{"id":"h","message":{"text":"\ud800"}}`,
    "bytes that are no UTF-8": Buffer.concat([Buffer.from('{"id":"u","message":{"text":"'), Buffer.from([0xff]), Buffer.from('"}}')]),
    "an event of another class": '{"id":"w","force_skip":{}}',
    "a field that is not known": '{"id":"f","message":{"text":"a","mood":"b"}}',
  };
  for (const [what, data] of Object.entries(unreadable)) {
    await publish(nc, "lyceum.in.user.ada", data);
    for (const client of clients) {
      const told = await client.hear(`that ${what} is refused`, refused);
      check(told.error.text.length > 10, `${what}: it says why`);
      equal(told.n ?? 0, 0, "it is no part of the session");
    }
  }
  equal((await (await Operator.connected()).deadLetters()).length, Object.keys(unreadable).length, "dead letters");
  await stranger.marker();
  check(!stranger.heard.some(refused), "nobody else is told");
}

export async function WhoeverSentItIsToldWhereThatCanBeRead() {
  const nc = await connectAs("gateway");
  const learner = new Client(nc, "ada");
  await learner.start();
  const apart = new Client(nc, "ada"); // Not attached.
  await publish(nc, "lyceum.in.user.ada", { id: "w1", client: apart.id, retry: {} });
  const told = await apart.hear("that it is refused", refused);
  equal(told.in_reply_to, "w1", "by its id");
  await learner.hear("it too", refused);
  // Also where there is no session.
  const nobody = new Client(nc, "nobody");
  await publish(nc, "lyceum.in.user.nobody", { id: "w2", client: nobody.id, start: { course: 5 } });
  equal((await nobody.hear("that it is refused", refused)).in_reply_to, "w2", "by its id");
}

export async function AnIdThatIsNoTokenIsWrittenInBase64url() {
  const nc = await connectAs("gateway");
  const operator = await Operator.connected();
  const user = `~${Buffer.from("ädä").toString("base64url")}`;
  equal(user, "~w6Rkw6Q", "how it is written");
  const learner = new Client(nc, user, `~${Buffer.from("phone 7").toString("base64url")}`);
  await learner.start();
  equal(learner.heard[0].user, user, "the user of its messages");
  // The same id as it is: stored as the server lets it through, and nobody's.
  await publish(nc, "lyceum.in.user.ädä", { id: "1", client: learner.id, start: { course: "fractions" } });
  await publish(nc, `lyceum.in.user.${"a".repeat(65)}`, { id: "1", client: learner.id, start: { course: "fractions" } });
  const deadline = Date.now() + 10_000;
  let letters = [];
  while (letters.length < 2 && Date.now() < deadline) letters = await operator.deadLetters();
  equal(letters.length, 2, "dead letters");
  for (const letter of letters) {
    check(letter.includes("bad_subject"), `the reason: ${letter}`);
    check(letter.includes("base64url"), `what to do: ${letter}`);
  }
}

export async function AResultThatDoesNotFitGoesBackToItsWorkerAndEndsTheCall() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const learner = new Client(nc, "ada");
  await learner.start();
  const misfits = [
    [{ ok: { clarify_concept: { text: 5 } } }, "text"],
    [{ ok: { give_hint: { text: "another tool's" } } }, "tool"],
    [{ ok: { clarify_concept: { text: "x".repeat(65_537), on_topic: true } } }, "65536"],
    [{}, "outcome"],
    [{ error: {} }, "code"],
  ];
  for (const [outcome, names] of misfits) {
    const { id } = await learner.ask("what is a half?");
    const request = await tool.request("ada");
    const began = Date.now();
    await tool.result(request, outcome);
    const { reason } = await tool.control("that it is refused", (c) => c.id === request.id);
    check(reason?.includes(names), `the reason names ${names}: ${reason}`);
    await learner.reply(id, (m) => m.text); // What stands in for an explanation.
    check(Date.now() - began < 2000, `it took ${Date.now() - began} ms`);
    equal(tool.requests.filter((r) => r.id === request.id).length, 1, "how often it was asked for");
  }
}

// temporal #6638: too large to be even terminated.
export async function AnEventOfAnySizeIsTakenOrRefusedWithItsLimitAndShutdownWorks() {
  const nc = await connectAs("gateway");
  const operator = await Operator.connected();
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  tool.alone = (request) => tool.explain(request, "Well.");
  const learner = new Client(nc, "ada");
  await learner.start({ busy_policy: "defer", context: { language: "l".repeat(512), objectives: Array(16).fill("o".repeat(512)) } });
  const kib = (count) => "x".repeat(1024 * count);
  const sizes = [
    [{ message: { text: kib(16), intent: "QUESTION" } }, (m) => m.text],
    [{ message: { text: `${kib(16)}x` } }, (m) => m.error?.code === "text_too_long" && m.error.text.includes("16 KiB")],
    [{ message: { text: kib(900) } }, (m) => m.error?.code === "text_too_long"],
    [{ start: { course: kib(500) } }, (m) => refused(m) && /at most|bytes/.test(m.error.text)],
    [{ start: { course: "fractions", context: { tone: kib(500) } } }, (m) => refused(m) && /at most/.test(m.error.text)],
    [{ start: { course: "fractions", context: { objectives: Array(17).fill("o") } } }, (m) => refused(m) && m.error.text.includes("16")],
  ];
  for (const [kind, wanted] of sizes) {
    const { id } = await learner.send(kind);
    await learner.reply(id, wanted);
  }
  await learner.send({ skip: {} }, { id: "i".repeat(129), messageId: null, fits: false });
  await learner.hear("that the id is too long", (m) => refused(m) && m.error.text.includes("128"));
  // Beyond what the server takes there is no ack: its own limit, which it tells every client.
  equal(nc.info.max_payload, 1024 * 1024, "the limit of the server");
  let code;
  await learner.send({ message: { text: kib(1025) } }).catch((error) => (code = error.code));
  equal(code, "MAX_PAYLOAD_EXCEEDED", "it is refused before it is sent");
  // Whatever came, an operator ends it, and the learner comes back.
  await publish(operator.nc, "lyceum.in.admin.ada", { id: "end-1", shutdown: { reason: "r".repeat(512) } });
  const deadline = Date.now() + 10_000;
  let view;
  do view = await operator.view("ada", { history_max: 1 });
  while (view.lifecycle !== "suspended" && Date.now() < deadline);
  equal(view.lifecycle, "suspended", "its lifecycle");
  await learner.marker();
  await learner.toQuestion();
}
