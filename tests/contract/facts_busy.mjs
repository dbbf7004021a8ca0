// What happens while a tool runs.
import { check, Client, connectAs, equal, Operator, publish, range, Tool } from "./lyceum.mjs";

const policies = ["reply_wait", "defer", "interrupt"];
// Of an answer that is owed.
const inASecond = 1000;

export async function WaitSaysWhetherTheEventIsKept() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  for (const policy of policies) {
    const learner = new Client(nc, policy);
    await learner.start({ busy_policy: policy });
    await learner.ask("first?");
    const first = await tool.request(policy);
    const second = await learner.ask("second?");
    const { wait } = await learner.reply(second.id, (m) => m.wait);
    if (policy === "reply_wait") {
      equal(wait, {}, "not kept, no place");
      await tool.explain(first);
      await learner.hear("the answer to the first", (m) => m.text?.includes("first?"));
      await learner.marker();
      equal(tool.requests.filter((r) => r.user === policy).length, 1, "requests");
    } else if (policy === "defer") {
      equal(wait, { kept: true, place: 1 }, "kept as the first");
      const third = await learner.ask("third?");
      equal((await learner.reply(third.id, (m) => m.wait)).wait, { kept: true, place: 2 }, "kept as the second");
      await tool.explain(first);
      for (const text of ["second?", "third?"]) {
        const request = await tool.request(policy);
        equal(request.args.clarify_concept.text, text, "they are handled in their order");
        await tool.explain(request);
        await learner.hear(`the answer to ${text}`, (m) => m.text?.includes(text));
      }
    } else {
      equal(wait, { kept: true }, "kept, and handled at once");
      await tool.control("a cancel of the first", (c) => c.id === first.id && !c.reason);
      const request = await tool.request(policy);
      equal(request.args.clarify_concept.text, "second?", "the second is asked");
      await tool.explain(request);
      await learner.reply(second.id, (m) => m.text);
    }
  }
}

export async function BeyondItsBoundTheInboxIsFull() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const learner = new Client(nc, "ada");
  await learner.start({ busy_policy: "defer" });
  await learner.ask("number 0?");
  const first = await tool.request("ada");
  for (const i of range(8)) {
    const { id } = await learner.ask(`number ${i + 1}?`);
    equal((await learner.reply(id)).wait, { kept: true, place: i + 1 }, `message ${i + 1}`);
  }
  const beyond = await learner.ask("number 9?");
  const { error } = await learner.reply(beyond.id);
  equal([error.code, error.retryable], ["inbox_full", true], "the ninth");
  tool.alone = (request) => tool.explain(request);
  await tool.explain(first);
  for (const i of range(9)) await learner.hear(`answer ${i}`, (m) => m.text?.includes(`number ${i}?`));
  await learner.ask("number 9?");
  await learner.hear("the answer to what was sent again", (m) => m.text?.includes("number 9?"));
}

// QwenPaw #5344: 200, and dropped while busy.
export async function WhatIsAckedIsInTheHistoryOrRefusedByItsId() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const operator = await Operator.connected();
  for (const policy of policies) {
    const learner = new Client(nc, policy);
    await learner.start({ busy_policy: policy });
    await learner.ask("what is it?");
    const held = await tool.request(policy);
    tool.alone = (request) => request.user === policy && tool.explain(request);
    const texts = new Map();
    const sent = async (text, id) => {
      await learner.ask(text, { id });
      texts.set(id, text);
    };
    await Promise.all(range(24).map((i) => sent(`${policy} wonders ${i}?`, `m-${i}`)));
    await sent("x".repeat(16 * 1024 + 1), "long");
    await sent("   ", "blank");
    await publish(nc, `lyceum.in.user.${policy}`, { id: "odd", client: learner.id, message: { text: "a", mood: "b" } });
    texts.set("odd", "not kept by anybody");
    await tool.explain(held);
    await learner.bell.until("every event is answered", () => {
      const answered = new Set(learner.heard.map((m) => m.in_reply_to));
      return [...texts.keys()].every((id) => answered.has(id));
    });
    const history = new Set((await operator.view(policy)).history.map((entry) => entry.text));
    const refused = new Set(learner.heard.filter((m) => m.error).map((m) => m.in_reply_to));
    for (const [id, text] of texts) check(history.has(text) || refused.has(id), `${policy}: ${id} is kept or refused`);
    for (const id of ["long", "blank", "odd"]) check(refused.has(id), `${policy}: ${id} is refused`);
  }
}

// fazer-ai/agents #588: a second message starts a blind turn.
export async function MessagesAtOnceAreHandledOneAtATimeAndEachKnowsTheOneBefore() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", ["clarify_concept"]);
  const learner = new Client(nc, "ada");
  await learner.start({ busy_policy: "defer" });
  const began = Date.now();
  await Promise.all(range(3).map((i) => learner.ask(`question ${i}?`, { id: `q-${i}` })));
  const took = Date.now() - began;
  check(took < 1000, `they were sent in ${took} ms`);
  let before;
  for (const i of range(3)) {
    const request = await tool.request("ada");
    equal(tool.running.size, 1, "requests that run");
    const { text, recent } = request.args.clarify_concept;
    if (before) {
      const said = recent.map((entry) => entry.text);
      check(said.includes(before), `request ${i} knows the question before: ${JSON.stringify(said)}`);
      check(said.includes(`An answer to ${before}`), `request ${i} knows its answer: ${JSON.stringify(said)}`);
    }
    before = text;
    await tool.explain(request, `An answer to ${text}`);
  }
  await learner.hear("the last answer", (m) => m.text === `An answer to ${before}`);
}

