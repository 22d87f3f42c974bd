/*
 * Commands of a chat: answered at once, also while a turn runs, or in turn.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

/* A lease is renewed, and then a stop noticed, after a third of it. */
const s = sharedStack({ settings: { chat: { repeatable: ['echo'] }, turns: { lease: '60s' } } });
const AT_ONCE_MS = 8000;

s.test('/status says state, token and backend, and makes no record', async d => {
  const r = await d.say('nobody-yet', '/status');
  assert.equal(r.state, 'active');
  assert.match(r.reply, /State: active \| Backend: openai\/gpt-test \| Exchanges remembered: 0 \|/);
  const keys = await d.redis.keys('*nobody-yet*');
  assert.deepEqual(keys.filter(k => !k.includes(':window:')), []);
});

s.test('/help names all commands', async d => {
  const { reply } = await d.say('h', '/help');
  assert.doesNotMatch(reply, /token|disconnect/i, 'there are no tokens here');
  for (const c of ['/status', '/reset', '/help', '/stop', '/why', '/usage']) assert.ok(reply.includes(c), c);
});

s.test('commands are exact: another single word after a slash is none, all else goes to the model', async d => {
  d.model.clear();
  for (const text of ['/status please', '//status', '/etc/hosts', '/', '/tmp is full', 'status'])
    assert.equal((await d.say('exact', text)).reply, `You said: ${text}`);
  const asked = d.model.requests.length;
  for (const text of ['/Status', '/stauts', '/model'])
    assert.match((await d.say('exact', text)).reply, new RegExp(`^There is no command ${text}\\. /help lists them`));
  assert.equal(d.model.requests.length, asked);
  assert.match((await d.say('exact', '  /status \n')).reply, /^State:/);
});

s.test('/status says how much is remembered', async d => {
  assert.equal((await d.say('much', '/status')).exchanges, undefined);
  await d.say('much', 'one');
  await d.say('much', 'two');
  const r = await d.say('much', '/status');
  assert.equal(r.exchanges, 2);
  assert.match(r.reply, /Exchanges remembered: 2/);
});

s.test('/why names the tools of the last answer', async d => {
  d.model.clear();
  assert.doesNotMatch((await d.say('why', '/why')).reply, /echo/);
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'a' } }, { name: 'time' }] }, { text: 'done' });
  await d.say('why', 'use tools');
  const { reply } = await d.say('why', '/why');
  assert.match(reply, /echo/);
  assert.match(reply, /time/);
  await d.say('why', 'no tools now');
  assert.doesNotMatch((await d.say('why', '/why')).reply, /echo/);
});

s.test('/usage counts tokens of the chat', async d => {
  d.model.clear();
  d.model.push({ text: 'a', usage: { in: 1000, out: 234 } });
  await d.say('usage', 'x');
  const { reply } = await d.say('usage', '/usage');
  assert.match(reply, /1[.,]?000/);
  assert.match(reply, /234/);
});

s.test('/reset forgets the history', async d => {
  d.model.clear();
  await d.say('reset', 'remember me');
  const r = await d.say('reset', '/reset');
  assert.equal(r.state, 'active');
  await d.say('reset', 'who am I?');
  assert.ok(!JSON.stringify(d.model.last().body).includes('remember me'));
});

s.test('/disconnect without tokens clears the history and stays active', async d => {
  d.model.clear();
  await d.say('disc', 'remember me');
  const r = await d.say('disc', '/disconnect');
  assert.equal(r.state, 'active');
  await d.say('disc', 'who am I?');
  assert.ok(!JSON.stringify(d.model.last().body).includes('remember me'));
});

s.test('commands are answered while a turn runs; /stop stops it', async d => {
  d.model.clear();
  d.model.push({ hang: true });
  const running = d.chat({ chat_id: 'busy', message: 'long question' });
  await until(() => d.model.requests.length === 1, { what: 'the model is asked' });
  const waiting = d.chat({ chat_id: 'busy', message: 'second' });
  await until(async () => (await d.counts()).waiting === 2, { what: 'two messages wait' });
  for (const c of ['/status', '/help', '/why', '/usage']) assert.ok((await d.say('busy', c, { ms: AT_ONCE_MS })).reply);
  assert.match((await d.say('busy', '/status')).reply, /Running: yes/);
  const begun = performance.now();
  await d.say('busy', '/stop');
  const r = await running;
  assert.ok(performance.now() - begun < AT_ONCE_MS, 'stopped soon, not at the next renewal of the lease');
  assert.equal(r.status, 200);
  assert.equal(r.json.state, 'active');
  assert.equal((await waiting).json.reply, 'You said: second');
  await until(() => d.model.requests[0].aborted, { what: 'the request to the model is cancelled' });
  const c = await d.settled();
  assert.ok(c.refused >= 1);
});

s.test('/stop ends a turn that waits to ask the model again', async d => {
  d.model.clear();
  d.model.handler = r => r.lastUser === 'stuck' ? { status: 429, retryAfter: 10 } : { text: 'free' };
  const stuck = d.chat({ chat_id: 'later', message: 'stuck' });
  await until(() => d.events('turn_handed_back').some(l => l.chat === 'default/http/later'), { what: 'nobody holds the turn' });
  const begun = performance.now();
  await d.say('later', '/stop');
  assert.equal((await stuck).json.reply, 'Stopped.');
  assert.ok(performance.now() - begun < AT_ONCE_MS, 'at once, not when the retry is due');
  assert.equal((await d.say('later', 'x')).reply, 'free');
  d.model.clear();
});

s.test('/stop with nothing to stop says so', async d => {
  const r = await d.say('idle', '/stop');
  assert.ok(r.reply.length > 0);
  assert.equal(r.state, 'active');
  assert.equal((await d.say('idle', 'next')).reply, 'You said: next');
});

s.test('/stop that comes too late says so', async d => {
  d.model.clear();
  assert.equal((await d.say('toolate', 'quick')).reply, 'You said: quick');
  const { reply } = await d.say('toolate', '/stop');
  assert.match(reply, /^Too late:/);
});

s.test('a stopped turn leaves no trace in the history', async d => {
  d.model.clear();
  d.model.push({ hang: true });
  const running = d.chat({ chat_id: 'trace', message: 'to be stopped' });
  await until(() => d.model.requests.length === 1);
  await d.say('trace', '/stop');
  await running;
  await d.say('trace', 'next');
  assert.ok(!JSON.stringify(d.model.last().body).includes('to be stopped'));
});
