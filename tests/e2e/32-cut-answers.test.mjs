/*
 * Answers that break off: the words of a model that cannot end one are kept,
 * through the deaths of workers, and given once; a whole one is never asked
 * for again; an empty one, or one that its limit ate, is asked for once more.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startModern } from '../doubles/mcp.mjs';
import { TOP, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const NOTE = '(The answer was cut off here. Ask me to go on if you need the rest.)';
const settings = { chat: { wait: '60s' }, llm: { retry_for: '1s', total: '20s' }, turns: { lease: '2s' }, server: { drain: '1s' } };
const s = sharedStack({ edges: 1, turns: 1, settings });
/* The stream begins with a role, then its pieces; Anthropic's with message_start, ping and content_block_start. */
const cutIn = { openai: pieces => pieces + 1, anthropic: pieces => pieces + 3 };
const half = (api = 'openai') => ({ text: ['Half an ', 'answer', ' and more'], cut: cutIn[api](2) });
const dead = { status: 429 }; /* a failure, but none that opens the breaker */

/* An answer closes the breaker's count, so that no test opens it for another. */
let calmed = 0;
async function calm(d) {
  d.model.clear();
  await d.say(`calm-${++calmed}`, 'x');
  d.model.clear();
}

/* The names of the members of ${schema} in docs/openapi.yaml. */
function described(schema) {
  const text = fs.readFileSync(path.join(TOP, 'docs/openapi.yaml'), 'utf8');
  const [, block] = new RegExp(`\n    ${schema}:\n((?:      .*\n)+)`).exec(text);
  return [...block.slice(block.indexOf('properties:')).matchAll(/\n {8}(\w+):/g)].map(m => m[1]);
}

/* How much a counter grew since ${before}. */
async function grew(d, before, name) {
  const now = await d.metrics();
  return (now.get(name) ?? 0) - (before.get(name) ?? 0);
}
const repeats = cause => `dragoman_model_repeats_total{cause="${cause}"}`;
const CUT = 'dragoman_answers_cut_total', KEPT = 'dragoman_answers_kept_total';
const endOf = (d, chat) => until(() => d.events('turn_done').findLast(l => l.chat === `default/http/${chat}`)?.end, { what: `the end of ${chat}` });

s.test('cut, and each repeat also: the words, marked in the reply, in GET and in the history', async d => {
  await calm(d);
  d.model.handler = () => half();
  const before = await d.metrics();
  const r = await d.say('a', 'tell me', { message_id: 'm1' });
  assert.deepEqual(r, { reply: `Half an answer\n\n${NOTE}`, state: 'active', starters: r.starters, truncated: true });
  assert.deepEqual(described('Reply').filter(k => !['failed', 'exchanges'].includes(k)).sort(), Object.keys(r).sort());
  const asked = d.model.requests.length;
  assert.ok(asked >= 2, `asked ${asked} times`);
  assert.equal(await endOf(d, 'a'), 'replied');
  /* Whoever asks again gets the same, without another question. */
  const again = await d.get('/chat/a/messages/m1', { headers: d.headersOf({}) });
  assert.equal(again.status, 200);
  assert.deepEqual(again.json, r);
  assert.deepEqual(await d.say('a', 'tell me', { message_id: 'm1' }), r);
  assert.equal(d.model.requests.length, asked);
  assert.equal(await grew(d, before, CUT), asked);
  assert.equal(await grew(d, before, KEPT), 1);
  assert.equal(await grew(d, before, repeats('cut')), asked, 'one for each that broke off');

  d.model.clear();
  const next = await d.say('a', 'go on');
  assert.equal(next.truncated, undefined, 'a whole answer is not marked');
  const told = d.model.last().body.messages;
  assert.deepEqual(told.filter(m => m.role !== 'system').map(m => m.content), ['tell me', 'Half an answer', 'go on'], 'the line for the person is not the model\'s');
});

s.test('the same as a stream: pieces, and the words in its last event', async d => {
  await calm(d);
  d.model.handler = () => half();
  const st = d.stream({ chat_id: 'sse', message: 'tell me' });
  await st.done;
  const [r] = st.of('reply');
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
  assert.deepEqual(described('Reply').filter(k => !['failed', 'exchanges'].includes(k)).sort(), Object.keys(r).sort());
  assert.ok(st.of('restart').length >= 1, 'what was shown is taken back before each repeat');
  d.model.clear();
  const whole = d.stream({ chat_id: 'sse', message: 'again' });
  await whole.done;
  assert.equal('truncated' in whole.of('reply')[0], false);
});