// Every wait there is, with what brings a session into it. The tool worker here serves all tools.
const course = {
  topic: "sums",
  course: "fractions",
  version: "facts",
  title: "Sums",
  material: ["Two and two are four."],
  questions: [{ id: "sum", text: "What is 2 + 2?", format: "numeric", answers: ["4"], known_errors: [{ id: "off", answers: ["5"], text: "One too many." }] }],
};
course.questions.push({ ...course.questions[0], id: "more" });
const results = {
  load_topic: (request) => (request.user.startsWith("generate_question") ? { ...course, questions: [], generate_questions: true } : course),
  present_material: () => ({ text: "It is four." }),
  clarify_concept: (request) => ({ text: `About ${request.args.clarify_concept.text}`, on_topic: true }),
  generate_question: () => ({ text: "What is 3 + 3?", format: "numeric", answers: ["6"], solution: "6" }),
  check_answer: (request) => ({
    question_id: request.args.check_answer.question.id,
    verdict: request.args.check_answer.answer === "4" ? "correct" : "incorrect",
    score: 0,
    confidence: 1,
    method: "numeric",
    ...(request.args.check_answer.answer === "5" && { known_error: { id: "off", confidence: 1 } }),
    feedback: { text: "Well." },
  }),
  give_hint: () => ({ level: 1, of: 1, text: "Count." }),
  remediate_known_error: () => ({ error_id: "off", strategy: "hint", text: "One too many." }),
  diagnose_error: () => ({ text: "Go through it again." }),
  classify_intent: () => ({ intent: "question", confidence: 1 }),
};
const answer = (text) => ({ message: { text, intent: "ANSWER" } });
const question = (text) => ({ message: { text, intent: "QUESTION" } });
const waits = {
  load_topic: [],
  present_material: [],
  clarify_concept: [question("what is a sum?")],
  generate_question: [{ skip: {} }],
  check_answer: [{ skip: {} }, answer("4")],
  give_hint: [{ skip: {} }, { hint: {} }],
  remediate_known_error: [{ skip: {} }, answer("5")],
  diagnose_error: [{ skip: {} }, answer("7")],
  classify_intent: [{ skip: {} }, { message: { text: "well I do not really know about that" } }],
};

// Agenta #6417: a message in mid-turn kills both turns.
export async function AMessageInAnyWaitIsAnsweredAsThePolicySaysAndEndsNothing() {
  const nc = await connectAs("gateway");
  const tool = await Tool.serving("facts", Object.keys(waits));
  const held = new Map(); // By learner: the request that is held.
  tool.alone = (request) => {
    const waitsFor = request.user.slice(0, request.user.lastIndexOf("-"));
    if (request.tool === waitsFor && !held.has(request.user)) held.set(request.user, request);
    else tool.answer(request, results[request.tool](request));
  };
  const one = async (wait, policy) => {
    const user = `${wait}-${policy}`;
    const learner = new Client(nc, user);
    const context = wait === "present_material" ? { tone: "plain" } : {};
    let last = await learner.send({ start: { course: "fractions", busy_policy: policy, context } });
    for (const kind of waits[wait]) {
      await learner.reply(last.id, (m) => m.state !== "awaiting_tool_result");
      last = await learner.send(kind);
    }
    const request = await tool.bell.until(`${user} waits for ${wait}`, () => held.get(user));
    const second = await learner.ask("and what is this?");
    const said = await learner.reply(second.id, (m) => m.wait, inASecond);
    equal(said.wait.kept ?? false, policy !== "reply_wait", `${user}: kept`);
    const asked = (r) => r.user === user && r !== request && r.came >= request.came && ["clarify_concept", "load_topic"].includes(r.tool);
    if (policy === "interrupt") {
      await tool.control(`${user}: a cancel`, (c) => c.id === request.id, inASecond);
      // Without content there is nothing to explain: then it is loaded.
      await tool.bell.until(`${user}: the second is handled`, () => tool.requests.find(asked), inASecond);
    } else {
      await tool.answer(request, results[wait](request));
      await learner.reply(last.id, (m) => !m.wait && m.in_reply_to === last.id, inASecond);
      if (policy === "defer") await learner.reply(second.id, (m) => m.text?.includes("and what is this?"), inASecond);
    }
    // Neither was lost for good: the session is free, and goes on.
    const { id } = await learner.ask("still there?");
    const end = await learner.reply(id, (m) => m.text || m.wait || m.error, inASecond);
    check(!end.error, `${user}: ${JSON.stringify(end)}`);
    if (policy !== "interrupt") {
      const requests = tool.requests.filter((r) => r.user === user && r.id === request.id);
      equal(requests.length, 1, `${user}: how often the first was asked for`);
    }
  };
  await Promise.all(Object.keys(waits).flatMap((wait) => policies.map((policy) => one(wait, policy))));
}
