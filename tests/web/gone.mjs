// node --experimental-websocket gone.mjs FACT BASE...: what clients feel when a gateway is killed.
import { Learner, Lesson, same } from "./client.mjs";

const [fact, ...bases] = process.argv.slice(2);
const answers = { "What is 2 + 2?": "4", "Which one is even?": "four" };
const kReconnectMs = 300;
const kLearners = 200;

// A learner who goes to the other gateway where the one does not answer, as behind a proxy.
class Either extends Learner {
  gateway = 0;
  tokens = {};
  get base() {
    return bases[this.gateway % bases.length];
  }
  set base(_) {}
  async bearer() {
    this.tokens[this.base] ??= (await this.call("POST", "/v1/demo/token", { learner: this.learner })).token;
    return { Authorization: `Bearer ${this.tokens[this.base]}` };
  }
  async call(...args) {
    for (let tries = 0; ; ++tries) {
      try {
        return await super.call(...args);
      } catch (error) {
        if (error.status || tries === 20) throw error;
        ++this.gateway;
        if (args[3]?.Authorization) args[3] = await this.bearer();
      }
    }
  }
}

const facts = {
  // Says "going" when all are in their lessons: then one of the gateways is killed. A pause: from the end of a socket to the
  // first frame on the next one.
  async ManyLearnersGoOnAtTheOtherGateway() {
    let longestMs = 0;
    let cut = 0;
    let going = 0;
    const learner = async (i) => {
      const one = new Either(undefined, `many-${i}`);
      one.gateway = i;
      const lesson = new Lesson(one, answers);
      let quietSince = 0;
      while (!lesson.over) {
        const read = one.socket(lesson.last, (text) => {
          if (quietSince) longestMs = Math.max(longestMs, Date.now() - quietSince);
          quietSince = 0;
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
        quietSince ||= Date.now();
        ++one.gateway;
        await new Promise((resolve) => setTimeout(resolve, kReconnectMs));
      }
      const said = lesson.messages.map((m) => m.n);
      same(said, said.map((_, k) => k + 1), "numbers");
    };
    await Promise.all(Array.from({ length: kLearners }, (_, i) => learner(i)));
    if (cut < kLearners / 4) throw new Error(`only ${cut} sockets were cut`);
    console.log(`${kLearners} learners, ${cut} sockets cut, reconnect after ${kReconnectMs} ms: longest pause ${longestMs} ms`);
  },
};

await facts[fact]();
process.exit(0);
