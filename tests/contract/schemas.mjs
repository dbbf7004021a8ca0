// docs/schema as the facts hold it against what comes: strictly, so that what the programs write and the schemas do not
// know is found.
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const bodies = ["text", "question", "feedback", "hint", "wait", "error", "progress", "completed", "delta", "retract", "resumed", "detached"];

// Validators by what they validate.
export function strictSchemas() {
  const schema = JSON.parse(readFileSync(new URL("../../docs/schema/lyceum.v1.schema.json", import.meta.url), "utf8"));
  for (const definition of Object.values(schema.definitions)) definition.additionalProperties = false;
  // Exactly one body.
  schema.definitions.ClientMessage.oneOf = bodies.map((name) => ({ required: [name] }));
  const words = (node) => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node.examples)) node.enum = node.examples;
    Object.values(node).forEach(words);
  };
  words(schema);
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  ajv.addSchema(schema);
  const of = (name) => ajv.getSchema(`${schema.$id}#/definitions/${name}`);
  return { message: of("ClientMessage"), event: of("LearnerEvent"), request: of("ToolRequest"), view: of("SessionView") };
}

// Each says what is not as the schema says.
export function strictChecks() {
  const checks = {};
  for (const [name, valid] of Object.entries(strictSchemas())) {
    checks[name] = (value) => {
      if (!valid(value)) return `no ${name} of the schema: ${JSON.stringify(value)}: ${JSON.stringify(valid.errors)}`;
    };
  }
  return checks;
}
