/*
 * A turn is a few writes.  The worker is killed before and after each of them:
 * Redis has not seen it, or has done it and the worker never learned.
 */
import assert from 'node:assert/strict';
import { CHAT_TOKEN } from '../doubles/memcp.mjs';
import { suite, until } from './dragoman.mjs';
import { RedisGate } from './redis_gate.mjs';

const s = suite({
  edges: 1, turns: 0, memcp: true, ready: false,
  settings: { turns: { lease: '1s' }, chat: { wait: '60s', repeatable: ['echo'] } },
});

let gate, edgeGate, worker;

async function start(d) {
  if (gate) return;
  gate = await new RedisGate(d.file('redis.sock')).listen(d.file('gate.sock'));
  worker = d.startTurn({ REDIS_URL: `unix://${d.file('gate.sock')}` });
  await d.ready();
}

function again(d) {
  d.turns = d.turns.filter(t => t.ended === null);
  worker = d.startTurn({ REDIS_URL: `unix://${d.file('gate.sock')}` });
}

/* One message whose turn calls ${tool}; what came of it. */
async function turn(d, chat, tool, script, nth, phase) {
  await d.say(chat, 'hi');
  assert.equal((await d.say(chat, CHAT_TOKEN)).state, 'active');
  d.model.clear();
  d.memcp.calls = [];
  d.model.handler = r => r.toolResults.length === 0 && r.tools.length > 0 && r.lastUser === 'q'
    ? { calls: [{ name: tool, arguments: { [tool === 'echo' ? 'text' : 'name']: 'x' } }] }
    : { text: r.toolResults.length > 0 ? `it said ${r.toolResults[0].text}` : `plain ${r.lastUser}` };
  const before = await d.counts();
  gate.arm(script, nth, phase, worker);
  const answer = d.chat({ chat_id: chat, message: 'q', message_id: 'only' });
  await gate.fired;
  again(d);
  const r = await answer;
  await d.settled();
  const after = await d.counts();
  assert.equal(after.accepted - before.accepted, 1);
  assert.equal(after.ended - before.ended, 1, 'it ended once');
  assert.equal(after.unaccounted, 0);
  const asked = d.model.requests.filter(q => q.lastUser === 'q');
  return { reply: r.json?.reply, text: r.text, replied: after.replied - before.replied, first: asked.filter(q => q.toolResults.length === 0).length, second: asked.filter(q => q.toolResults.length > 0).length };
}

/* The history holds the exchange once, and the repeat gets the same answer. */
async function once(d, chat, reply) {
  const r = await d.chat({ chat_id: chat, message: 'q', message_id: 'only' });
  assert.equal(r.json?.reply, reply, 'the repeat gets the same answer');
  d.model.clear();
  await d.say(chat, 'next');
  const said = d.model.last().body.messages.filter(m => m.role !== 'system').map(m => m.content);
  assert.deepEqual(said, ['q', reply, 'next']);
}

/* A repeatable call: rounds that the journal holds are not asked again. */
for (const [script, nth, phase, first, second] of [
  ['take', 1, 'after', 1, 1],
  ['write', 1, 'before', 2, 1], ['write', 1, 'after', 1, 1],
  ['write', 2, 'before', 1, 1], ['write', 2, 'after', 1, 1],
  ['finish', 1, 'before', 1, 2], ['finish', 1, 'after', 1, 1],
])
  s.test(`killed ${phase} ${script} ${nth}: answered once`, async d => {
    await start(d);
    const chat = `echo-${script}-${nth}-${phase}`;
    const t = await turn(d, chat, 'echo', script, nth, phase);
    assert.equal(t.reply, 'it said x', t.text);
    assert.equal(t.replied, 1);
    assert.deepEqual([t.first, t.second], [first, second], 'model calls of the first and the second round');
    await once(d, chat, 'it said x');
  });

/* A call that must not be repeated: made once, or its outcome is unknown. */
for (const [script, nth, phase, calls, known] of [
  ['write', 1, 'before', 1, true], ['write', 1, 'after', 0, false],
  ['write', 2, 'before', 1, false], ['write', 2, 'after', 1, true],
])
  s.test(`killed ${phase} ${script} ${nth}: a call that may act is not made twice`, async d => {
    await start(d);
    d.memcp.handler = () => ({ data: 'acted' });
    const t = await turn(d, `act-${script}-${nth}-${phase}`, 'query_skills', script, nth, phase);
    assert.equal(d.memcp.calls.length, calls);
    assert.equal(t.replied, 1);
    assert.match(t.reply ?? '', known ? /acted/ : /unknown/, t.text);
  });

for (const phase of ['before', 'after'])
  s.test(`an edge killed ${phase} accept: the repeat is answered once`, async d => {
    await start(d);
    await d.say(`accept-${phase}`, 'hi');
    await d.say(`accept-${phase}`, CHAT_TOKEN);
    d.model.clear();
    edgeGate ??= await new RedisGate(d.file('redis.sock')).listen(d.file('edge-gate.sock'));
    for (const e of d.edges.filter(x => x.ended === null)) await d.kill(e);
    d.edges = [];
    const edge = d.startEdge({ REDIS_URL: `unix://${d.file('edge-gate.sock')}` });
    await edge.started;
    await d.ready();
    const before = await d.counts();
    edgeGate.arm('accept', 1, phase, edge);
    const lost = await d.chat({ chat_id: `accept-${phase}`, message: 'q', message_id: 'only' }).catch(err => ({ status: 0, text: err.message }));
    assert.ok([0, 502, 503].includes(lost.status), `${lost.status} ${lost.text}`);
    d.edges = [];
    d.startEdge();
    const r = await until(async () => {
      const x = await d.chat({ chat_id: `accept-${phase}`, message: 'q', message_id: 'only' });
      return x.status === 200 && x;
    });
    assert.equal(r.json.reply, 'You said: q');
    await d.settled();
    const after = await d.counts();
    assert.deepEqual([after.accepted - before.accepted, after.replied - before.replied], [1, 1]);
  });
