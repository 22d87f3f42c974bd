/*
 * Tools that ask: the questions of an MCP server behind reach the client, its
 * answers the server, whichever edge takes what.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { startBad } from '../doubles/mcp.mjs';
import { until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const KEY = 'mcp-key-planted-56aa', OTHER = 'mcp-key-planted-56bb';
const M = '2026-07-28';
const CAN = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
let tools;
const form = (message, properties) => ({ method: 'elicitation/create', params: { mode: 'form', message, requestedSchema: { type: 'object', properties, required: Object.keys(properties) } } });
const QUESTIONS = {
  name: form('What is your name?', { name: { type: 'string' } }),
  capital: { method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: 'The capital of France?' } }], maxTokens: 50 } },
  dirs: { method: 'roots/list', params: {} },
};
const result = r => ({ result: { resultType: 'complete', ...r } });
const text = t => result({ content: [{ type: 'text', text: t }] });

/* The server behind: ask asks all three, then says what it was told; twice asks in two rounds. */
function answer(r) {
  if (r.method !== 'tools/call') return undefined;
  const { name, inputResponses: a, requestState: state } = r.body.params;
  tools.served.push({ name, a, state, can: r.body.params._meta?.['io.modelcontextprotocol/clientCapabilities'] });
  if (name === 'ask') {
    if (!a?.name) return { result: { resultType: 'input_required', inputRequests: QUESTIONS, requestState: 'the-server-s-own' } };
    return text(`${a.name.action} ${a.name.content?.name} ${a.capital?.content?.text} ${a.dirs?.roots?.length} ${state} ${tools.served.length}`);
  }
  if (name === 'twice') {
    if (!a) return { result: { resultType: 'input_required', inputRequests: { first: QUESTIONS.name }, requestState: '1' } };
    if (a.first) return { result: { resultType: 'input_required', inputRequests: { second: QUESTIONS.name }, requestState: `2 ${a.first.content.name}` } };
    return text(`${state} ${a.second.content.name}`);
  }
  return text('plain');
}

const s = sharedStack(async () => {
  tools = await startBad();
  tools.served = [];
  tools.tools = ['ask', 'twice', 'plain'].map(name => ({ name, description: name, inputSchema: { type: 'object', properties: { n: { type: 'integer' } } } }));
  tools.answer = answer;
  return { edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: `${KEY},${OTHER}` }, settings: { mcp: { servers: { shop: { url: tools.url } } } } };
});
after(() => tools?.stop());
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });

function call(d, name, params = {}, { can = CAN, key = KEY, version = M, headers = {} } = {}) {
  const modern = version === M;
  return d.request('POST', '/mcp', {
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, ...params, ...(modern ? { _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': can } } : {}) } },
    headers: { authorization: `Bearer ${key}`, accept: 'application/json, text/event-stream', 'mcp-protocol-version': version, ...(modern ? { 'mcp-method': 'tools/call', 'mcp-name': name } : {}), ...headers },
  });
}
const said = r => r.json?.result?.content?.[0]?.text;
const ANSWERS = {
  name: { action: 'accept', content: { name: 'Ann' } },
  capital: { role: 'assistant', model: 'm', content: { type: 'text', text: 'Paris' } },
  dirs: { roots: [{ uri: 'file:///home' }] },
};

s.test('questions and answers of 2026-07-28, over two edges', async d => {
  await up(d);
  for (let i = 0; i < 4; i++) {
    const asked = (await call(d, 'shop__ask', { arguments: { n: i } })).json.result;
    assert.equal(asked.resultType, 'input_required', JSON.stringify(asked));
    assert.deepEqual(asked.inputRequests, QUESTIONS);
    assert.equal('content' in asked || 'ttlMs' in asked, false);
    assert.ok(!asked.requestState.includes('the-server-s-own'), 'sealed');
    tools.served.length = 0;
    const done = await call(d, 'shop__ask', { arguments: { n: i }, inputResponses: ANSWERS, requestState: asked.requestState });
    assert.equal(said(done), 'accept Ann Paris 1 the-server-s-own 1', done.text);
    /* Again with the same: the same, and not done twice. */
    for (let k = 0; k < 4; k++) {
      const again = await call(d, 'shop__ask', { arguments: { n: i }, inputResponses: ANSWERS, requestState: asked.requestState });
      assert.equal(said(again), 'accept Ann Paris 1 the-server-s-own 1', again.text);
    }
    assert.equal(tools.served.length, 1);
    const others = await call(d, 'shop__ask', { arguments: { n: i }, inputResponses: { ...ANSWERS, name: { action: 'decline' } }, requestState: asked.requestState });
    assert.equal(others.json?.error?.code, -32602, others.text);
    assert.match(others.json.error.message, /other answers/);
    assert.equal(tools.served.length, 1);
  }
});

s.test('the official client answers by itself', async d => {
  await up(d);
  const at = new URL(`http://127.0.0.1:${d.port}/mcp`);
  const client = new ModernClient({ name: 'v2', version: '1' }, { capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} }, versionNegotiation: { mode: { pin: M } } });
  client.setRequestHandler('elicitation/create', async () => ANSWERS.name);
  client.setRequestHandler('sampling/createMessage', async () => ANSWERS.capital);
  client.setRequestHandler('roots/list', async () => ANSWERS.dirs);
  await client.connect(new ModernTransport(at, { requestInit: { headers: { authorization: `Bearer ${KEY}` } } }));
  const r = await client.callTool({ name: 'shop__ask', arguments: {} });
  assert.match(r.content[0].text, /^accept Ann Paris 1 the-server-s-own/);
  const twice = await client.callTool({ name: 'shop__twice', arguments: {} });
  assert.equal(twice.content[0].text, '2 Ann Ann');
  await client.close();
});

