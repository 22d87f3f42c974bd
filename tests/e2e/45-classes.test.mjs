/*
 * Classes of requests: what hangs takes no thread from what does not.  The edge
 * is the product's with one route more, GET /hang (own_edge.c).
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { makeProgram, SLOW, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const THREADS = 64; /* server.threads */
const HANG_MS = 120000; /* own_edge.c's: longer than they take on any machine */
const QUICK_MS = 20000; /* whoever waits for one that hangs takes longer */
/* In turn with calls that hang and without, so that what the machine does
 * beside is in both: p50 of the best block of the test, p99 of all of a try. */
const BLOCKS = 4, ROUNDS = 50;
const TRIES = 3; /* the machine may be busier now and then, a lack of threads stays */
/* Below it a difference is the scheduler's. */
const FLOOR_MS = { p50: 2 * SLOW, p99: 8 * SLOW };

const build = { edges: 1, release: true, edgeProgram: 'tests/e2e/own_edge',
  before: d => makeProgram(d, 'tests/e2e/own_edge') };

const s = sharedStack({ ...build, turns: 1, model: false,
  before: async d => {
    await build.before(d);
    d.options.edgeEnv = { HANG_UNTIL: d.file('hang-until') };
  } });

/* The threads of the edge by name. */
const threads = d => {
  const task = `/proc/${d.edges[0].pid}/task`;
  return fs.readdirSync(task).map(t => fs.readFileSync(`${task}/${t}/comm`, 'utf8').trim());
};

/* How long /health takes, and how long until a message is accepted: a block of it. */
let chats = 0;
async function measure(d, times) {
  const health = [], accept = [];
  times.health.push(health);
  times.accept.push(accept);
  for (let i = 0; i < ROUNDS; i++) {
    let begun = performance.now();
    assert.equal((await d.get('/health', { ms: QUICK_MS })).status, 200);
    health.push(performance.now() - begun);
    begun = performance.now();
    const stream = d.stream({ chat_id: `c${++chats}`, message: 'hi' });
    await stream.until(x => x.events.length > 0, QUICK_MS);
    accept.push(performance.now() - begun);
    await stream.done;
    assert.equal(stream.of('reply').length, 1);
  }
}

const rank = (list, part) => list.sort((a, b) => a - b)[Math.ceil(list.length * part) - 1];
const ranks = times => Object.fromEntries(Object.entries(times).map(([what, blocks]) =>
  [what, { p50: Math.min(...blocks.map(b => rank(b, 0.5))), p99: rank(blocks.slice(-BLOCKS).flat(), 0.99) }]));

/* Both without calls that hang, and with one more than there are threads for. */
async function compare(d, { usual, meanwhile }) {
  for (let block = 0; block < BLOCKS; block++) {
    await measure(d, usual);
    fs.rmSync(d.file('hang-until'), { force: true });
    let ended = 0;
    const hanging = Array.from({ length: THREADS + 8 }, () => d.get('/hang', { ms: HANG_MS + 10000 }).then(r => { ended++; return r; }));
    try {
      await until(() => threads(d).filter(t => t === 'call').length === THREADS, { what: 'all threads of the class hang' });
      await measure(d, meanwhile);
      assert.equal(ended, 0, 'they still hang');
      assert.equal(threads(d).filter(t => t === 'call').length, THREADS);
    } finally {
      fs.writeFileSync(d.file('hang-until'), '');
    }
    for (const r of await Promise.all(hanging)) assert.equal(r.status, 200, 'those that waited for a thread, too');
  }
  return { usual: ranks(usual), meanwhile: ranks(meanwhile) };
}

s.test('64 calls that hang leave /health and the accept of /chat as quick as they were', async d => {
  assert.equal(threads(d).filter(t => t === 'call').length, 0, 'no thread before there is a call');
  const times = { usual: { health: [], accept: [] }, meanwhile: { health: [], accept: [] } };
  for (let left = TRIES; ;) {
    const { usual, meanwhile } = await compare(d, times);
    const told = JSON.stringify({ usual, meanwhile });
    console.log(`ms: ${told}`);
    const slow = Object.entries(meanwhile).flatMap(([what, all]) => Object.entries(all).filter(([p, ms]) => ms > 2 * Math.max(usual[what][p], FLOOR_MS[p])).map(([p]) => `${what} ${p}`));
    if (slow.length === 0) return;
    assert.notEqual(--left, 0, `${slow}: ${told}`);
  }
});

testWith({ edges: 1, turns: 1, release: true, settings: { redis: { timeout: '60s' } } }, 'accepts that hang leave threads to /health', async d => {
  d.redisServer.signal('SIGSTOP');
  let ended = 0;
  const all = Array.from({ length: 2 * THREADS }, (_, i) => d.chat({ chat_id: `c${i}`, message: 'x' }).then(r => { ended++; return r; }));
  try {
    await until(() => threads(d).filter(t => t === 'edge').length >= THREADS, { what: 'all threads of the class hang' });
    const begun = performance.now();
    for (let i = 0; i < 20; i++) assert.equal((await d.get('/health')).status, 200);
    assert.equal(ended, 0, `answered within ${performance.now() - begun} ms, while all accepts hung`);
  } finally {
    d.redisServer.signal('SIGCONT');
  }
  for (const r of await Promise.all(all)) assert.ok([200, 202, 503].includes(r.status), `${r.status} ${r.text}`);
});
