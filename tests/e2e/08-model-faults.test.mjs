/*
 * What a model server does wrong: never a stuck chat, never a lost thread,
 * and after it the chat goes on with its history unchanged.
 */
import assert from 'node:assert/strict';
import { Model } from '../doubles/model.mjs';
import { freePort, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const quick = { llm: { connect: '1s', first_byte: '2s', total: '5s', retry_for: '2s' } };
/* Whoever waits though it is no use, or for another's turn, waits for so long. */
const patient = { llm: { ...quick.llm, retry_for: '20s' } };
const AT_ONCE_MS = 10000;
const s = sharedStack({ settings: quick });

/* The chat is alive after it, and knows nothing of what failed. */
async function alive(d, chat) {
  d.model.clear();
  await until(async () => ![...(await d.metrics())].some(([k, v]) => k.startsWith('dragoman_breaker_open') && v > 0), { ms: 25000, every: 200, what: 'the breaker is closed' });
  assert.equal((await d.say(chat, 'still there?')).reply, 'You said: still there?');
  const users = d.model.last().body.messages.filter(m => m.role === 'user').map(m => m.content);
  assert.deepEqual(users, ['still there?'], 'history unchanged');
}

const again = { /* one fault, then an answer: the person sees no fault */
  'a 500': { status: 500 },
  'a 503': { status: 503 },
  'a 502 as a page of a proxy': { status: 502, html: true },
  'a 529': { status: 529 },
  'a 408': { status: 408 },
  'a 409': { status: 409 },
  'a reset before a byte': { reset: true },
  'a stream reset after words': { text: 'half an answer', reset: 3 },
  'a stream that ends without its end': { text: 'half an answer', cut: 3 },
  'half a JSON in the stream': { text: 'half an answer', half: 3 },
  'an error inside the stream': { text: 'half an answer', errorEvent: 2 },
  'a 429 without retry-after': { status: 429 },
  'a 429 with retry-after': { status: 429, retryAfter: 1 },
  'a 429 with retry-after-ms': { status: 429, retryAfterMs: 100 },
  'garbage as a stream': { garbage: true },
  'garbage as JSON': { garbage: '{"choices": [{', type: 'application/json' },
  'JSON of another shape': { body: { hello: 'world' } },
  'an empty answer': { empty: true },
  'a page in place of an answer': { body: '<html>login</html>', type: 'text/html' },
};
for (const [name, fault] of Object.entries(again))
  s.test(`${name}, then an answer`, async d => {
    const chat = `again ${name}`;
    d.model.clear();
    d.model.push(fault, { text: 'recovered' });
    const r = await d.say(chat, 'x', { ms: 30000 });
    assert.equal(r.state, 'active');
    assert.equal(r.reply, 'recovered');
  });

const lasting = { /* the same fault each time: the friendly sentence */
  'refused connections': { reset: true },
  'errors 500': { status: 500 },
  'a wrong key': { status: 401 },
  'no such model': { status: 404, code: 'model_not_found', message: 'The model `gpt-test` does not exist or you do not have access to it.' },
  'nothing at that address': { status: 404, message: 'Invalid URL (POST /chat/completions)' },
  'too often': { status: 429 },
  'a strange 404': { status: 404 },
  'a bad request': { status: 400 },
  'no credit': { quota: true },
  'slow first bytes': { delay: 60000 },
  'nothing after the headers': { firstByte: 60000, text: 'x' },
  'garbage': { garbage: true },
  'retry-after of an hour': { status: 429, retryAfter: 3600 },
  'should not be retried': { status: 500, shouldRetry: false },
};
const HOPELESS = /wrong key|no such model|at that address|strange 404|no credit|bad request|not be retried/;
/* One worker: the answer after each fault closes its breaker's count. */
const hopeful = sharedStack({ edges: 1, turns: 1, settings: quick }), hopeless = sharedStack({ edges: 1, turns: 1, settings: patient });
for (const [name, fault] of Object.entries(lasting))
  (HOPELESS.test(name) ? hopeless : hopeful).test(`always ${name}: a friendly sentence, refused, the chat lives`, async d => {
    const chat = `always ${name}`;
    d.model.handler = () => fault;
    const begun = performance.now();
    const r = await d.say(chat, 'x', { ms: 60000 });
    const took = performance.now() - begun;
    assert.ok(took < 25000, `${took} ms`);
    assert.equal(r.state, 'active');
    assert.ok(r.reply.length > 10 && !/500|401|JSON|http/i.test(r.reply), r.reply);
    const line = await until(() => d.events('turn_done').findLast(l => l.chat === `default/http/${chat}`));
    assert.equal(line.end, 'refused');
    if (name === 'retry-after of an hour') {
      assert.match(r.reply, /quota for a time is used up\. Please try again in about 60 minutes\.$/);
      assert.match(d.events('model_failed')[0].remedy, /^wait about 60 minutes/);
    }
    const said = { 'a wrong key': /rejected the API key.*needs the operator.*will not help/, 'no such model': /does not exist at its provider.*needs the operator.*will not help/,
      'nothing at that address': /not that of a language model.*needs the operator.*will not help/, 'too often': /asked too often just now\. Please try again in a moment\.$/,
      'a strange 404': /refused this question.*needs the operator.*will not help/, 'a bad request': /refused this question.*needs the operator.*will not help/,
      'no credit': /credit.*used up.*needs the operator.*will not help/ };
    if (said[name]) assert.match(r.reply, said[name]);
    if (HOPELESS.test(name)) {
      assert.ok(took < AT_ONCE_MS, `no use to repeat: ${took} ms`);
      assert.ok(d.model.requests.length <= 2, `asked ${d.model.requests.length} times`);
    }
    await alive(d, chat);
  });

s.test('too long a context: shortened once, then said', async d => {
  d.model.clear();
  for (let i = 0; i < 5; i++) await d.say('ctx', `question ${i}`);
  d.model.clear();
  d.model.push({ context: true }, { text: 'fits now' });
  const said = await d.say('ctx', 'more');
  assert.match(said.reply, /^fits now\n\n\(This conversation is too long for the model: its oldest part was left out.*\/reset/);
  assert.equal(said.truncated, true);
  const [a, b] = d.model.requests;
  assert.ok(b.body.messages.length < a.body.messages.length, 'shorter');
  d.model.clear();
  d.model.handler = () => ({ context: true });
  const r = await d.say('ctx', 'too long');
  assert.equal(d.model.requests.length, 2);
  assert.match(r.reply, /long|\/reset/);
});

s.test('a refusal of the model is told', async d => {
  d.model.clear();
  d.model.push({ refusal: true });
  const r = await d.say('refusal', 'x');
  assert.equal(r.state, 'active');
  assert.ok(r.reply.length > 5);
});

s.test('an answer cut by max_tokens is given', async d => {
  d.model.clear();
  d.model.push({ text: 'as far as it goes', finish: 'length' });
  assert.match((await d.say('len', 'x')).reply, /^as far as it goes/);
});

testWith({ edges: 1, turns: 1, settings: patient }, 'a call that the model wrote wrong: asked once more, then a friendly sentence', async d => {
  const fault = { status: 400, code: 'tool_use_failed' };
  d.model.clear();
  d.model.push(fault, { text: 'better' });
  assert.equal((await d.say('toolfail', 'x')).reply, 'better');
  d.model.clear();
  d.model.handler = () => fault;
  const begun = performance.now();
  assert.match((await d.say('toolfail', 'x')).reply, /put it differently/);
  assert.equal(d.model.requests.length, 2);
  assert.ok(performance.now() - begun < AT_ONCE_MS, 'no use to wait for llm.retry_for');
});

s.test('always empty answers: a sentence, and no endless asking', async d => {
  d.model.clear();
  d.model.handler = () => ({ empty: true });
  const r = await d.say('empty', 'x');
  assert.ok(r.reply.length > 5);
  assert.ok(d.model.requests.length <= 3);
});

s.test('a huge answer is cut, not kept', async d => {
  d.model.clear();
  d.model.push({ huge: 8 << 20 });
  const r = await d.say('huge', 'x', { ms: 30000 });
  assert.ok(r.reply.length <= 20000, String(r.reply.length));
  assert.equal(r.truncated, true);
  assert.match(r.reply, /\(The answer was cut here: a reply has at most 20000 characters/);
  await d.say('huge', '/reset');
  await alive(d, 'huge');
});

/* Some hundred bytes come before the first word: they take as long as the
 * double's timers. */
testWith({ edges: 1, turns: 1, settings: { llm: { retry_for: '0s' }, chat: { wait: '100s' } } }, 'a slow drip of bytes is read whole', async d => {
  d.model.push({ text: 'ä drop 🌍', bytes: true, drip: 1 });
  assert.equal((await d.say('drip', 'x', { ms: 120000 })).reply, 'ä drop 🌍');
  d.model.push({ text: 'cr', cr: true });
  assert.equal((await d.say('drip', 'x')).reply, 'cr');
});

s.test('a drip without end meets the deadline of the whole answer', async d => {
  d.model.clear();
  d.model.handler = () => ({ text: 'z'.repeat(2000), pieces: 2000, drip: 50 });
  const begun = performance.now();
  const r = await d.say('endless', 'x', { ms: 60000 });
  assert.ok(performance.now() - begun < 25000);
  assert.equal(r.state, 'active');
  d.model.clear();
  assert.equal((await d.say('endless', 'and now?')).reply, 'You said: and now?');
});

testWith({ edges: 1, turns: 1, settings: { ...patient, turns: { slots: 1 } } }, 'while one chat waits for a retry others are served', async d => {
  d.model.handler = r => r.lastUser === 'stuck' ? { status: 429, retryAfter: 12 } : { text: 'free' };
  let ended = false;
  const stuck = d.chat({ chat_id: 'r-stuck', message: 'stuck' }).then(r => { ended = true; return r; });
  await until(() => d.model.requests.length === 1);
  for (let i = 0; i < 5; i++) assert.equal((await d.say(`r-free-${i}`, 'x')).reply, 'free');
  assert.equal(ended, false);
  assert.equal(d.model.requests.length, 6, 'it still waits');
  await d.say('r-stuck', '/stop');
  await stuck;
});

s.test('all is accounted for, no thread is lost', async d => {
  const c = await d.settled();
  assert.equal(c.unaccounted, 0);
  assert.equal(c.dead, 0);
  for (const w of d.turns) assert.equal(w.ended, null);
});

testWith({ edges: 1, turns: 2, settings: { llm: { ...quick.llm, retry_for: '1s' } } }, 'a breaker opens for all workers, closes again, a plain 429 does not open it', async d => {
  d.model.handler = () => ({ status: 429 });
  for (let i = 0; i < 6; i++) await d.say(`plain-${i}`, 'x', { ms: 30000 });
  assert.ok(![...(await d.metrics())].some(([k, v]) => k.startsWith('dragoman_breaker_open') && v > 0), 'closed after 429s');
  d.model.clear();
  d.model.handler = () => ({ status: 500 });
  for (let i = 0; i < 10; i++) await d.say(`b-${i}`, 'x', { ms: 30000 });
  const before = d.model.requests.length;
  for (let i = 0; i < 5; i++) await d.say(`open-${i}`, 'x', { ms: 30000 });
  assert.ok(d.model.requests.length - before <= 3, `open: asked ${d.model.requests.length - before} times`);
});

const both = { edges: 1, turns: 1, settings: { llm: { ...quick.llm, retry_for: '5s', fallback: ['gpt-second'] } } };
const two = sharedStack(both);
for (const first of ['gpt-test', 'gpt-second'])
  two.test(`a long retry-after of one model (${first}) does not speak for the other`, async d => {
    let others = 0;
    d.model.handler = r => r.body.model === first ? { status: 429, retryAfter: 60 }
      : ++others === 1 ? { status: 503 } : { text: 'from the other' };
    assert.equal((await d.say(`hint of ${first}`, 'x', { ms: 30000 })).reply, 'from the other');
    assert.equal(others, 2);
  });

testWith({ ...both, settings: { llm: { ...both.settings.llm, retry_for: '20s' } } }, 'a long retry-after of all models: refused at once', async d => {
  d.model.handler = () => ({ status: 429, retryAfter: 60 });
  const begun = performance.now();
  await d.say('hints', 'x', { ms: 30000 });
  assert.ok(performance.now() - begun < AT_ONCE_MS);
  assert.equal(d.model.requests.length, 2);
});

testWith(async () => {
  const dead = await Model.start({ port: await freePort() });
  await dead.stop();
  return { edges: 1, turns: 1, ready: false, settings: { llm: { ...quick.llm, base_url: dead.openai } } };
}, 'no server at all', async d => {
  const r = await d.say('none', 'x', { ms: 30000 });
  assert.equal(r.state, 'active');
  assert.ok(r.reply.length > 10);
});
