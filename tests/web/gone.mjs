// node --experimental-websocket gone.mjs FACT BASE...: what clients feel when a gateway is killed.
import { readFileSync } from "node:fs";
import { Learner, Lesson, same } from "./client.mjs";

const [fact, ...bases] = process.argv.slice(2);
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };
const kReconnectMs = 300;
const kLearners = 200;

// For how long this program, one thread, could have run and had no core. 0: the kernel does not count it.
function waitedMs() {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

// A learner who goes to the other gateway where the one does not answer, as behind a proxy.
class Either extends Learner {
  gateway = 0;
  tokens = {};
  get base() {
    return bases[this.gateway % bases.length];
  }
  set base(_) {}
  // Away from the one that went: where another call has seen it too, that one has left already.
  leave(base) {
    if (this.base === base) ++this.gateway;
  }
  async bearer() {
    while (!this.tokens[this.base]) {
      const { token } = await this.call("POST", "/v1/demo/token", { learner: this.learner });
      this.tokens[this.base] = token; // Of the one that answered.
    }
    return { Authorization: `Bearer ${this.tokens[this.base]}` };
  }
  async call(...args) {
    for (let tries = 0; ; ++tries) {
      const { base } = this;
      try {
        return await super.call(...args);
      } catch (error) {
        if (error.status || tries === 20) throw error;
        this.leave(base);
        if (args[3]?.Authorization) args[3] = await this.bearer();
      }
    }
  }
}

const facts = {
  // Says "going" when all are in their lessons: then one of the gateways is killed. A pause: from the end of a socket to the
  // first frame on the next one, less what this program waited for a core meanwhile.
  async ManyLearnersGoOnAtTheOtherGateway() {
    let longestMs = 0;
    let longestWholeMs = 0;
    let cut = 0;
    let going = 0;
    const learner = async (i) => {
      const one = new Either(undefined, `many-${i}`);
      one.gateway = i;
      const lesson = new Lesson(one, answers);
      let quiet;
      while (!lesson.over) {
        const read = one.socket(lesson.last, (text) => {
          if (quiet) {
            const wholeMs = Date.now() - quiet.since;
            longestWholeMs = Math.max(longestWholeMs, wholeMs);
            longestMs = Math.max(longestMs, wholeMs - (waitedMs() - quiet.waitedMs));
          }
          quiet = undefined;
          const before = lesson.last;
          const goes = lesson.receive(text);
          if (before < 2 && lesson.last >= 2 && ++going === kLearners) console.log("going");
          return goes;
        });
        await Promise.race([lesson.speak(read), read]).catch((error) => {
          if (error.status || !/fetch|stands/.test(error.message)) throw error;
        });
        if (lesson.over) break;
        ++cut;
        quiet ??= { since: Date.now(), waitedMs: waitedMs() };
        one.leave(one.socketBase);
        await new Promise((resolve) => setTimeout(resolve, kReconnectMs));
      }
      const said = lesson.messages.map((m) => m.n);
      same(said, said.map((_, k) => k + 1), "numbers");
    };
    await Promise.all(Array.from({ length: kLearners }, (_, i) => learner(i)));
    if (cut < kLearners / 4) throw new Error(`only ${cut} sockets were cut`);
    console.log(`${kLearners} learners, ${cut} sockets cut, reconnect after ${kReconnectMs} ms: longest pause ${Math.round(longestMs)} ms of ${longestWholeMs} ms`);
  },
};

await facts[fact]();
process.exit(0);
