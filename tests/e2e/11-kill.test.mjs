/*
 * Whatever dies, each accepted message ends exactly once and in order.
 */
import assert from 'node:assert/strict';
import { sleep, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const quick = { turns: { lease: '2s' }, llm: { first_byte: '20s' }, chat: { wait: '60s', repeatable: ['echo', 'time'] } };
const s = sharedStack({ release: true, edges: 2, turns: 2, settings: quick });

const LEASE_MS = 2000;
const CRASHES_MAX = 5; /* then its message is a dead letter */
/* After its second crash a chat waits 2^crashes s, a quarter more or less: that is seen, and not waited for. */
async function pauseAfter(d, chat, crashes) {
  const ms = await until(async () => { const left = await d.ahead(chat); return left > LEASE_MS && left; }, { ms: 20000, what: `${chat} waits after crash ${crashes}` });
  const whole = 2 ** crashes * 1000;
  assert.ok(ms <= 1.25 * whole && ms > 0.75 * whole - 1500, `${ms} ms after crash ${crashes}`);
  await d.lookNow(chat);
}

/* Answers when told to: a model call that stands still at a known point. */
function gate(d) {
  const waiting = [];
  d.model.handler = r => ({ text: `reply to ${r.lastUser}`, hang: new Promise(resolve => waiting.push(resolve)) });
  return {
    waiting,
    async reached(n) { await until(() => waiting.length >= n, { ms: 30000, what: `${n} model calls` }); },
    open() { d.model.handler = r => ({ text: `reply to ${r.lastUser}` }); for (const f of waiting) f(); },
  };
}

async function replaceTurns(d) {
  for (const w of d.turns.filter(x => x.ended === null)) await d.kill(w);
  d.turns = d.turns.filter(x => x.ended === null);
  for (let i = 0; i < 2; i++) d.startTurn();
}

s.test('turn workers killed while the model is asked', async d => {
  d.model.clear();
  const g = gate(d);
  const answer = d.chat({ chat_id: 'ask', message: 'q' });
  await g.reached(1);
  await replaceTurns(d);
  await g.reached(2);
  g.open();
  const r = await answer;
  assert.equal(r.json?.reply, 'reply to q', r.text);
  const c = await d.settled();
  assert.equal(c.unaccounted, 0);
});

s.test('killed twice and more: still answered once', async d => {
  d.model.clear();
  const g = gate(d);
  const answer = d.chat({ chat_id: 'twice', message: 'q' });
  for (let i = 1; i <= 3; i++) {
    await g.reached(i);
    await replaceTurns(d);
    if (i > 1) await pauseAfter(d, 'twice', i);
  }
  await g.reached(4);
  g.open();
  assert.equal((await answer).json?.reply, 'reply to q');
  await until(() => d.events('turn_done').filter(l => l.chat === 'default/http/twice').length === 1);
  await d.settled();
});

s.test('an edge killed: the message is answered all the same', async d => {
  d.model.clear();
  const g = gate(d);
  const answers = Array.from({ length: 4 }, (_, i) => d.chat({ chat_id: `edge-${i}`, message: 'q', message_id: 'e1' }).catch(err => ({ status: 0, err })));
  await g.reached(4);
  for (const e of d.edges.filter(x => x.ended === null)) await d.kill(e);
  d.edges = [];
  d.startEdge(); d.startEdge();
  g.open();
  for (const r of await Promise.all(answers)) assert.ok([0, 502, 503, 504].includes(r.status), `${r.status} ${r.text}`);
  for (let i = 0; i < 4; i++) {
    const r = await d.chat({ chat_id: `edge-${i}`, message: 'q', message_id: 'e1' });
    assert.equal(r.json?.reply, 'reply to q', r.text);
  }
  assert.equal(d.model.requests.length, 4, 'each asked once');
  await d.settled();
});

s.test('Redis killed while the model is asked: the turn goes on', async d => {
  d.model.clear();
  const g = gate(d);
  const answer = d.chat({ chat_id: 'redis', message: 'q' });
  await g.reached(1);
  await sleep(1100); /* the AOF's second, so that the acceptance is on disk */
  await d.restartRedis();
  g.open();
  const r = await answer;
  assert.equal(r.json?.reply, 'reply to q', r.text);
  const c = await d.settled();
  assert.equal(c.unaccounted, 0);
});

s.test('Redis away: 503 with Retry-After, and served again after it', async d => {
  d.model.clear();
  d.redisServer.signal('SIGKILL');
  await d.redisServer.end;
  const r = await d.chat({ chat_id: 'away', message: 'q' }, { ms: 20000 });
  assert.equal(r.status, 503, r.text);
  assert.ok(r.headers['retry-after']);
  assert.equal((await d.get('/health')).status, 200);
  await until(async () => (await d.get('/ready')).status === 503, { what: '/ready says 503' });
  await d.startRedis();
  await d.ready();
  assert.equal((await d.say('away', 'q')).reply, 'You said: q');
});

s.test('a worker that was started before Redis takes what waits at once', async d => {
  d.model.clear();
  /* Only who was connected before waits for the others, 2 s.  What a busy machine
   * takes beside is not that long each time. */
  const waited = [];
  for (let i = 0; i < 3 && !waited.some(ms => ms < 1500); i++) {
    for (const w of d.turns.filter(x => x.ended === null)) await d.stopAndWait(w);
    d.turns = [];
    d.redisServer.signal('SIGKILL');
    await d.redisServer.end;
    const w = d.startTurn();
    await until(() => d.events('redis_failed', w.name).length > 0);
    await d.startRedis();
    await d.ready();
    await d.say(`early-${i}`, 'q');
    waited.push((await until(() => d.events('turn_done').find(l => l.chat === `default/http/early-${i}`))).waited_ms);
  }
  assert.ok(waited.some(ms => ms < 1500), `${waited} ms`);
  d.startTurn();
});

s.test('a worker stalled past its lease does not answer a second time', async d => {
  d.model.clear();
  const g = gate(d);
  const answer = d.chat({ chat_id: 'stall', message: 'q' });
  await g.reached(1);
  const stalled = [...d.turns];
  for (const w of stalled) await until(() => d.logs(w.name).some(l => l.event === 'worker_started'), { what: 'all serve' });
  for (const w of stalled) w.signal('SIGSTOP');
  d.startTurn();
  await g.reached(2);
  g.open();
  assert.equal((await answer).json?.reply, 'reply to q');
  /* Their ends tell that nothing of theirs is still to come. */
  for (const w of stalled) {
    w.signal('SIGCONT');
    w.signal('SIGTERM');
  }
  for (const w of stalled) await until(() => w.ended !== null, { ms: 30000, what: 'the stalled worker ends' });
  for (const w of stalled) assert.equal(w.ended, 0);
  d.turns = d.turns.filter(w => w.ended === null);
  await d.settled();
  assert.equal(d.events('turn_done').filter(l => l.chat === 'default/http/stall').length, 1);
  d.model.clear();
  await d.say('stall', 'next');
  assert.equal(d.model.last().body.messages.filter(m => m.content === 'q').length, 1, 'in the history once');
});

s.test('between tool rounds: what was answered is not asked again', async d => {
  d.model.clear();
  let asked = 0, hold;
  d.model.handler = r => {
    if (r.toolResults.length === 0) { asked++; return { calls: [{ name: 'echo', arguments: { text: 'journalled' } }] }; }
    return { text: `got ${r.toolResults[0].text}`, hang: hold ? undefined : new Promise(resolve => { hold = resolve; }) };
  };
  const answer = d.chat({ chat_id: 'rounds', message: 'q' });
  await until(() => hold, { what: 'second model call' });
  await replaceTurns(d);
  await until(() => d.model.requests.length >= 3, { ms: 30000, what: 'the second call again' });
  hold();
  assert.equal((await answer).json?.reply, 'got journalled');
  assert.equal(asked, 1, 'the first round came from the journal');
  await d.settled();
});

testWith({ release: true, edges: 2, turns: 4, settings: quick }, '50 messages of one chat keep their order over 4 workers, one at a time', async d => {
  d.model.handler = r => ({ text: `r:${r.lastUser}`, delay: 5 });
  const all = [];
  for (let i = 0; i < 50; i++) {
    all.push(d.chat({ chat_id: 'order', message: `m${i}`, message_id: `o-${i}` }));
    /* accepted before the next is sent, or the order of sending is no order */
    await until(async () => (await d.counts()).accepted > i, { every: 1 });
  }
  const answers = await Promise.all(all);
  for (const [i, r] of answers.entries()) assert.equal(r.json?.reply, `r:m${i}`, r.text);
  assert.equal(d.model.mostRunning, 1, 'one turn at a time');
  assert.deepEqual(d.model.requests.map(r => r.lastUser), Array.from({ length: 50 }, (_, i) => `m${i}`));
  const c = await d.settled();
  assert.equal(c.replied, 50);
});

testWith({ release: true, edges: 2, turns: 3, settings: { ...quick, chat: { ...quick.chat, inbox_max: 50 } } }, '50 messages keep order while workers are killed', async d => {
  d.model.handler = r => ({ text: `r:${r.lastUser}`, delay: 20 });
  const all = [];
  for (let i = 0; i < 50; i++) {
    all.push(d.chat({ chat_id: 'order', message: `m${i}`, message_id: `o-${i}` }));
    await until(async () => (await d.counts()).accepted > i, { every: 1 });
    if (i % 12 === 5) {
      const w = d.turns.filter(x => x.ended === null)[0];
      await d.kill(w);
      d.startTurn();
    }
  }
  const answers = await Promise.all(all);
  for (const [i, r] of answers.entries()) assert.equal(r.json?.reply, `r:m${i}`, r.text);
  const seen = d.model.requests.map(r => Number(r.lastUser.slice(1)));
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i] >= seen[i - 1], `out of order: ${seen.join()}`);
  const c = await d.settled();
  assert.equal(c.replied, 50);
  d.model.clear();
  await d.say('order', 'last');
  const users = d.model.last().body.messages.filter(m => m.role === 'user').map(m => m.content);
  assert.deepEqual(users, [...Array.from({ length: 10 }, (_, i) => `m${40 + i}`), 'last']);
});