s.test('two rounds: each state is another one', async d => {
  await up(d);
  const first = (await call(d, 'shop__twice')).json.result;
  const second = (await call(d, 'shop__twice', { inputResponses: { first: ANSWERS.name }, requestState: first.requestState })).json.result;
  assert.equal(second.resultType, 'input_required', JSON.stringify(second));
  assert.deepEqual(Object.keys(second.inputRequests), ['second']);
  assert.notEqual(second.requestState, first.requestState);
  /* A lost answer: the same question comes again, with the same state. */
  const lost = (await call(d, 'shop__twice', { inputResponses: { first: ANSWERS.name }, requestState: first.requestState })).json.result;
  assert.deepEqual(lost, second);
  const done = await call(d, 'shop__twice', { inputResponses: { second: { action: 'accept', content: { name: 'Bob' } } }, requestState: second.requestState });
  assert.equal(said(done), '2 Ann Bob', done.text);
});

s.test('a state is good for its key, tool and arguments alone', async d => {
  await up(d);
  const { requestState } = (await call(d, 'shop__ask', { arguments: { n: 1 } })).json.result;
  const given = { arguments: { n: 1 }, inputResponses: ANSWERS, requestState };
  const flipped = requestState.slice(0, -2) + (requestState.endsWith('A') ? 'BB' : 'AA');
  tools.served.length = 0;
  for (const [what, r] of [
    ['another key', await call(d, 'shop__ask', given, { key: OTHER })],
    ['another tool', await call(d, 'shop__plain', given)],
    ['other arguments', await call(d, 'shop__ask', { ...given, arguments: { n: 2 } })],
    ['none', await call(d, 'shop__ask', { ...given, arguments: undefined })],
    ['tampered', await call(d, 'shop__ask', { ...given, requestState: `${requestState}-TAMPERED` })],
    ['a bit', await call(d, 'shop__ask', { ...given, requestState: flipped })],
    ['forged', await call(d, 'shop__ask', { ...given, requestState: 'e30' })],
    ['empty', await call(d, 'shop__ask', { ...given, requestState: '' })],
    ['a number', await call(d, 'shop__ask', { ...given, requestState: 7 })],
    ['no answers but a list', await call(d, 'shop__ask', { ...given, inputResponses: [1] })],
  ]) {
    assert.equal(r.status, 200, what);
    assert.equal(r.json?.error?.code, -32602, `${what}: ${r.text}`);
  }
  assert.equal(tools.served.length, 0, 'nothing was called');
  assert.match(said(await call(d, 'shop__ask', given)), /^accept Ann/);
  /* Answers that nobody asked for are taken as they come. */
  assert.match(said(await call(d, 'shop__ask', { inputResponses: ANSWERS })), /^accept Ann Paris 1 undefined/);
});

s.test('a client is asked what it said it can be asked', async d => {
  await up(d);
  const one = (await call(d, 'shop__ask', {}, { can: { sampling: {} } })).json.result;
  assert.deepEqual(Object.keys(one.inputRequests), ['capital']);
  assert.deepEqual(tools.served.at(-1).can, { sampling: {} }, 'the server behind knows');
  const none = await call(d, 'shop__ask', {}, { can: {} });
  assert.equal(none.status, 400, none.text);
  assert.equal(none.json.error.code, -32021);
  assert.deepEqual(Object.keys(none.json.error.data.requiredCapabilities).sort(), ['elicitation', 'roots', 'sampling']);
  /* Who has no session has no capabilities. */
  const old = await call(d, 'shop__ask', {}, { version: '2025-06-18' });
  assert.equal(old.json?.result?.isError, true, old.text);
  assert.match(said(old), /cannot be asked/);
});
