/*
 * What tool servers do wrong: the model is told, the chat goes on.
 */
import assert from 'node:assert/strict';
import { startBad } from '../doubles/mcp.mjs';
import { CHAT_TOKEN } from '../doubles/memcp.mjs';
import { sleep, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

let bad;
const s = sharedStack(async () => {
  bad = await startBad();
  return { memcp: true, settings: { mcp: { timeout: '2s', servers: { bad: { url: bad.url } } } } };
});

/* ${chat} has told its token. */
async function connected(d, chat) {
  await d.say(chat, 'hi');
  assert.equal((await d.say(chat, CHAT_TOKEN)).state, 'active');
}

async function ask(d, chat, calls) {
  d.model.clear();
  d.model.push({ calls }, { text: 'went on' });
  const begun = performance.now();
  const r = await d.say(chat, 'go', { ms: 40000 });
  assert.equal(r.reply, 'went on');
  assert.equal(r.state, 'active');
  return { results: d.model.last().toolResults.map(x => x.text), took: performance.now() - begun };
}

s.test('meMCP: each fault becomes a result', async d => {
  await connected(d, 'm');
  const faults = {
    500: { status: 500 }, reset: { reset: true }, garbage: { garbage: true }, cut: { cut: true },
    'slow answer': { delay: 60000 }, never: { hang: true }, drip: { drip: 1000 }, huge: { huge: 5 << 20 },
  };
  for (const [name, fault] of Object.entries(faults)) {
    d.memcp.handler = () => fault;
    const { results, took } = await ask(d, 'm', [{ name: 'query_skills' }]);
    assert.ok(took < 15000, `${name}: ${took}`);
    assert.ok(Buffer.byteLength(results[0]) <= 65536, name);
    assert.ok(results[0].length > 2, name);
  }
  d.memcp.handler = null;
  assert.match((await ask(d, 'm', [{ name: 'query_skills' }])).results[0], /success/);
});

s.test('an MCP server: each fault becomes a result', async d => {
  const chat = 'server';
  await connected(d, chat);
  const faults = {
    500: { status: 500, body: {} }, reset: { reset: true }, 'not JSON': { raw: '\u0000nope' }, 'no JSON-RPC': { body: { hello: 1 } },
    'an error': { error: { code: -32603, message: 'it broke' } }, 'cut': { cut: true, result: { content: [] } },
    hang: { hang: true }, drip: { drip: 500, result: { resultType: 'complete', content: [] } }, html: { raw: '<html>', type: 'text/html', status: 502 },
    'another id': { body: { jsonrpc: '2.0', id: 'someone-else', result: { content: [] } } },
    'SSE that ends without an answer': { sse: [{ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } }] },
    'SSE cut': { sse: ['event: message\ndata: {"jsonrpc"'], cut: true },
    'input required': { result: { resultType: 'input_required', inputRequests: { a: { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } } } }, requestState: 'x' } },
    huge: { huge: 20 << 20 },
    denied: { status: 401, body: {} },
    'a content of another shape': { result: { resultType: 'complete', content: 'text' } },
  };
  for (const [name, fault] of Object.entries(faults)) {
    bad.answer = r => r.method === 'tools/call' ? fault : null;
    const { results, took } = await ask(d, chat, [{ name: 'bad__odd' }, { name: 'echo', arguments: { text: 'beside' } }]);
    assert.ok(took < 15000, `${name}: ${took}`);
    assert.equal(results[1], 'beside', name);
    if (name !== 'a content of another shape') assert.ok(results[0].length > 2 && Buffer.byteLength(results[0]) <= 65536, `${name}: ${results[0].slice(0, 100)}`);
    if (name === 'an error') assert.match(results[0], /it broke/);
  }
  bad.answer = null;
  assert.equal((await ask(d, chat, [{ name: 'bad__odd' }])).results[0], 'odd');
});

s.test('nothing is lost', async d => {
  assert.equal((await d.settled()).dead, 0);
});

testWith(async () => {
  const silent = await startBad();
  silent.answer = r => r.method === 'tools/call' ? { hang: true } : null;
  return { edges: 1, turns: 1, silent, settings: { mcp: { timeout: '60s', servers: { silent: { url: silent.url } } }, turns: { lease: '60s' } } };
}, '/stop ends a hanging tool call', async d => {
  const { silent } = d.options;
  d.model.push({ calls: [{ name: 'silent__odd' }] });
  const running = d.chat({ chat_id: 'm', message: 'go' });
  await until(() => silent.calls.length === 1);
  const begun = performance.now();
  await d.say('m', '/stop');
  const r = await running;
  assert.equal(r.status, 200);
  assert.ok(performance.now() - begun < 10000, 'at once, not at the deadline');
  await silent.stop();
});

const held = await startBad();
testWith({ settings: { turns: { lease: '4s' }, mcp: { timeout: '30s', servers: { held: { url: held.url } } } } }, 'a call that was cut because its lease got unsure has no known outcome', async d => {
  d.model.clear();
  d.model.push({ calls: [{ name: 'held__odd' }] }, { text: 'went on' });
  held.answer = r => r.method === 'tools/call' ? { hang: true } : null;
  const running = d.chat({ chat_id: 'm', message: 'go' }, { ms: 40000 });
  await until(() => held.calls.length === 1);
  d.redisServer.signal('SIGSTOP'); // no renewal gets through
  try {
    await sleep(5000); // longer than the lease: its calls are cancelled
  } finally {
    d.redisServer.signal('SIGCONT');
  }
  assert.equal((await running).json?.reply, 'went on');
  assert.match(d.model.last().toolResults[0].text, /unknown/);
  assert.equal(held.calls.length, 1, 'not repeated');
  await held.stop();
});
