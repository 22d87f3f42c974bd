/*
 * A message with an id of the client's: repeats, and asking for the answer.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ edges: 1, turns: 1, settings: { chat: { reply_keep: '1m' } } });
/* Where waiting is over soon, and replies are. */
const hasty = sharedStack({ settings: { chat: { wait: '1s', reply_keep: '3s' } } });
const poll = (d, chat, id, more = {}) => d.get(`/chat/${encodeURIComponent(chat)}/messages/${encodeURIComponent(id)}`, { headers: d.headersOf(more) });

s.test('the same id again gets the same answer and no second turn', async d => {
  d.model.clear();
  const a = await d.say('rep', 'hello', { message_id: 'm-1' });
  const b = await d.say('rep', 'hello', { message_id: 'm-1' });
  assert.deepEqual(a, b);
  assert.equal(d.model.requests.length, 1);
});

s.test('another text under the same id is a conflict', async d => {
  await d.say('conf', 'one', { message_id: 'c1' });
  const r = await d.chat({ chat_id: 'conf', message: 'two', message_id: 'c1' });
  assert.equal(r.status, 409, r.text);
  assert.ok(r.json.detail);
});

s.test('another text is a conflict while the first one is being answered, too', async d => {
  d.model.clear();
  let go;
  d.model.push({ text: 'first', hang: new Promise(resolve => { go = resolve; }) });
  const first = d.chat({ chat_id: 'conf-run', message: 'one', message_id: 'c2' });
  await until(() => d.model.requests.length === 1);
  const r = await d.chat({ chat_id: 'conf-run', message: 'two', message_id: 'c2' });
  assert.equal(r.status, 409, r.text);
  go();
  assert.equal((await first).json.reply, 'first');
  assert.equal(d.model.requests.length, 1);
});

s.test('ids belong to their chat', async d => {
  const a = await d.say('own-1', 'one', { message_id: 'same' });
  const b = await d.say('own-2', 'two', { message_id: 'same' });
  assert.equal(a.reply, 'You said: one');
  assert.equal(b.reply, 'You said: two');
});

s.test('repeats while the turn runs wait for the same answer', async d => {
  d.model.clear();
  d.model.push({ text: 'once', delay: 600 });
  const all = await Promise.all(Array.from({ length: 6 }, () => d.chat({ chat_id: 'par', message: 'x', message_id: 'p1' })));
  for (const r of all) assert.equal(r.status === 200 ? r.json.reply : 'once', 'once', r.text);
  assert.ok(all.filter(r => r.status === 200).length >= 1);
  assert.equal(d.model.requests.length, 1);
});

hasty.test('longer than chat.wait: 202 with where to ask, then the answer', async d => {
  d.model.clear();
  let go;
  d.model.push({ text: 'late', hang: new Promise(resolve => { go = resolve; }) });
  const r = await d.chat({ chat_id: 'slow/ü 1', message: 'x', message_id: 's 1'.replace(' ', '.') });
  assert.equal(r.status, 202, r.text);
  for (const k of ['message_id', 'url', 'reply', 'state', 'starters']) assert.ok(k in r.json, k);
  assert.equal(r.json.message_id, 's.1');
  assert.equal(r.headers.location, r.json.url);
  const first = await d.get(r.json.url, { headers: d.headersOf({}) });
  assert.equal(first.status, 202, first.text);
  go();
  const done = await until(async () => {
    const p = await d.get(r.json.url, { headers: d.headersOf({}) });
    return p.status === 200 && p;
  });
  assert.equal(done.json.reply, 'late');
  assert.deepEqual(Object.keys(done.json).sort(), ['reply', 'starters', 'state']);
});

/* Each edge looks for itself, and any of them may get the next request. */
const allSay = (d, why) => until(() => d.edges.every(w => d.logs(w.name).filter(l => l.event.startsWith('readiness_')).at(-1)?.why === why), { ms: 30000, what: why });