for (const [name, cut] of Object.entries({
  'reset': { text: ['Half an ', 'answer', '!'], reset: 3 },
  'half an event': { text: ['Half an ', 'answer', '!'], half: 3 },
  'an error': { text: ['Half an ', 'answer', '!'], errorEvent: 3 },
}))
  s.test(`cut by ${name}: the words`, async d => {
    await calm(d);
    d.model.handler = () => cut;
    const r = await d.say(`by ${name}`, 'x');
    assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
    assert.equal(r.truncated, true);
  });

s.test('a repeat that succeeds is the answer, not marked', async d => {
  await calm(d);
  d.model.push(half(), { text: 'All of it' });
  const before = await d.metrics();
  const r = await d.say('whole', 'x');
  assert.equal(r.reply, 'All of it');
  assert.equal(r.truncated, undefined);
  assert.equal(await grew(d, before, CUT), 1);
  assert.equal(await grew(d, before, KEPT), 0);
  assert.equal(await grew(d, before, repeats('cut')), 1);
});

s.test('the longest of several cut answers is kept, whatever fails after it', async d => {
  await calm(d);
  d.model.push(half(), { text: ['Short', ' one'], cut: 2 });
  d.model.handler = () => ({ status: 401 });
  const r = await d.say('longest', 'x');
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
});

s.test('half calls are dropped: their words stay, nothing is called', async d => {
  await calm(d);
  d.model.handler = () => ({ text: ['I will ', 'look.'], calls: [{ name: 'echo', arguments: { text: 'called' } }], cut: 5 });
  const r = await d.say('calls', 'x');
  assert.equal(r.reply, `I will look.\n\n${NOTE}`);
  assert.equal(r.truncated, true);
  for (const q of d.model.requests) assert.deepEqual(q.toolResults, []);

  d.model.clear();
  d.model.handler = () => ({ calls: [{ name: 'echo', arguments: { text: 'called' } }], cut: 3 });
  const none = await d.say('only calls', 'x');
  assert.equal(none.truncated, undefined, 'no words: nothing to keep');
  assert.match(none.reply, /try again/);
  assert.equal(await endOf(d, 'only calls'), 'refused');
  for (const q of d.model.requests) assert.deepEqual(q.toolResults, []);
});

s.test('words before a round of tools are not kept for the one after it', async d => {
  await calm(d);
  d.model.push(half(), { calls: [{ name: 'echo', arguments: { text: 'ping' } }] });
  d.model.handler = () => dead;
  const r = await d.say('round', 'x');
  assert.equal(r.truncated, undefined);
  assert.doesNotMatch(r.reply, /Half/);
});

s.test('cut after a round of tools, then empty: the words, not that something was found', async d => {
  await calm(d);
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'ping' } }] }, half());
  d.model.handler = () => ({ empty: true });
  const r = await d.say('found', 'x');
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
});

for (const [name, whole] of Object.entries({
  'a reset': { text: ['All ', 'of it'], reset: 4 },
  'the end without [DONE]': { text: ['All ', 'of it'], cut: 4 },
  'an error': { text: ['All ', 'of it'], errorEvent: 4 },
  'half an event': { text: ['All ', 'of it'], half: 4 },
}))
  s.test(`${name} after the stop reason: the answer is whole, nothing is asked again`, async d => {
    await calm(d);
    d.model.push(whole);
    const r = await d.say(`after ${name}`, 'x');
    assert.equal(r.reply, 'All of it');
    assert.equal(r.truncated, undefined);
    assert.equal(d.model.requests.length, 1);
  });

s.test('a call that was whole is never asked for again', async d => {
  await calm(d);
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'ping' } }], style: 'whole', reset: 3 }, { text: 'pong' });
  assert.equal((await d.say('whole call', 'x')).reply, 'pong');
  assert.equal(d.model.requests.length, 2);
  assert.deepEqual(d.model.last().toolResults.map(t => t.text), ['ping']);
});

s.test('an empty answer is asked for once more', async d => {
  await calm(d);
  d.model.push({ empty: true }, { text: 'Words' });
  const before = await d.metrics();
  assert.equal((await d.say('empty', 'x')).reply, 'Words');
  assert.equal(d.model.requests.length, 2);
  assert.equal(await grew(d, before, repeats('empty')), 1);
  d.model.clear();
  d.model.handler = () => ({ empty: true });
  assert.match((await d.say('empty', 'y')).reply, /nothing to say/);
  assert.equal(d.model.requests.length, 2);
});

