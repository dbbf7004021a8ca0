// node documents.mjs asyncapi|schemas: exits 0 where docs/asyncapi.yaml, or the JSON Schemas, are valid.
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { check } from "./lyceum.mjs";
import { strictSchemas } from "./schemas.mjs";

const docs = new URL("../../docs/", import.meta.url);
const text = (name) => readFileSync(new URL(name, docs), "utf8");

async function asyncapi() {
  const { parse } = await import("yaml");
  const specs = (await import("@asyncapi/specs")).default;
  const document = parse(text("asyncapi.yaml"));
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, meta: false, validateSchema: false });
  const valid = ajv.compile(specs.schemas["3.0.0"]);
  check(valid(document), JSON.stringify(valid.errors, undefined, 2));
  // And what it refers to is there.
  let references = 0;
  const look = (node) => {
    if (typeof node !== "object" || node === null) return;
    if (typeof node.$ref === "string") {
      ++references;
      const found = node.$ref.slice(2).split("/").reduce((at, key) => at?.[key], document);
      check(found !== undefined, `${node.$ref} is there`);
    }
    Object.values(node).forEach(look);
  };
  look(document);
  check(references > 100, `it has references: ${references}`);
}

async function schemas() {
  const schema = JSON.parse(text("schema/lyceum.v1.schema.json"));
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  check(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
  ajv.addSchema(schema);
  for (const name of Object.keys(schema.definitions)) ajv.getSchema(`${schema.$id}#/definitions/${name}`);
  const valid = (name) => ajv.getSchema(`${schema.$id}#/definitions/${name}`);
  const good = { id: "1", client: "c", message: { text: "3/4", intent: "ANSWER" } };
  check(valid("LearnerEvent")(good), "an event is one");
  const bad = [
    { ...good, hint: {} },
    { id: "1", client: "c" },
    { ...good, mood: "bad" },
    { id: "1", force_skip: {} },
    { id: "1", start: {} },
    { id: "1", message: { text: "a", intent: "MAYBE" } },
  ];
  for (const event of bad) check(!valid("LearnerEvent")(event), `${JSON.stringify(event)} is no learner's event`);
  check(valid("OperatorEvent")({ id: "1", force_skip: {} }), "it is an operator's");
  // A message may get further fields, but what is there has its type.
  check(valid("ClientMessage")({ user: "u", n: 3, text: "Well.", later: 1 }), "a message with a field more");
  check(!valid("ClientMessage")({ user: "u", n: "3", text: "Well." }), "a number is no text");
  check(!strictSchemas().message({ user: "u", later: 1, text: "a" }), "the tests' own are strict");
}

await { asyncapi, schemas }[process.argv[2]]();
