/*
 * Tools that ask: the questions of an MCP server behind reach the client, its
 * answers the server, whichever edge takes what.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after } from 'node:test';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
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

/* ---- before 2026-07-28: requests on the stream of the call ---- */

async function connect(d, capabilities) {
  const client = new Client({ name: 'v1', version: '1' }, { capabilities });
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${d.port}/mcp`), { requestInit: { headers: { authorization: `Bearer ${KEY}` } } }));
  return client;
}

s.test('the official client of sessions is asked, and answers at any edge', async d => {
  await up(d);
  const client = await connect(d, { elicitation: {}, sampling: {}, roots: {} });
  const asked = [];
  client.setRequestHandler(ElicitRequestSchema, async r => { asked.push(r.params.message); return ANSWERS.name; });
  client.setRequestHandler(CreateMessageRequestSchema, async r => { asked.push(r.params.messages[0].content.text ?? r.params.messages[0].content[0].text); return ANSWERS.capital; });
  client.setRequestHandler(ListRootsRequestSchema, async () => { asked.push('roots'); return ANSWERS.dirs; });
  for (let i = 0; i < 6; i++) {
    tools.served.length = 0;
    asked.length = 0;
    const r = await client.callTool({ name: 'shop__ask', arguments: { n: i } });
    assert.equal(r.content[0].text, 'accept Ann Paris 1 the-server-s-own 2');
    assert.deepEqual([...asked].sort(), ['The capital of France?', 'What is your name?', 'roots']);
  }
  const twice = await client.callTool({ name: 'shop__twice', arguments: {} });
  assert.equal(twice.content[0].text, '2 Ann Ann');
  await client.close();
});

s.test('a client that refuses to answer, and one that cannot be asked', async d => {
  await up(d);
  const client = await connect(d, { elicitation: {}, sampling: {}, roots: {} });
  client.setRequestHandler(ElicitRequestSchema, async () => { throw new Error('not today'); });
  client.setRequestHandler(CreateMessageRequestSchema, async () => ANSWERS.capital);
  client.setRequestHandler(ListRootsRequestSchema, async () => ANSWERS.dirs);
  const r = await client.callTool({ name: 'shop__ask', arguments: {} });
  assert.equal(r.isError, true);
  assert.match(r.content[0].text, /does not answer.*not today/);
  await client.close();
  const mute = await connect(d, {});
  const none = await mute.callTool({ name: 'shop__ask', arguments: {} });
  assert.equal(none.isError, true);
  assert.match(none.content[0].text, /cannot be asked/);
  assert.equal((await mute.callTool({ name: 'shop__plain', arguments: {} })).content[0].text, 'plain');
  await mute.close();
});

/* A legacy session by hand: {session, ask() -> {questions, text, close}}. */
async function session(d, key = KEY) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${key}` };
  const init = await d.request('POST', '/mcp', { headers, body: { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: { elicitation: {}, sampling: {}, roots: {} }, clientInfo: { name: 'x', version: '1' } } } });
  headers['mcp-session-id'] = init.headers['mcp-session-id'];
  const post = (body, more) => d.request('POST', '/mcp', { headers: { ...headers, ...more }, body });
  return {
    post,
    ask() {
      const r = { text: '', ended: false };
      const req = http.request({ host: '127.0.0.1', port: d.port, method: 'POST', path: '/mcp', agent: false, headers });
      r.close = () => req.destroy();
      r.messages = () => r.text.split('\n').filter(l => l.startsWith('data: ')).map(l => JSON.parse(l.slice(6)));
      req.on('error', () => { r.ended = true; });
      req.on('response', res => {
        res.setEncoding('utf8');
        res.on('data', c => { r.text += c; });
        res.on('error', () => {});
        res.on('close', () => { r.ended = true; });
      });
      req.end(JSON.stringify({ jsonrpc: '2.0', id: 'c', method: 'tools/call', params: { name: 'shop__ask', arguments: {} } }));
      return r;
    },
  };
}

s.test('an answer reaches its own call alone, whoever sends it', async d => {
  await up(d);
  const [a, b] = [await session(d), await session(d)];
  const calls = [a.ask(), b.ask(), a.ask()];
  for (const c of calls) await until(() => c.messages().length === 3, { what: 'the questions' });
  const ids = calls[0].messages().map(m => m.id);
  const result = m => ({ 'elicitation/create': ANSWERS.name, 'sampling/createMessage': ANSWERS.capital, 'roots/list': ANSWERS.dirs })[m.method];
  /* Of another session, of none, forged, and what is no answer: heard by nobody. */
  for (const m of calls[0].messages()) assert.equal((await b.post({ jsonrpc: '2.0', id: m.id, result: result(m) })).status, 202);
  for (const id of [ids[0].slice(1), `${ids[0]}A`, 'x', 7]) assert.equal((await a.post({ jsonrpc: '2.0', id, result: {} })).status, 202);
  assert.equal((await a.post({ jsonrpc: '2.0', id: ids[0], result: {} }, { 'mcp-session-id': '' })).status < 500, true);
  assert.equal(calls[0].messages().length, 3, 'it waits');
  /* The third call's answers do not end the first. */
  for (const m of calls[2].messages()) await a.post({ jsonrpc: '2.0', id: m.id, result: result(m) });
  await until(() => calls[2].ended, { what: 'its end' });
  assert.match(calls[2].messages().at(-1).result.content[0].text, /^accept Ann Paris 1/);
  assert.equal(calls[0].ended, false);
  /* Twice the same answer is one. */
  const [first, ...rest] = calls[0].messages();
  for (let i = 0; i < 3; i++) await a.post({ jsonrpc: '2.0', id: first.id, result: result(first) });
  assert.equal(calls[0].ended, false);
  for (const m of rest) await a.post({ jsonrpc: '2.0', id: m.id, result: result(m) });
  await until(() => calls[0].ended, { what: 'its end' });
  assert.match(calls[0].messages().at(-1).result.content[0].text, /^accept Ann Paris 1/);
  /* Who leaves is forgotten; later answers harm nobody. */
  const left = calls[1].messages();
  calls[1].close();
  await until(() => calls[1].ended, { what: 'it left' });
  for (const m of left) assert.equal((await b.post({ jsonrpc: '2.0', id: m.id, result: result(m) })).status, 202);
  await until(async () => ((await d.metrics()).get('dragoman_parked_requests') ?? 0) === 0, { what: 'nobody waits' });
});