const limitOf = q => q.body.max_tokens ?? q.body.max_completion_tokens;
s.test('thoughts that ate the limit: four times it, then the setting is named', async d => {
  const before = await d.metrics();
  await calm(d);
  d.model.push({ empty: true, finish: 'length' }, { text: 'Words' });
  assert.equal((await d.say('limit', 'x')).reply, 'Words');
  assert.deepEqual(d.model.requests.map(limitOf), [1000, 4000]);
  assert.equal(await grew(d, before, repeats('limit')), 1);
  d.model.clear();
  d.model.handler = () => ({ empty: true, finish: 'length' });
  const r = await d.say('limit', 'y');
  assert.match(r.reply, /llm\.max_tokens/);
  assert.deepEqual(d.model.requests.map(limitOf), [1000, 4000], 'no endless asking');
  assert.match((await until(() => d.events('model_empty').at(-1))).why, /llm\.max_tokens/);
});

s.test('words that end by the limit are the answer, marked, without a line', async d => {
  await calm(d);
  d.model.push({ text: 'As far as it goes', finish: 'length' });
  const r = await d.say('length', 'x');
  assert.equal(r.reply, 'As far as it goes');
  assert.equal(r.truncated, true);
  assert.equal(d.model.requests.length, 1);
});

s.test('all is accounted for', async d => {
  const c = await d.settled();
  assert.equal(c.unaccounted, 0);
  assert.equal(c.dead, 0);
});

testWith({ edges: 1, turns: 1, settings, model: 'anthropic' }, 'the same of Messages: cut, half a call, a stop reason, the limit', async d => {
  d.model.handler = () => half('anthropic');
  const r = await d.say('a', 'x');
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
  d.model.clear();
  /* message_start, ping, block start, two pieces, block stop, message_delta: the last has the reason. */
  d.model.push({ text: ['All ', 'of it'], reset: 7 });
  d.model.handler = () => ({ text: 'asked again' });
  assert.equal((await d.say('b', 'x')).reply, 'All of it');
  assert.equal(d.model.requests.length, 1);
  d.model.clear();
  d.model.push({ empty: true, finish: 'max_tokens' });
  d.model.handler = () => ({ text: 'Words' });
  assert.equal((await d.say('c', 'x')).reply, 'Words');
  assert.deepEqual(d.model.requests.map(limitOf), [1000, 4000]);
});

