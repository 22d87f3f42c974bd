/*
 * The loop of model and tools: rounds, parallel calls, the summary, long
 * results, history cut at message boundaries, and what may be repeated.
 */
import assert from 'node:assert/strict';
import { startModern } from '../doubles/mcp.mjs';
import { sleep, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

let mcp;
const s = sharedStack(async () => {
  mcp = await startModern();
  return { settings: { mcp: { servers: { srv: { url: mcp.url } } } } };
});
const echo = text => ({ name: 'echo', arguments: { text } });

s.test('one round: call, result, answer', async d => {
  d.model.clear();
  d.model.push({ calls: [echo('ping')] }, { text: 'pong' });
  assert.equal((await d.say('one', 'go')).reply, 'pong');
  const [first, second] = d.model.requests;
  assert.ok(first.tools.includes('echo') && first.tools.includes('time') && first.tools.includes('health'), first.tools.join());
  assert.deepEqual(second.toolResults.map(r => r.text), ['ping']);
});

s.test('several calls of one answer: in parallel, results in order', async d => {
  d.model.clear();
  const call = ms => ({ name: 'srv__slow', arguments: { ms } });
  d.model.push({ calls: [call(3000), echo('b'), call(2900), echo('d')] }, { text: 'ok' });
  const answer = d.say('par', 'go');
  await until(() => mcp.calls.filter(c => c.name === 'slow').length === 2, { what: 'both are called' });
  const [first, second] = mcp.calls.filter(c => c.name === 'slow');
  assert.ok(second.at - first.at < 2900, 'the second one begins while the first runs');
  await answer;
  assert.deepEqual(d.model.last().toolResults.map(r => r.text), ['slept', 'b', 'slept', 'd']);
});

s.test('five rounds with tools, then a summary without', async d => {
  d.model.clear();
  let n = 0;
  d.model.handler = r => {
    n++;
    return r.tools.length && r.body.tool_choice !== 'none' ? { calls: [echo(`round ${n}`)] } : { text: 'summary' };
  };
  assert.equal((await d.say('rounds', 'go')).reply, 'summary');
  assert.equal(d.model.requests.length, 6);
  assert.equal(d.model.last().body.tool_choice, 'none', 'offered, and not to be called');
  const results = d.model.last().body.messages.filter(m => m.role === 'tool').map(m => m.content);
  assert.deepEqual(results, [1, 2, 3, 4, 5].map(i => `round ${i}`));
});

s.test('an empty summary is answered with a sentence', async d => {
  d.model.clear();
  d.model.handler = r => r.tools.length ? { calls: [echo('x')] } : { empty: true };
  const r = await d.say('nosum', 'go');
  assert.ok(r.reply.length > 10);
  assert.equal(r.state, 'active');
});

s.test('arguments that are no JSON, unknown tools, missing ids: told to the model', async d => {
  d.model.clear();
  d.model.push({ calls: [{ name: 'echo', arguments: '{"text": ' }, { name: 'nope', arguments: {} }, { name: 'echo', arguments: '[1]' }, { name: 'echo', arguments: '' }], style: 'noid' }, { text: 'fine' });
  assert.equal((await d.say('bad', 'go')).reply, 'fine');
  const results = d.model.last().toolResults;
  assert.equal(results.length, 4);
  assert.equal(new Set(results.map(r => r.id)).size, 4, 'ids were made');
  assert.match(results[1].text, /nope|unknown|no such/i);
});

s.test('a call cut by max_tokens before its arguments is not made with none', async d => {
  d.model.clear();
  d.model.push({ calls: [{ name: 'time', arguments: '' }], finish: 'length' }, { text: 'fine' });
  assert.equal((await d.say('cutcall', 'go')).reply, 'fine');
  assert.match(d.model.last().toolResults[0].text, /arguments must be a JSON object/);
  d.model.push({ calls: [{ name: 'time', arguments: '' }] }, { text: 'fine' });
  await d.say('cutcall', 'go');
  assert.match(d.model.last().toolResults[0].text, /20\d\d/);
});

s.test('all ways in which calls are streamed', async d => {
  for (const style of ['whole', 'noid', 'repeat', 'interleave', undefined])
    for (const finish of [undefined, 'stop']) {
      d.model.clear();
      d.model.push({ calls: [echo('ä'), echo('b')], style, finish, comments: true, noise: true }, { text: 'ok' });
      assert.equal((await d.say('styles', 'go')).reply, 'ok', style);
      assert.deepEqual(d.model.last().toolResults.map(r => r.text), ['ä', 'b'], style);
    }
});

s.test('a result over 64 KiB is cut with a note', async d => {
  d.model.clear();
  d.model.push({ calls: [{ name: 'srv__big', arguments: { n: 200000 } }] }, { text: 'ok' });
  await d.say('big', 'go');
  const { text } = d.model.last().toolResults[0];
  assert.ok(Buffer.byteLength(text) <= 65536, String(text.length));
  assert.ok(Buffer.byteLength(text) > 60000);
  assert.doesNotMatch(text.slice(-20), /^y+$/, 'a note at the end');
});

s.test('tool traffic is not kept in the history', async d => {
  d.model.clear();
  d.model.push({ calls: [echo('hidden')] }, { text: 'visible' });
  await d.say('hist', 'go');
  await d.say('hist', 'next');
  const { messages } = d.model.last().body;
  assert.ok(!messages.some(m => m.role === 'tool' || m.tool_calls));
  assert.deepEqual(messages.filter(m => m.role === 'assistant').map(m => m.content), ['visible']);
});

s.test('more calls than allowed in one answer do not break the turn', async d => {
  d.model.clear();
  d.model.push({ calls: Array.from({ length: 40 }, (_, i) => echo(`e${i}`)) }, { text: 'ok' });
  assert.equal((await d.say('manycalls', 'go')).reply, 'ok');
});

s.test('time and health answer', async d => {
  d.model.clear();
  d.model.push({ calls: [{ name: 'time' }, { name: 'health' }] }, { text: 'ok' });
  await d.say('builtin', 'go');
  const [time, health] = d.model.last().toolResults.map(r => r.text);
  assert.match(time, /20\d\d/);
  assert.match(health, /ok|healthy|status/i);
});

const narrow = sharedStack({ edges: 1, turns: 1, settings: { chat: { max_history: 3, tools: ['echo'] } } });
narrow.test('max_history limits what is sent', async d => {
  for (let i = 0; i < 6; i++) await d.say('max', `q${i}`);
  const users = d.model.last().body.messages.filter(m => m.role === 'user').map(m => m.content);
  assert.deepEqual(users, ['q2', 'q3', 'q4', 'q5']);
});

testWith({ edges: 1, turns: 1, settings: { chat: { max_history: 50, history_tokens: 700, max_input_chars: 5000 } } }, 'the token budget of the history cuts at message boundaries', async d => {
  for (let i = 0; i < 6; i++) {
    d.model.push({ text: `answer ${i} ${'y'.repeat(300)}` });
    await d.say('tok', `q${i} ${'x'.repeat(300)}`);
  }
  const m = d.model.last().body.messages.filter(x => x.role !== 'system');
  assert.equal(m[0].role, 'user', 'begins with what a person said');
  assert.ok(m.length < 12 && m.length >= 3, String(m.length));
  for (const [i, x] of m.entries()) assert.equal(x.role, i % 2 ? 'assistant' : 'user');
});

narrow.test('chat.tools says what may be called', async d => {
  d.model.push({ calls: [{ name: 'time' }] }, { text: 'ok' });
  await d.say('only', 'go');
  assert.deepEqual(d.model.requests[0].tools, ['echo']);
  assert.match(d.model.last().toolResults[0].text, /time|unknown|no such|not/i);
});

for (const [repeatable, calls, note] of [[true, 2, /slept/], [false, 1, /unknown|not known/i]])
  testWith(async () => {
    const server = await startModern();
    return { edges: 1, turns: 1, server, settings: { turns: { lease: '2s' }, chat: repeatable ? { repeatable: ['srv__slow'] } : {}, mcp: { servers: { srv: { url: server.url } } } } };
  }, `a call cut off by a killed worker is ${repeatable ? 'repeated when declared so' : 'told to be unknown'}`, async d => {
    const { server } = d.options;
    d.model.handler = r => r.toolResults.length ? { text: r.toolResults[0].text } : { calls: [{ name: 'srv__slow', arguments: { ms: repeatable ? 1500 : 60000 } }] };
    const answer = d.chat({ chat_id: 'cut', message: 'go' });
    await until(() => server.calls.length === 1, { what: 'the tool is called' });
    await d.kill(d.turns[0]);
    d.startTurn();
    const r = await answer;
    assert.equal(r.status, 200, r.text);
    assert.match(r.json.reply, note);
    assert.equal(server.calls.length, calls);
    await sleep(0);
    await server.stop();
  });
