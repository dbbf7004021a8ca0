// Ids, coming back, streams, and beginning anew.
import { check, Client, connectAs, equal, Operator, range, Tool } from "./lyceum.mjs";

export async function IdsAreUniquePerLearner() {
  const nc = await connectAs("gateway");
  const learners = range(48).map((i) => new Client(nc, `learner-${i}`));
  await Promise.all(
    learners.map(async (learner) => {
      const started = await learner.send({ start: { course: "fractions" } }, { id: "1" });
      check(!started.duplicate, `the start of ${learner.user} is stored`);
      await learner.reply("1", (m) => m.text);
      const skipped = await learner.send({ skip: {} }, { id: "2" });
      check(!skipped.duplicate, `the skip of ${learner.user} is stored`);
      await learner.reply("2", (m) => m.question);
    }),
  );
}

export async function TheSameEventAgainCountsOnce() {
  const nc = await connectAs("gateway");
  const learner = new Client(nc, "ada");
  await learner.start();
  await learner.send({ skip: {} }, { id: "2" });
  const first = await learner.reply("2", (m) => m.question);
  const again = await learner.send({ skip: {} }, { id: "2" });
  check(again.duplicate, "the server drops what comes again");
  // Without Nats-Msg-Id the server stores it again: the session knows the id.
  await learner.send({ skip: {} }, { id: "2", messageId: null });
  const { id } = await learner.send({ continue: {} });
  equal((await learner.reply(id, (m) => m.question)).question.id, first.question.id, "the question is still open");
}

export async function TheSameIdWithOtherContentIsADuplicateId() {
  const nc = await connectAs("gateway");
  const learner = new Client(nc, "ada");
  await learner.start();
  await learner.send({ skip: {} }, { id: "2" });
  await learner.reply("2", (m) => m.question);
  await learner.send({ hint: {} }, { id: "2", messageId: null });
  const told = await learner.reply("2", (m) => m.error);
  equal(told.error.code, "duplicate_id", "it is said");
  equal(told.n ?? 0, 0, "it is no part of the session");
  await learner.marker();
  check(!learner.heard.some((m) => m.hint), "it has no other effect");
}

export async function AttachIsAnsweredFirstWithWhereTheLearnerStands() {
  const nc = await connectAs("gateway");
  const learner = new Client(nc, "ada");
  await learner.start();
  const question = await learner.toQuestion();
  const other = new Client(nc, "ada");
  await other.send({ attach: { after_n: 1 } });
  const { resumed } = await other.hear("something", () => true);
  check(resumed, "it is the first message");
  equal(resumed.question, question, "the open question, as it is to be shown");
  equal(resumed.topic, "meaning", "the topic");
  equal(resumed.progress.topic, "meaning", "of the topic");
  check(resumed.progress.total >= 4 && resumed.progress.done === 1, `how far it is: ${JSON.stringify(resumed.progress)}`);
  equal(resumed.first_n, 2, "what will come begins after what it has");
  const last = learner.heard.at(-1).n;
  equal(resumed.last_n, last, "and ends with the last");
  for (const n of range(last - 1)) {
    const missed = await other.hear(`message ${n + 2}`, () => true);
    equal(missed, learner.heard.find((m) => m.n === n + 2), `message ${n + 2}, as it was`);
  }
}