const filtered = { status: 400, body: { error: { message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", type: null, param: 'prompt', code: 'content_filter' } } };
testWith({ edges: 1, turns: 1, settings: { ...settings, llm: { ...settings.llm, fallback: ['gpt-second'] } } }, 'declined by a filter: the fall-back is asked, once', async d => {
  d.model.handler = q => q.body.model === 'gpt-second' ? { text: 'No harm in that' } : filtered;
  assert.equal((await d.say('f', 'x')).reply, 'No harm in that');
  assert.deepEqual(d.model.requests.map(q => q.body.model), ['gpt-test', 'gpt-second']);
  d.model.clear();
  d.model.handler = () => filtered;
  assert.match((await d.say('f', 'y')).reply, /filter/);
  assert.deepEqual(d.model.requests.map(q => q.body.model), ['gpt-test', 'gpt-second'], 'none twice');
  /* Who declined is not asked again because the other was busy. */
  d.model.clear();
  let busy = 1;
  d.model.handler = q => q.body.model !== 'gpt-second' ? filtered : busy-- > 0 ? { status: 503 } : { text: 'Now' };
  assert.equal((await d.say('f', 'z')).reply, 'Now');
  assert.deepEqual(d.model.requests.map(q => q.body.model), ['gpt-test', 'gpt-second', 'gpt-second']);
});

/* Words that were kept stand in the journal of this turn. */
async function journalled(d, chat) {
  return until(async () => {
    for (let p = 0; p < 16; p++)
      if (await d.redis.hexists(`{p${p}}:turn:default/http/${chat}`, 'kept')) return true;
    return false;
  }, { ms: 30000, what: `words of ${chat} in the journal` });
}

/* One worker with patience; its successor has none: what it finds must do. */
const patient = { edges: 1, turns: 1, settings: { ...settings, llm: { ...settings.llm, retry_for: '60s' } } };
const succeed = (d, old) => {
  d.turns = d.turns.filter(w => w !== old);
  return d.startTurn({ LLM_RETRY_FOR: '1s' });
};

async function onlyOnce(d, answer, chat) {
  const r = (await answer).json;
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
  const c = await d.settled();
  assert.deepEqual([c.accepted, c.replied, c.dead, c.unaccounted], [1, 1, 0, 0]);
  assert.equal(d.events('turn_done').filter(l => l.chat === `default/http/${chat}`).length, 1);
  d.model.clear();
  await d.say(chat, 'next');
  assert.deepEqual(d.model.last().body.messages.filter(m => m.role === 'assistant').map(m => m.content), ['Half an answer'], 'once in the history');
}

testWith(patient, 'killed after it handed the turn back: the words survive', async d => {
  d.model.handler = () => half();
  const [old] = d.turns;
  const answer = d.chat({ chat_id: 'k', message: 'x' });
  await journalled(d, 'k');
  d.model.handler = () => dead;
  await d.kill(old);
  succeed(d, old);
  await onlyOnce(d, answer, 'k');
});

testWith(patient, 'killed while it asks again: the words survive', async d => {
  let hung = false;
  const [old] = d.turns;
  d.model.handler = () => half();
  const answer = d.chat({ chat_id: 'k', message: 'x' });
  await journalled(d, 'k');
  d.model.handler = () => { hung = true; return { hang: true }; };
  await until(() => hung, { ms: 30000, what: 'it asks again' });
  await d.kill(old);
  d.model.handler = () => dead;
  succeed(d, old);
  await onlyOnce(d, answer, 'k');
});

for (const then of ['hang', 'fail'])
  testWith(patient, `drained while the words are only in its memory (repeats ${then}): journalled, answered once`, async d => {
    let n = 0;
    d.model.handler = () => n++ === 0 ? half() : then === 'hang' ? { hang: true } : dead;
    const [old] = d.turns;
    const answer = d.chat({ chat_id: 'd', message: 'x' });
    await until(() => n >= 2, { what: 'it asks again' });
    assert.equal(await d.stopAndWait(old), 0);
    await journalled(d, 'd');
    d.model.handler = () => dead;
    succeed(d, old);
    await onlyOnce(d, answer, 'd');
  });

testWith(patient, 'killed while the model answers: asked again, given once', async d => {
  let open;
  d.model.handler = () => ({ text: 'All of it', hang: new Promise(resolve => { open = resolve; }) });
  const [old] = d.turns;
  const answer = d.chat({ chat_id: 'w', message: 'x' });
  await until(() => open, { what: 'it asks' });
  await d.kill(old);
  open();
  d.model.handler = () => ({ text: 'All of it' });
  succeed(d, old);
  assert.equal((await answer).json.reply, 'All of it');
  const c = await d.settled();
  assert.deepEqual([c.accepted, c.replied], [1, 1]);
});

/* What was paid for is given, also where another try may not be. */
testWith({ edges: 1, turns: 1, settings: { ...settings, budget: { turn: 1500 } } }, 'the budget allows no repeat: the words', async d => {
  d.model.handler = () => half();
  const r = await d.say('b', 'x');
  assert.equal(d.model.requests.length, 1);
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
});
testWith({ edges: 1, turns: 1, settings: { ...settings, llm: { ...settings.llm, retry_for: '60s' }, turns: { lease: '1s', max_time: '3s' } } }, 'its time is over before a repeat succeeds: the words', async d => {
  let n = 0;
  d.model.handler = () => n++ === 0 ? half() : { hang: true };
  const r = await d.say('l', 'x');
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(r.truncated, true);
});

let mcp;
testWith(async () => {
  mcp = await startModern();
  return { ...patient, settings: { ...patient.settings, mcp: { servers: { srv: { url: mcp.url } } } } };
}, 'words that were kept after a round of tools: the round is not called again', async d => {
  const [old] = d.turns;
  let calls = 0;
  d.model.handler = q => {
    if (q.toolResults.length === 0) { calls++; return { calls: [{ name: 'echo', arguments: { text: 'ping' } }] }; }
    return half();
  };
  const answer = d.chat({ chat_id: 't', message: 'x' });
  await journalled(d, 't');
  await d.kill(old);
  d.model.handler = q => { if (q.toolResults.length === 0) calls++; return dead; };
  succeed(d, old);
  const r = (await answer).json;
  assert.equal(r.reply, `Half an answer\n\n${NOTE}`);
  assert.equal(calls, 1);
});
