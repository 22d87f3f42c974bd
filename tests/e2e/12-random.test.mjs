/*
 * A random run with a seed that it prints: some thousand messages, repeats,
 * tools, faults and stops through workers, edges and a Redis that are killed
 * meanwhile.  Each accepted message is answered once, nothing is in limbo.
 *
 *   E2E_SEED=123 E2E_MESSAGES=5000 tests/run 12-random
 */
import assert from 'node:assert/strict';
import { sleep } from './dragoman.mjs';
import { testWith } from './stacks.mjs';

const seed = Number(process.env.E2E_SEED ?? Math.floor(Math.random() * 2 ** 31));
const MESSAGES = Number(process.env.E2E_MESSAGES ?? 2500);
const CHATS = 120;
const PARALLEL = 60;
/* What a person reads when the model's answer was empty, with tools or without. */
const EMPTY = /^Sorry, the model had nothing to say|^I found something, but could not put it into words/;

function random(state) { /* mulberry32 */
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

testWith({
  release: true, edges: 2, turns: 3,
  settings: { turns: { lease: '2s' }, chat: { wait: '30s', inbox_max: 100, repeatable: ['echo', 'time'] }, llm: { retry_for: '20s' } },
}, `a random run, seed ${seed}`, async d => {
  const rnd = random(seed);
  const pick = n => Math.floor(rnd() * n);
  console.log(`E2E_SEED=${seed} E2E_MESSAGES=${MESSAGES}`);
  let empty = 0;
  d.model.keep = false;
  d.model.handler = r => {
    const x = rnd();
    if (x < 0.02) return { status: 500 };
    if (x < 0.03) return { status: 429, retryAfterMs: 50 };
    if (x < 0.04) return { text: 'broken', cut: 2 };
    if (x < 0.05) return { reset: true };
    if (x < 0.06) { empty++; return { empty: true }; }
    if (r.toolResults.length === 0 && x < 0.25 && r.tools.length) return { calls: [{ name: 'echo', arguments: { text: r.lastUser } }, ...(x < 0.1 ? [{ name: 'time' }] : [])] };
    return { text: `r:${r.lastUser}`, pieces: 2, delay: x < 0.4 ? pick(30) : 0 };
  };

  const sent = []; /* {chat, id, text} in the order in which it was sent */
  const answers = new Map();
  let running = true;
  const again = new Set();

  async function send(m) {
    for (let tries = 0; tries < 200; tries++) {
      let r;
      try {
        if (m.stream) {
          const st = d.stream({ chat_id: m.chat, message: m.text, message_id: m.id });
          await st.done;
          const reply = st.of('reply')[0];
          if (reply) r = { status: 200, json: reply };
          else r = { status: st.status === 200 ? 0 : st.status ?? 0, text: st.raw };
        } else {
          r = await d.chat({ chat_id: m.chat, message: m.text, message_id: m.id });
        }
      } catch (err) {
        r = { status: 0, text: err.message };
      }
      if (r.status === 200) return r.json.reply;
      if (![0, 202, 502, 503, 504].includes(r.status)) throw new Error(`${JSON.stringify(m)}: ${r.status} ${r.text}`);
      await sleep(50);
    }
    throw new Error(`${JSON.stringify(m)}: no answer after many tries`);
  }

  const chaos = (async () => {
    while (running) {
      await sleep(250 + pick(500));
      if (!running) break;
      const x = rnd();
      if (x < 0.5) {
        const live = d.turns.filter(w => w.ended === null);
        const w = live[pick(live.length)];
        if (x < 0.08) { /* a stall past the lease */
          w.signal('SIGSTOP');
          await sleep(2500);
          w.signal('SIGCONT');
        } else {
          await d.kill(w, x < 0.14 ? 'SIGTERM' : 'SIGKILL');
          d.startTurn();
        }
      } else if (x < 0.85) {
        const live = d.edges.filter(e => e.ended === null);
        await d.kill(live[pick(live.length)], x < 0.6 ? 'SIGTERM' : 'SIGKILL');
        d.startEdge();
      } else if (x < 0.92) {
        await d.restartRedis();
      }
    }
  })();

  const failures = [];
  let next = 0;
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    while (next < MESSAGES && failures.length === 0) {
      const n = next++;
      const m = { chat: `c${pick(CHATS)}`, id: `id-${n}`, text: `m${n}`, stream: rnd() < 0.15 };
      sent.push(m);
      try {
        const reply = await send(m);
        answers.set(n, reply);
        if (rnd() < 0.1) { /* a repeat gets the same answer */
          again.add(n);
          assert.equal(await send({ ...m, stream: false }), reply, `repeat of ${n}`);
        }
        if (rnd() < 0.01) await d.chat({ chat_id: m.chat, message: '/status' }).catch(() => {});
      } catch (err) {
        failures.push(err);
      }
    }
  }));
  running = false;
  await chaos;
  if (failures.length) throw failures[0];
  assert.equal(answers.size, MESSAGES);
  const c = await d.settled({ ms: 60000 });
  console.log(JSON.stringify(c), `${again.size} repeats`);
  assert.equal(c.unaccounted, 0);
  assert.equal(c.accepted, MESSAGES, 'each message accepted once');
  /* Who did not get the model's answer got the sentence for an empty one, as
   * often as the model gave one: its faults and our kills pass unseen. */
  const others = [...answers].filter(([n, reply]) => reply !== `r:m${n}`);
  for (const [n, reply] of others) assert.match(reply, EMPTY, `message ${n}`);
  assert.ok(others.length <= empty, `${others.length} of ${MESSAGES} got no answer of the model's, which was empty ${empty} times`);
});
