/*
 * Classes of requests: what hangs takes no thread from what does not.  The edge
 * is the product's with one route more, GET /hang (own_edge.c).
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { makeProgram, SLOW, suite, testWith, until } from './dragoman.mjs';

const THREADS = 64; /* server.threads */
const ROUNDS = 150;
const HANG_MS = 120000; /* own_edge.c's: longer than they take on any machine */
const PAIRS = 4;
/* Below it, a p99 is what the machine does beside; a thread that waits for one
 * that hangs would take HANG_MS. */
const FLOOR_MS = 40 * SLOW;

const build = { edges: 1, release: true, edgeProgram: 'tests/e2e/own_edge',
  before: d => makeProgram(d, 'tests/e2e/own_edge') };

const s = suite({ ...build, turns: 1, model: false,
  before: async d => {
    await build.before(d);
    d.options.edgeEnv = { HANG_UNTIL: d.file('hang-until') };
  } });

/* The threads of the edge by name. */
const threads = d => {
  const task = `/proc/${d.edges[0].pid}/task`;
  return fs.readdirSync(task).map(t => fs.readFileSync(`${task}/${t}/comm`, 'utf8').trim());
};

const p99 = list => list.sort((a, b) => a - b)[Math.ceil(list.length * 0.99) - 1];

/* How long /health takes, and how long until a message is accepted. */
async function measure(d, name) {
  const health = [], accept = [];
  for (let i = 0; i < ROUNDS; i++) {
    let begun = performance.now();
    assert.equal((await d.get('/health')).status, 200);
    health.push(performance.now() - begun);
    begun = performance.now();
    const stream = d.stream({ chat_id: `${name}${i}`, message: 'hi' });
    await stream.until(x => x.events.length > 0, HANG_MS + 10000);
    accept.push(performance.now() - begun);
    await stream.done;
    assert.equal(stream.of('reply').length, 1);
  }
  return { health: p99(health), accept: p99(accept) };
}

s.test('64 calls that hang leave /health and the accept of /chat as quick as they were', async d => {
  assert.equal(threads(d).filter(t => t === 'call').length, 0, 'no thread before there is a call');
  /* What the machine does beside falls on one measurement and not on another:
   * they are repeated until one pair is fair.  What the hanging calls cost is
   * there each time. */
  const told = [];
  let before = await measure(d, 'before'), fair = false;
  for (let i = 0; i < PAIRS && !fair; i++) {
    fs.rmSync(d.file('hang-until'), { force: true });
    let ended = 0;
    const hanging = Array.from({ length: THREADS + 8 }, () => d.get('/hang', { ms: HANG_MS + 10000 }).then(r => { ended++; return r; }));
    await until(() => threads(d).filter(t => t === 'call').length === THREADS, { what: 'all threads of the class hang' });
    const meanwhile = await measure(d, `meanwhile${i}-`);
    assert.equal(ended, 0, 'they still hang');
    assert.equal(threads(d).filter(t => t === 'call').length, THREADS);
    fs.writeFileSync(d.file('hang-until'), '');
    for (const r of await Promise.all(hanging)) assert.equal(r.status, 200, 'those that waited for a thread, too');
    const after = await measure(d, `after${i}-`);
    told.push({ before, meanwhile, after });
    fair = ['health', 'accept'].every(what => meanwhile[what] <= 2 * Math.max(before[what], after[what], FLOOR_MS));
    before = after;
  }
  console.log(`p99 in ms: ${JSON.stringify(told)}`);
  assert.ok(fair, JSON.stringify(told));
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