export async function AGapThatCannotBeFilledIsSaidAndAskedForOnce() {
  const nc = await connectAs("gateway");
  const operator = await Operator.connected();
  const learner = new Client(nc, "ada");
  await learner.start();
  await learner.toQuestion();
  for (const i of range(300)) await learner.send({ continue: {} }, { id: `more-${i}` });
  const last = (await learner.reply("more-299")).n;
  const before = await operator.userRecords("ada");
  // As a client behaves that keeps the rule: one attach for a gap, and what lies before first_n is gone.
  const late = new Client(nc, "ada");
  let have = 0;
  await late.send({ attach: { after_n: have } });
  for (;;) {
    const message = await late.hear("a message", () => true);
    if (message.resumed) {
      equal(message.resumed.last_n, last, "up to the last message");
      equal(message.resumed.first_n, last - 255, "the last 256 are kept");
      have = message.resumed.first_n - 1;
      continue;
    }
    equal(message.n, have + 1, "each once, in order");
    have = message.n;
    if (have === last) break;
  }
  await late.send({ attach: { after_n: have } });
  const { resumed } = await late.hear("resumed", (m) => m.resumed);
  check(resumed.first_n > resumed.last_n, "there is no more to come");
  equal((await operator.userRecords("ada")) - before, 2, "records that it cost");
}

export async function AnAttachThatIsAheadIsAnswered() {
  const nc = await connectAs("gateway");
  const learner = new Client(nc, "ada");
  await learner.start();
  const question = await learner.toQuestion();
  const last = learner.heard.at(-1).n;
  const ahead = new Client(nc, "ada");
  await ahead.send({ attach: { after_n: 1000 } });
  const { resumed } = await ahead.hear("something", () => true);
  equal([resumed.first_n, resumed.last_n], [last + 1, last], "nothing follows");
  equal(resumed.question.id, question.id, "and where it stands");
  const { id } = await learner.send({ continue: {} });
  equal((await ahead.hear("what comes next", () => true)).in_reply_to, id, "it gets what comes");
}

export async function DeltasGoToEveryAttachedClient() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const first = new Client(nc, "ada");
  await first.start();
  // A second tab that is opened and closed takes nothing away from the first.
  const closed = new Client(nc, "ada");
  await closed.send({ attach: {} });
  await closed.hear("resumed", (m) => m.resumed);
  await closed.send({ detach: {} });
  const second = new Client(nc, "ada");
  await second.send({ attach: {} });
  await second.hear("resumed", (m) => m.resumed);
  await first.ask("what is a half?");
  const request = await tool.request("ada");
  const clients = [first, second];
  equal([...request.stream_subjects].sort(), clients.map((c) => `lyceum.out.${c.id}`).sort(), "who is told");
  tool.say(request, 0, "A half is");
  tool.say(request, 9, " one of two.");
  for (const client of clients) {
    equal((await client.hear("words", (m) => m.delta)).delta, { request_id: request.id, attempt: 1, offset: 0, text: "A half is" }, "a delta, its offset 0 too" );
    equal((await client.hear("words", (m) => m.delta)).delta.text, " one of two.", "the next");
  }
  await tool.explain(request, "A half is one of two.");
  for (const client of clients) await client.hear("the text", (m) => m.text === "A half is one of two.");
  check(!closed.heard.some((m) => m.delta), "the one that left is not told");
}

export async function AnEventMovesItsClientToTheFront() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const clients = range(3).map(() => new Client(nc, "ada"));
  await clients[0].start();
  for (const client of clients.slice(1)) await client.send({ attach: {} });
  for (const client of [clients[1], clients[0], clients[2], clients[0]]) {
    const { id } = await client.ask("what is a half?");
    const request = await tool.request("ada");
    equal(request.stream_subjects[0], `lyceum.out.${client.id}`, "the first of stream_subjects");
    equal(request.stream_subject, `lyceum.out.${client.id}`, "stream_subject");
    equal(request.stream_subjects.length, 3, "all are told");
    await tool.explain(request);
    await client.reply(id, (m) => m.text);
  }
}

