/*
 * The answer as a stream of events: each kind, ids, offsets, and a new start
 * when another worker takes over in the middle.
 */
import assert from 'node:assert/strict';
import { sleep, until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ settings: { turns: { lease: '3s' } } });

function checkText(st) {
  /* The deltas of each attempt make the text, by offsets in characters. */
  let attempt = null, text = '';
  for (const e of st.events) {
    if (e.event === 'restart') { attempt = e.json.attempt; text = ''; }
    if (e.event !== 'delta') continue;
    attempt ??= e.json.attempt;
    assert.equal(e.json.attempt, attempt, 'attempt of a delta');
    assert.equal(e.json.offset, Array.from(text).length, `offset: ${JSON.stringify(st.events)}`);
    text += e.json.text;
  }
  return text;
}

function checkIds(st) {
  const ids = st.events.map(e => e.id);
  assert.ok(ids.every(Boolean), 'each event has an id');
  assert.equal(new Set(ids).size, ids.length, 'ids differ');
}

s.test('status, deltas and the reply of the plain call', async d => {
  d.model.clear();
  const text = 'Hällo 🌍, this is a längër answer.';
  /* Half of it waits until the other half is there. */
  let go;
  const seen = new Promise(resolve => { go = resolve; });
  d.model.push({ text, pieces: 8, drip: sent => sent === 4 ? seen : sleep(60) });
  const st = d.stream({ chat_id: 'a', message: 'hi' });
  await st.until(x => x.of('delta').length >= 1);
  go();
  await st.done;
  assert.equal(st.status, 200);
  assert.match(st.headers['content-type'], /^text\/event-stream/);
  assert.match(st.headers['cache-control'] ?? '', /no-(store|cache)/);
  assert.equal(st.of('status')[0].status, 'accepted');
  assert.deepEqual(st.of('status').slice(1), [{ status: 'working' }, { status: 'asking', model: 'openai/gpt-test' }]);
  assert.ok(st.of('delta').length >= 2, 'several pieces');
  assert.equal(checkText(st), text);
  checkIds(st);
  assert.equal(st.events.at(-1).event, 'reply');
  assert.deepEqual(st.of('reply'), [{ reply: text, state: 'active', starters: [] }]);
});

s.test('pieces come while the model still speaks', async d => {
  d.model.clear();
  let go;
  const heard = new Promise(resolve => { go = resolve; });
  /* After its first piece (the stream begins with a role). */
  d.model.handler = () => ({ text: ['first ', 'second ', 'third'], drip: sent => sent === 1 && heard });
  const st = d.stream({ chat_id: 'live', message: 'hi' });
  await st.until(x => x.of('delta').length >= 1);
  assert.ok(!st.ended);
  go();
  await st.done;
  assert.equal(checkText(st), 'first second third');
});

s.test('an answer at once has a delta all the same', async d => {
  d.model.clear();
  d.model.push({ text: 'quick', pieces: 1, json: true });
  const st = d.stream({ chat_id: 'quick', message: 'hi' });
  await st.done;
  assert.ok(st.of('status').length >= 1, 'a status');
  assert.equal(checkText(st), 'quick');
  assert.ok(st.of('delta').length >= 1, 'a delta');
});

s.test('commands and direct answers stream too', async d => {
  const st = d.stream({ chat_id: 'cmd', message: '/help' });
  await st.done;
  assert.ok(st.of('status').length >= 1);
  assert.ok(st.of('delta').length >= 1);
  assert.equal(st.of('reply').length, 1);
  assert.equal(checkText(st), st.of('reply')[0].reply);
});

s.test('at most twenty pieces a second', async d => {
  d.model.clear();
  d.model.push({ text: 'x'.repeat(400), pieces: 400, drip: 4 });
  /* From before the first is sent: they may come late, and then faster. */
  const begun = performance.now();
  const st = d.stream({ chat_id: 'fast', message: 'hi' });
  await st.done;
  const at = st.at.filter((_, i) => st.events[i].event === 'delta');
  const seconds = (at.at(-1) - begun) / 1000;
  assert.ok(at.length <= 20 * seconds + 4, `${at.length} pieces in ${seconds} s`);
  assert.equal(checkText(st), 'x'.repeat(400));
});

