// The programs as NATS' services: what its own client finds, as an operator.
import { check, Client, connectAs, equal, Operator, range } from "./lyceum.mjs";

async function all(asked) {
  const found = [];
  try {
    for await (const one of await asked) found.push(one);
  } catch (error) {
    if (error.code !== "503") throw error; // Nobody is subscribed to it.
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}
const names = (found) => found.map((one) => one.name);
const programs = ["lyceum-gateway", "lyceum-session-worker", "lyceum-tool-worker"];

export async function EveryProgramIsFoundAsAService() {
  const operator = await Operator.connected();
  const services = operator.nc.services.client();
  // Each program has just been started.
  const deadline = Date.now() + 20_000;
  let pings = [];
  while (pings.length < programs.length && Date.now() < deadline) pings = await all(services.ping());
  equal(names(pings), programs, "each answers once, however many shards it has");
  equal(pings.map((ping) => ping.id), ["g1", "session-test", "built-in"], "by its id");
  for (const ping of pings) {
    equal(ping.type, "io.nats.micro.v1.ping_response", "the type");
    check(/^\d+\.\d+\.\d+/.test(ping.version), `a version: ${ping.version}`);
    equal(ping.metadata.prefix, "lyceum", "the prefix");
  }
  equal(pings[1].metadata.partitions, "16", "the session worker tells how many partitions there are");
  for (const { name, id } of pings) {
    equal(names(await all(services.ping(name))), [name], "by its name");
    equal(names(await all(services.info(name, id))), [name], "by its name and id");
    equal(names(await all(services.stats(name, `${id}x`))), [], "nobody has another id");
  }

  const infos = await all(services.info());
  equal(infos.map((info) => info.type), Array(3).fill("io.nats.micro.v1.info_response"), "the type");
  equal(infos[0].endpoints, [], "a gateway serves nothing over NATS");
  equal(infos[1].endpoints.map((one) => one.subject), ["lyceum.query.*"], "what a session worker serves");
  const tool = infos[2].endpoints.find((one) => one.name === "load_topic");
  equal([tool.subject, tool.queue_group], ["lyceum.tool.load_topic", "tools"], "a tool");
  check(infos.every((info) => info.description.length > 0), "each says what it is");

  const ada = new Client(await connectAs("gateway"), "ada");
  await ada.start();
  const before = (await all(services.stats("lyceum-session-worker")))[0].endpoints[0];
  for (const _ of range(3)) await operator.view("ada");
  const stats = await all(services.stats());
  equal(names(stats), programs, "each tells what it has done");
  const after = stats[1].endpoints[0];
  equal(after.num_requests - before.num_requests, 3, "views that were asked for");
  check(after.processing_time > before.processing_time, "and the time they took");
  const loaded = stats[2].endpoints.find((one) => one.name === "load_topic");
  equal([loaded.num_requests, loaded.num_errors], [1, 0], "a topic was loaded");
  check(loaded.processing_time > 0 && loaded.average_processing_time === loaded.processing_time, "in some time");
  check(Math.abs(Date.now() - Date.parse(stats[0].started)) < 120_000, `started just now: ${stats[0].started}`);
}

// Whoever may not ask what there is.
export async function OnlyOperatorsSeeTheServices() {
  for (const role of ["gateway", "tool_worker"]) {
    const nc = await connectAs(role);
    let refused = false;
    try {
      await nc.request("$SRV.PING", "", { timeout: 2000 });
    } catch (error) {
      refused = true;
    }
    check(refused, `${role} has no answer`);
  }
}