export async function TheNinthClientPushesOutTheOneThatWasSilentLongest() {
  const nc = await connectAs("gateway");
  const clients = range(9).map((i) => new Client(nc, "ada", `tab-${i}`));
  await clients[0].start();
  for (const client of clients.slice(1, 8)) {
    await client.send({ attach: {} });
    await client.hear("resumed", (m) => m.resumed);
  }
  await clients[0].marker(); // Now tab-1 is the one that was silent longest.
  await clients[8].send({ attach: {} });
  const { detached, n } = await clients[1].hear("that it is detached", (m) => m.detached);
  check(detached.reason.includes("attach"), `what to do: ${detached.reason}`);
  equal(n ?? 0, 0, "it is no part of the session");
  const asked = clients[1].heard.length;
  const { id } = await clients[0].send({ skip: {} });
  for (const client of clients.filter((c) => c !== clients[1])) await client.reply(id);
  equal(clients[1].since(asked), [], "what it gets after that");
  // Its next event brings it back, and puts out another one.
  await clients[1].marker();
  await clients[2].hear("that it is detached", (m) => m.detached);
}

export async function ACallThatEndsWithoutATextIsRetracted() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const asks = new Client(nc, "ada");
  await asks.start();
  const watches = new Client(nc, "ada");
  await watches.send({ attach: {} });
  await watches.hear("resumed", (m) => m.resumed);
  await asks.ask("what is a half?");
  const request = await tool.request("ada");
  tool.say(request, 0, "A half is");
  for (const client of [asks, watches]) await client.hear("words", (m) => m.delta);
  const { id } = await asks.send({ skip: {} });
  for (const client of [asks, watches]) {
    const { retract, n } = await client.hear("that they are void", (m) => m.retract);
    equal(retract, { request_id: request.id }, "all of the request, also what may still come");
    equal(n ?? 0, 0, "it is no part of the session");
  }
  await tool.control("a cancel", (c) => c.id === request.id && c.reason === undefined);
  await tool.explain(request, "Too late.");
  await asks.reply(id, (m) => m.question);
  await asks.marker();
  check(!asks.heard.some((m) => m.text === "Too late."), "what comes too late is not shown");
}

export async function AFailedFirstStartNamesWhatThereIsAndCanBeBegunAnew() {
  const nc = await connectAs("gateway");
  const courses = { wrong: { course: "no-such-course" }, there: "fractions" };
  const versions = { wrong: { course: "fractions", version: "0000" }, there: /[0-9a-f]{6}/ };
  const topics = { wrong: { course: "fractions", topic: "no-such-topic" }, there: "meaning" };
  for (const [i, { wrong, there }] of [courses, versions, topics].entries()) {
    const learner = new Client(nc, `learner-${i}`);
    const { id } = await learner.send({ start: wrong });
    const told = await learner.reply(id, (m) => m.error);
    equal(told.error.code, "not_found", JSON.stringify(wrong));
    check(told.error.text.match(there), `it names what there is: ${told.error.text}`);
    const skipped = await learner.send({ skip: {} });
    const answer = await learner.reply(skipped.id);
    equal(answer.error?.code, "not_found", "a skip does not complete what never began");
    equal(answer.state, "error_state", "the state");
    await learner.start();
    await learner.toQuestion();
  }
}

export async function ACompletedCourseBeginsAnewWhereItIsToldTo() {
  const nc = await connectAs("gateway");
  const learner = new Client(nc, "ada");
  await learner.start();
  for (let i = 0; ; ++i) {
    check(i < 60, "the course has an end");
    const { id } = await learner.send({ skip: {} });
    if ((await learner.reply(id, (m) => m.state !== "awaiting_tool_result")).state === "completed") break;
  }
  await learner.marker();
  check(learner.heard.some((m) => m.completed), "it is completed");
  const { id } = await learner.send({ start: { course: "fractions" } });
  const told = await learner.reply(id, (m) => m.error);
  equal(told.error.code, "completed", "by itself it does not begin again");
  check(told.error.text.includes("again"), `and it says how: ${told.error.text}`);
  await learner.start({ again: true });
  const progress = learner.heard.filter((m) => m.progress).at(-1).progress;
  equal([progress.topic, progress.done ?? 0], ["meaning", 0], "it begins with the first topic");
}