s.test('tools show as events; words before a call are not the answer', async d => {
  d.model.clear();
  d.model.push({ text: 'Let me look.', calls: [{ name: 'echo', arguments: { text: 'r' } }], drip: 30 }, { text: 'It says r.', drip: 30 });
  const st = d.stream({ chat_id: 'tool', message: 'hi' });
  await st.done;
  const tools = st.of('tool');
  assert.ok(tools.length >= 1 && tools.every(t => t.name === 'echo'), JSON.stringify(tools));
  assert.ok(!JSON.stringify(tools).includes('"r"'), 'no arguments or results');
  assert.equal(checkText(st), 'It says r.');
  assert.equal(st.of('reply')[0].reply, 'It says r.');
});

s.test('a worker killed in the middle: restart, and the text anew', async d => {
  d.model.clear();
  let n = 0;
  d.model.handler = () => ++n === 1 ? { text: ['The first ', 'try ', 'never ends'], drip: sent => sent === 1 && new Promise(() => {}) } : { text: 'The second try is whole.', drip: 50 };
  const st = d.stream({ chat_id: 'killed', message: 'hi' });
  await st.until(x => x.of('delta').length >= 1);
  for (const w of d.turns) await d.kill(w);
  for (let i = 0; i < 2; i++) d.startTurn();
  await st.done;
  assert.equal(st.of('reply').length, 1, st.raw);
  assert.ok(st.of('restart').length >= 1, st.raw);
  assert.equal(st.of('reply')[0].reply, checkText(st));
  checkIds(st);
  await d.settled();
});

s.test('a stream broken by the model begins anew', async d => {
  d.model.clear();
  d.model.push({ text: 'half of it and the rest', pieces: 6, drip: 120, reset: 5 }, { text: 'now whole', drip: 20 });
  const st = d.stream({ chat_id: 'broken', message: 'hi' });
  await st.done;
  assert.equal(st.of('reply')[0].reply, 'now whole');
  assert.equal(checkText(st), 'now whole');
  assert.ok(st.of('restart').length >= 1);
});

s.test('a client that leaves costs nothing; the answer is kept', async d => {
  d.model.clear();
  d.model.push({ text: 'still answered', delay: 500 });
  const st = d.stream({ chat_id: 'gone', message: 'hi', message_id: 'm1' });
  await st.until(x => x.of('status').length >= 1);
  st.close();
  await until(async () => {
    const r = await d.get('/chat/gone/messages/m1', { headers: d.headersOf({}) });
    return r.status === 200 && r.json.reply === 'still answered';
  }, { what: 'the answer is kept' });
  await until(async () => [...(await d.metrics())].filter(([k]) => k.startsWith('dragoman_parked')).every(([, v]) => v === 0),
    { what: 'nothing is parked' });
});

s.test('refusals of a stream are plain JSON', async d => {
  const r = d.stream({ chat_id: '', message: 'hi' });
  await r.done;
  assert.equal(r.status, 400);
  const u = d.stream({ chat_id: 'refused', message: 'hi' }, { secret: 'no' });
  await u.done;
  assert.equal(u.status, 401);
});

s.test('many streams at once each get their own answer', async d => {
  d.model.clear();
  d.model.handler = r => ({ text: `for ${r.lastUser}`, pieces: 5, drip: 30 });
  const all = Array.from({ length: 100 }, (_, i) => d.stream({ chat_id: `many-${i}`, message: `m${i}` }));
  await Promise.all(all.map(x => x.done));
  for (const [i, st] of all.entries()) {
    assert.equal(st.status, 200);
    assert.equal(st.of('reply')[0]?.reply, `for m${i}`, st.raw);
    assert.equal(checkText(st), `for m${i}`);
  }
});