testWith({ release: true, edges: 1, turns: 2, settings: { ...quick, turns: { lease: '1s', max_time: '3s' } } }, 'a turn past turns.max_time is ended, its chat goes on', async d => {
  d.model.push({ hang: true });
  const r = await d.chat({ chat_id: 'max', message: 'hang' }, { ms: 40000 });
  assert.equal(r.status, 200, r.text);
  assert.equal((await d.say('max', 'next')).reply, 'You said: next');
  await d.settled();
});

testWith({ release: true, edges: 1, turns: 1, settings: { ...quick, turns: { lease: '2s', max_age: '1s' } } }, 'what waited longer than turns.max_age expires with one apology', async d => {
  const g = gate(d);
  const first = d.chat({ chat_id: 'age', message: 'first' });
  await g.reached(1);
  const late = [d.chat({ chat_id: 'age', message: 'late 1' }), d.chat({ chat_id: 'age', message: 'late 2' })];
  await until(async () => (await d.counts()).waiting === 3);
  await sleep(1500);
  g.open();
  assert.equal((await first).json.reply, 'reply to first');
  for (const r of await Promise.all(late)) assert.equal(r.status, 200);
  const c = await d.settled();
  assert.equal(c.expired, 2);
});

testWith({ release: true, edges: 1, turns: 2, settings: { ...quick, chat: { ...quick.chat, wait: '170s' }, turns: { lease: '1s' } } }, 'a message that kills its worker again and again ends dead, the next one is served', async d => {
  d.model.clear();
  const g = gate(d);
  const answer = d.chat({ chat_id: 'poison', message: 'poison' }, { ms: 170000 });
  await g.reached(1); /* the other would else be first at times */
  const next = d.chat({ chat_id: 'poison', message: 'after it' }, { ms: 170000 });
  let n = 0, settled = false;
  answer.finally(() => { settled = true; });
  while (!settled && n < 10) {
    await until(() => settled || g.waiting.length > n, { ms: 120000, what: 'next attempt' });
    if (settled) break;
    n = g.waiting.length;
    await replaceTurns(d);
    if (n > 1) await pauseAfter(d, 'poison', n);
  }
  const r = await answer;
  assert.equal(n, CRASHES_MAX, `${n} attempts`);
  assert.equal(r.status, 200, r.text);
  g.open();
  assert.equal((await next).json?.reply, 'reply to after it');
  const c = await d.settled();
  assert.ok(c.dead >= 1);
});
