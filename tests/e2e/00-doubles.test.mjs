/*
 * The doubles themselves: they refuse what the real services refuse, answer
 * what the official clients read, and misbehave only when told to.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { startBad, startLegacy, startModern, startSse } from '../doubles/mcp.mjs';
import { CHAT_TOKEN, MCP_TOKEN, Memcp } from '../doubles/memcp.mjs';
import { ANTHROPIC_KEY, Model, OPENAI_KEY } from '../doubles/model.mjs';

process.env.DOUBLES_CHECK = '1';
let model, memcp;
before(async () => {
  model = await Model.start();
  memcp = await Memcp.start();
});
after(async () => {
  await model.stop();
  await memcp.stop();
});

const tool = { type: 'function', function: { name: 'echo', description: 'd', parameters: { type: 'object', properties: { text: { type: 'string' } } } } };
const parameters = schema => ({ type: 'function', function: { name: 'e', description: 'd', parameters: { type: 'object', ...schema } } });
const openai = (body, headers = {}) => fetch(`${model.openai}/chat/completions`, {
  method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${OPENAI_KEY}`, ...headers },
  body: JSON.stringify({ model: 'gpt-x', messages: [{ role: 'user', content: 'hi' }], ...body }),
});
const atool = { name: 'echo', description: 'd', input_schema: { type: 'object', properties: {} } };
const anthropic = (body, headers = {}) => fetch(`${model.anthropic}/v1/messages`, {
  method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': ANTHROPIC_KEY, 'anthropic-version': '2023-06-01', ...headers },
  body: JSON.stringify({ model: 'claude-x', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }], ...body }),
});
const call = (...ids) => ({ role: 'assistant', content: null, tool_calls: ids.map(id => ({ id, type: 'function', function: { name: 'echo', arguments: '{}' } })) });
const result = id => ({ role: 'tool', tool_call_id: id, content: 'r' });
const user = text => ({ role: 'user', content: text });

test('openai: refuses what the service refuses', async t => {
  const cases = {
    'no messages': { messages: [] },
    'unknown field': { tool: 1 },
    'wrong type': { temperature: 'hot' },
    'temperature out of range': { temperature: 3 },
    'no tools but a choice': { tool_choice: 'auto' },
    'empty list of tools': { tools: [] },
    'tool name with a dot': { tools: [{ ...tool, function: { ...tool.function, name: 'a.b' } }] },
    'two tools of one name': { tools: [tool, tool] },
    'an array without items': { tools: [parameters({ properties: { l: { anyOf: [{ type: 'array' }, { type: 'null' }] } } })] },
    'a choice at the top': { tools: [parameters({ properties: {}, anyOf: [{}] })] },
    'no properties': { tools: [parameters({})] },
    'a type that is none': { tools: [parameters({ properties: { a: { type: 'any' } } })] },
    'more than 128 tools': { tools: Array.from({ length: 129 }, (_, i) => ({ ...tool, function: { ...tool.function, name: `t${i}` } })) },
    'a list of types, to the narrowest': { model: 'narrow', tools: [parameters({ properties: { a: { type: ['string', 'null'] } } })] },
    'a reference, to the narrowest': { model: 'narrow', tools: [parameters({ properties: { a: { $ref: '#/$defs/a' } } })] },
    'parameters are no object': { tools: [{ type: 'function', function: { name: 'e', parameters: { type: 'string' } } }] },
    'stream_options without stream': { stream_options: { include_usage: true } },
    'a result of no call': { messages: [user('x'), result('a')] },
    'a call without result': { messages: [user('x'), call('a', 'b'), result('a')] },
    'someone speaks before the results': { messages: [user('x'), call('a', 'b'), result('a'), user('y')] },
    'a result of another call': { messages: [user('x'), call('a'), result('z')] },
    'an empty list of calls': { messages: [user('x'), { role: 'assistant', content: 'y', tool_calls: [] }] },
    'an assistant who says null': { messages: [user('x'), { role: 'assistant', content: null }] },
    'max_tokens to a reasoning model': { model: 'o3', max_tokens: 5 },
    'half a character': { messages: [user('\ud800')] },
  };
  for (const [name, body] of Object.entries(cases))
    await t.test(name, async () => {
      const r = await openai(body);
      assert.equal(r.status, 400, name);
      assert.ok((await r.json()).error.message);
    });
  assert.equal(model.refusals.length, Object.keys(cases).length);
  model.clear();
  assert.equal((await openai({}, { authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await fetch(`${model.openai}/chat/completions`, { method: 'POST' })).status, 401);
  assert.equal((await fetch(`${model.url}/chat/completions`, { method: 'POST' })).status, 404);
  const raw = await fetch(`${model.openai}/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${OPENAI_KEY}`, 'content-type': 'application/json' }, body: '{"x":' });
  assert.equal(raw.status, 400);
});

test('openai: serves what is right, whole and streamed', async () => {
  const r = await openai({ tools: [tool], tool_choice: 'auto', messages: [{ role: 'system', content: 's' }, user('x'), call('a', 'b'), result('b'), result('a')] });
  assert.equal(r.status, 200);
  assert.equal((await r.json()).choices[0].message.content, 'You said: x');
  assert.deepEqual(model.last().toolResults.map(x => x.id), ['b', 'a']);
  for (const style of [undefined, 'whole', 'noid', 'repeat', 'interleave']) {
    model.push({ text: 'Hällo 🌍', style, noise: true, calls: [{ name: 'echo', arguments: { text: 'ü' } }, { name: 'echo', arguments: {} }] });
    const s = await (await openai({ stream: true, stream_options: { include_usage: true }, tools: [tool] })).text();
    const chunks = s.split('\n\n').filter(l => l.startsWith('data: {')).map(l => JSON.parse(l.slice(6)));
    assert.equal(chunks.flatMap(c => c.choices).map(c => c.delta?.content ?? '').join(''), 'Hällo 🌍');
    const args = [];
    for (const d of chunks.flatMap(c => c.choices).flatMap(c => c.delta?.tool_calls ?? []))
      args[d.index] = (args[d.index] ?? '') + d.function.arguments;
    assert.deepEqual(args, ['{"text":"ü"}', '{}']);
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
    assert.ok(s.endsWith('data: [DONE]\n\n'));
  }
});

test('anthropic: refuses what the service refuses', async t => {
  const use = (...ids) => ({ role: 'assistant', content: ids.map(id => ({ type: 'tool_use', id, name: 'echo', input: {} })) });
  const res = (...ids) => ({ role: 'user', content: ids.map(id => ({ type: 'tool_result', tool_use_id: id, content: 'r' })) });
  const cases = {
    'no max_tokens': { max_tokens: undefined },
    'no messages': { messages: [] },
    'unknown field': { n: 1 },
    'system among the messages': { messages: [{ role: 'system', content: 's' }, user('x')] },
    'empty text': { messages: [user('')] },
    'blank text': { messages: [user('  \n')] },
    'the assistant first': { messages: [{ role: 'assistant', content: 'x' }] },
    'a trailing blank of the assistant': { messages: [user('x'), { role: 'assistant', content: 'y ' }] },
    'tools not declared': { messages: [user('x'), use('a'), res('a')] },
    'a missing result': { tools: [atool], messages: [user('x'), use('a', 'b'), res('a')] },
    'a result of no call': { tools: [atool], messages: [user('x'), use('a'), res('a', 'z')] },
    'text before the results': { tools: [atool], messages: [user('x'), use('a'), { role: 'user', content: [{ type: 'text', text: 'first' }, ...res('a').content] }] },
    'no results at all': { tools: [atool], messages: [user('x'), use('a'), user('y')] },
    'a repeated id': { tools: [atool], messages: [user('x'), use('a'), res('a'), use('a'), res('a')] },
    'a choice at the top of a schema': { tools: [{ ...atool, input_schema: { type: 'object', oneOf: [{}] } }] },
    'a property with brackets': { tools: [{ ...atool, input_schema: { type: 'object', properties: { 'a[b]': {} } } }] },
    'a schema of draft 4': { tools: [{ ...atool, input_schema: { type: 'object', properties: { a: { type: 'integer', exclusiveMinimum: true } } } }] },
    'a choice without tools': { tool_choice: { type: 'auto' } },
    'two tools of one name': { tools: [atool, atool] },
    'temperature, which it no longer takes': { temperature: 0.7 },
  };
  for (const [name, body] of Object.entries(cases))
    await t.test(name, async () => {
      const r = await anthropic(body);
      const doc = await r.json();
      assert.equal(r.status, 400, name);
      assert.equal(doc.type, 'error');
    });
  assert.equal((await anthropic({}, { 'x-api-key': 'wrong' })).status, 401);
  assert.equal((await anthropic({}, { 'anthropic-version': '' })).status, 400);
});

test('anthropic: serves what is right, whole and streamed', async () => {
  model.clear();
  model.push({ text: 'Hello', calls: [{ name: 'echo', arguments: { a: [1, 'ü'] } }, { name: 'echo' }], thinking: 'hm', noise: true });
  const s = await (await anthropic({ stream: true, tools: [atool], system: 's' })).text();
  const events = s.split('\n\n').filter(Boolean).map(e => JSON.parse(e.split('\n')[1].slice(6)));
  assert.equal(events.filter(e => e.delta?.type === 'text_delta').map(e => e.delta.text).join(''), 'Hello');
  assert.equal(events.at(-1).type, 'message_stop');
  assert.equal(events.find(e => e.type === 'message_delta').delta.stop_reason, 'tool_use');
  const w = await (await anthropic({ tools: [atool] })).json();
  assert.equal(w.content[0].text, 'You said: hi');
});

test('models misbehave when told to', async () => {
  model.push({ status: 429, retryAfter: 3 });
  let r = await openai({});
  assert.equal(r.status, 429);
  assert.equal(r.headers.get('retry-after'), '3');
  model.push({ reset: true });
  await assert.rejects(openai({}));
  model.push({ text: 'abcdef', cut: 2 });
  assert.ok(!(await (await openai({ stream: true })).text()).includes('[DONE]'));
  model.push({ text: 'abcdef', reset: 2 });
  await assert.rejects(openai({ stream: true }).then(x => x.text()));
  model.push({ text: 'whole', json: true });
  r = await openai({ stream: true });
  assert.match(r.headers.get('content-type'), /json/);
  model.push({ huge: 1 << 20 });
  assert.ok((await (await openai({ stream: true })).text()).length > 1 << 20);
  model.push({ context: true });
  assert.equal((await (await openai({})).json()).error.code, 'context_length_exceeded');
  model.push({ text: 'ab', errorEvent: 3 });
  assert.match(await (await anthropic({ stream: true })).text(), /overloaded_error/);
});

test('memcp: tokens, derived tokens, tools', async () => {
  const info = token => fetch(`${memcp.url}/token/info`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await info('nobody')).status, 403);
  assert.equal((await (await info(CHAT_TOKEN)).json()).data.tier, 'chat');
  const post = (path, body, headers = {}) => fetch(memcp.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const derive = (parent, secret = 'proxy-secret') => post('/internal/tokens/derive', { parent_token: parent, scope: 'mcp_read', ttl_minutes: 60, chat_id: 'c' }, { 'x-proxy-secret': secret });
  assert.equal((await derive(CHAT_TOKEN, 'wrong')).status, 401);
  assert.equal((await derive(MCP_TOKEN)).status, 403);
  const { derived_token: token, expires_at } = await (await derive(CHAT_TOKEN)).json();
  assert.match(expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
  const use = (body, t = token) => post('/mcp/tools/call', body, { authorization: `Bearer ${t}` });
  assert.equal((await use({ tool: 'query_skills', arguments: {} })).status, 200);
  assert.equal((await use({ name: 'query_skills', arguments: {} })).status, 400);
  assert.equal((await use({ tool: 'nope' })).status, 404);
  assert.equal((await use({ tool: 'query_stages', arguments: {} })).status, 400);
  memcp.expireDerived();
  assert.equal((await use({ tool: 'query_skills' })).status, 403);
  assert.equal((await post('/internal/tokens/revoke', { derived_token: token }, { 'x-proxy-secret': 'proxy-secret' })).status, 200);
  assert.equal((await post('/internal/tokens/revoke', { derived_token: 'x' }, { 'x-proxy-secret': 'proxy-secret' })).status, 404);
});

test('mcp: the official client works with the legacy servers', async () => {
  for (const [start, Transport] of [[startLegacy, StreamableHTTPClientTransport], [startSse, SSEClientTransport]]) {
    const server = await start();
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new Transport(new URL(server.url)));
    const { tools } = await client.listTools();
    assert.ok(tools.some(x => x.name === 'say.hello'));
    const r = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
    assert.equal(r.content[0].text, '5');
    assert.equal(server.calls.length, 1);
    await client.close();
    await server.stop();
  }
});

test('mcp: the modern server serves modern requests only', async () => {
  const server = await startModern();
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const send = (method, params = {}, headers = {}) => fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: meta, ...params } }),
  });
  const list = await (await send('tools/list')).json();
  assert.ok(list.result.tools.some(x => x.name === 'add'), JSON.stringify(list));
  const sum = await (await send('tools/call', { name: 'add', arguments: { a: 1, b: 2 } }, { 'mcp-name': 'add' })).json();
  assert.equal(sum.result.content[0].text, '3');
  assert.equal((await send('tools/call', { name: 'add', arguments: { a: 1, b: 2 } })).status, 400);
  const old = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } }) });
  assert.ok(old.status >= 400 || (await old.json()).error, 'initialize is refused');
  await server.stop();
});

test('mcp: the scripted server does as told', async () => {
  const server = await startBad();
  server.answer = r => r.method === 'tools/call' ? { status: 500, body: { oops: 1 } } : null;
  const send = method => fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} }) });
  assert.equal((await (await send('tools/list')).json()).result.tools[0].name, 'odd');
  assert.equal((await send('tools/call')).status, 500);
  await server.stop();
});