hasty.test('a 202 says when it is not the model that takes its time', async d => {
  d.model.clear();
  assert.equal((await d.cli(['pause'])).code, 0);
  await allSay(d, 'turns are paused');
  const paused = await d.chat({ chat_id: 'paused', message: 'x' });
  assert.equal(paused.status, 202);
  assert.match(paused.json.reply, /safe.*paused/);
  assert.equal((await d.cli(['resume'])).code, 0);
  await until(async () => (await d.get(paused.json.url, { headers: d.headersOf({}) })).status === 200);
  for (const w of d.turns) { w.signal('SIGKILL'); await w.end; }
  await allSay(d, 'no turn worker is alive');
  const nobody = await d.chat({ chat_id: 'nobody', message: 'x' });
  assert.equal(nobody.status, 202);
  assert.match(nobody.json.reply, /safe.*start a worker/);
  d.startTurn();
  await until(async () => (await d.get(nobody.json.url, { headers: d.headersOf({}) })).status === 200);
  d.turns = d.turns.filter(w => w.ended === null);
});

hasty.test('without an id of the client one is made and told', async d => {
  d.model.clear();
  let go;
  d.model.push({ text: 'late', hang: new Promise(resolve => { go = resolve; }) });
  const r = await d.chat({ chat_id: 'made', message: 'x' });
  assert.equal(r.status, 202, r.text);
  assert.ok(r.json.message_id.length >= 16);
  go();
  const done = await until(async () => {
    const p = await d.get(r.json.url, { headers: d.headersOf({}) });
    return p.status === 200 && p;
  });
  assert.equal(done.json.reply, 'late');
});

s.test('asking: 404 unknown, 401 without the secret', async d => {
  assert.equal((await poll(d, 'nochat', 'x')).status, 404);
  await d.say('known', 'x', { message_id: 'k1' });
  assert.equal((await poll(d, 'known', 'other')).status, 404);
  assert.equal((await poll(d, 'known', 'k1')).status, 200);
  assert.equal((await poll(d, 'known', 'k1', { secret: 'no' })).status, 401);
  assert.equal((await poll(d, 'other', 'k1')).status, 404, 'not in another chat');
});

hasty.test('after chat.reply_keep: 410 for both ways of asking', async d => {
  d.model.clear();
  assert.ok([200, 202].includes((await d.chat({ chat_id: 'old', message: 'x', message_id: 'o1' })).status));
  const gone = await until(async () => {
    const p = await poll(d, 'old', 'o1');
    return ![200, 202].includes(p.status) && p;
  });
  assert.equal(gone.status, 410, gone.text);
  const again = await d.chat({ chat_id: 'old', message: 'x', message_id: 'o1' });
  assert.equal(again.status, 410, again.text);
  const st = d.stream({ chat_id: 'old', message: 'x', message_id: 'o1' });
  await st.done;
  assert.equal(st.status, 410);
  assert.ok(JSON.parse(st.raw).detail);
  assert.equal(d.model.requests.length, 1);
});

s.test('a repeat may be a stream of what is kept', async d => {
  await d.say('str', 'x', { message_id: 't1' });
  const st = d.stream({ chat_id: 'str', message: 'x', message_id: 't1' });
  await st.done;
  assert.equal(st.of('reply')[0].reply, 'You said: x');
});

s.test('a stream joined in the middle by another client gets the reply', async d => {
  d.model.clear();
  d.model.push({ text: 'both of you', delay: 300, drip: 100 });
  const a = d.stream({ chat_id: 'join', message: 'x', message_id: 'j1' });
  await a.until(x => x.events.length >= 1);
  const b = d.stream({ chat_id: 'join', message: 'x', message_id: 'j1' });
  await Promise.all([a.done, b.done]);
  assert.equal(a.of('reply')[0].reply, 'both of you');
  assert.equal(b.of('reply')[0].reply, 'both of you');
  assert.equal(d.model.requests.length, 1);
});

s.test('message_id: what is no id is a 422', async d => {
  for (const message_id of ['', 'x'.repeat(129), 'a b', 'ü', 7, [], true]) {
    const r = await d.chat({ chat_id: 'bad', message: 'x', message_id });
    assert.equal(r.status, 422, `${message_id}: ${r.text}`);
    assert.deepEqual(r.json.detail[0].loc, ['body', 'message_id']);
  }
  assert.equal((await d.chat({ chat_id: 'bad', message: 'x', message_id: null })).status, 200, 'null: none');
});
