// One fact about the contract, by its name: node facts.mjs NAME. Exits 0 where it holds. contract_test.cc starts a
// Lyceum for each, whose own tool worker serves all tools but clarify_concept, which the facts serve themselves.
import { checks, closeAll, misfits } from "./lyceum.mjs";
import { strictChecks } from "./schemas.mjs";
import * as ids from "./facts_sessions.mjs";
import * as busy from "./facts_busy.mjs";
import * as refusals from "./facts_refusals.mjs";
import * as services from "./facts_services.mjs";
import * as tabs from "./facts_tabs.mjs";

const name = process.argv[2];
const fact = { ...ids, ...busy, ...refusals, ...services, ...tabs }[name];
if (!fact) {
  console.error(`there is no fact ${name}`);
  process.exit(2);
}
// Whatever comes is as docs/schema says.
Object.assign(checks, strictChecks());
let code = 0;
try {
  await fact();
  if (misfits.length > 0) throw new Error(misfits.slice(0, 3).join("\n"));
} catch (error) {
  console.error(error.stack ?? error);
  code = 1;
}
await closeAll();
process.exit(code);
