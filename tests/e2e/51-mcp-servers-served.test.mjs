/*
 * MCP servers' tools at /mcp: the edge calls them for its clients.  What is
 * slow becomes a stream, tells progress, is cancelled when a modern client
 * leaves, and takes no thread from anybody else.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as z from 'zod';
import { startLegacy, startModern } from '../doubles/mcp.mjs';
import { SLOW, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-planted-51aa', UPSTREAM = 'planted-upstream-key-51bb';
const M = '2026-07-28';
const auth = { authorization: `Bearer ${KEY}` };
let now, old;

async function doubles() {
  await now?.stop();
  await old?.stop();
  now = await startModern();
  now.token = UPSTREAM;
  now.more = {
    steps: async (args, ctx) => {
      for (let i = 0; i <= 2; i++) {
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: ctx.mcpReq._meta?.progressToken ?? 'none', progress: i * 50, total: 100, message: `step ${i}` } }).catch(() => {});
        await sleep(50);
      }
      return { content: [{ type: 'text', text: 'stepped' }] };
    },
    says: async (args, ctx) => {
      for (const [l, data] of [['debug', 'too little'], ['warning', `sent with Bearer ${UPSTREAM}`], ['error', { code: 7 }]])
        await ctx.mcpReq.notify({ method: 'notifications/message', params: { level: l, data } }).catch(() => {});
      return { content: [{ type: 'text', text: 'said' }] };
    },
    quote: () => ({ content: [{ type: 'text', text: `the key is Bearer ${UPSTREAM}` }] }),
  };
  old = await startLegacy();
  return {
    edges: 2, turns: 0, ready: false,
    env: { MCP_API_KEYS: KEY },
    settings: {
      server: { threads: 8 },
      mcp: {
        timeout: '20s', servers: {
          now: { url: now.url, headers: { Authorization: `Bearer ${UPSTREAM}` } },
          old: { url: old.url },
          gone: { url: 'http://127.0.0.1:9/mcp' },
        },
      },
    },
  };
}

const s = sharedStack(doubles);
after(async () => { await now?.stop(); await old?.stop(); });
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });

function modern(d, name, args, { meta = {}, headers = {} } = {}) {
  return {
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {}, ...meta } } },
    headers: { accept: 'application/json, text/event-stream', ...auth, 'mcp-protocol-version': M, 'mcp-method': 'tools/call', 'mcp-name': name, ...headers },
  };
}
const post = (d, o, ms) => d.request('POST', '/mcp', { ...o, ms });

/* The messages of an answer, events or one JSON. */
const messages = r => r.headers['content-type'].startsWith('text/event-stream')
  ? r.text.split('\n').filter(l => /^data: ./.test(l)).map(l => JSON.parse(l.slice(6)))
  : [r.json];

/* A POST whose answer is read as it comes: {status, text, close(), done}. */
function open(d, { body, headers }) {
  const r = { text: '', status: null, ended: false };
  const bytes = JSON.stringify(body);
  const req = http.request({ host: '127.0.0.1', port: d.port, method: 'POST', path: '/mcp', agent: false, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...headers } });
  r.close = () => req.destroy();
  req.on('error', () => { r.ended = true; });
  req.on('response', res => {
    r.status = res.statusCode;
    r.type = res.headers['content-type'];
    res.setEncoding('utf8');
    res.on('data', c => { r.text += c; });
    res.on('end', () => { r.ended = true; });
    res.on('error', () => { r.ended = true; });
  });
  req.end(bytes);
  return r;
}
const events = text => text.split('\n\n').filter(e => e.startsWith('event: message\ndata: ')).map(e => JSON.parse(e.slice(e.indexOf('data: ') + 6)));

s.test('the first list waits for all servers, and names each tool once', async d => {
  await up(d);
  const at = new URL(`http://127.0.0.1:${d.port}/mcp`);
  const client = new Client({ name: 'v1', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(at, { requestInit: { headers: auth } }));
  const { tools } = await client.listTools();
  const names = tools.map(t => t.name);
  for (const n of ['echo', 'health', 'time', 'now__add', 'now__say.hello', `now__${'a'.repeat(80)}`, 'old__add', 'now__steps']) assert.ok(names.includes(n), `${n} of ${names}`);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual((await client.listTools()).tools.map(t => t.name), names, 'the same order');
  assert.equal((await client.callTool({ name: 'old__add', arguments: { a: 2, b: 3 } })).content[0].text, '5');
  assert.equal((await client.callTool({ name: 'now__say.hello', arguments: { name: 'x' } })).content[0].text, 'Hello, x!');
  const failed = await client.callTool({ name: 'now__fail', arguments: {} });
  assert.equal(failed.isError, true);
  assert.equal(failed.content[0].text, 'it did not work');
  assert.deepEqual((await client.callTool({ name: 'now__data', arguments: {} })).structuredContent, { answer: 42 });
  const { content } = await client.callTool({ name: 'old__picture', arguments: {} });
  assert.deepEqual(content[1], { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' });
  await client.close();

  const next = new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: { pin: M } } });
  await next.connect(new ModernTransport(at, { requestInit: { headers: auth } }));
  assert.equal((await next.callTool({ name: 'now__add', arguments: { a: 2, b: 40 } })).content[0].text, '42');
  const seen = [];
  const r = await next.callTool({ name: 'now__steps', arguments: {} }, { onprogress: p => seen.push(p.progress) });
  assert.equal(r.content[0].text, 'stepped');
  assert.deepEqual(seen, [0, 50, 100]);
  await next.close();
});

s.test('what a server writes to its log goes to the client that asks for it', async d => {
  await up(d);
  await until(async () => (await post(d, modern(d, 'now__says', {}))).json?.result, { what: 'the server is there' });
  assert.equal(messages(await post(d, modern(d, 'now__says', {}))).length, 1, 'nobody asked');
  const all = messages(await post(d, modern(d, 'now__says', {}, { meta: { 'io.modelcontextprotocol/logLevel': 'warning' } })));
  assert.equal(all.at(-1).result.content[0].text, 'said');
  const said = all.slice(0, -1).map(m => [m.method, m.params.level, m.params.logger, m.params.data]);
  assert.deepEqual(said.map(x => x.slice(0, 3)), [['notifications/message', 'warning', 'now__says'], ['notifications/message', 'error', 'now__says']]);
  assert.match(said[0][3], /^sent with /);
  assert.equal(said[0][3].includes(UPSTREAM), false);
  assert.equal(said[1][3], '{"code":7}');
  assert.deepEqual(now.requests.filter(r => r.body?.params?.name === 'says').map(r => r.body.params._meta['io.modelcontextprotocol/logLevel']).filter(l => l), ['warning']);
  /* A session is asked once, at any edge. */
  const legacy = (method, params, headers = {}) => d.request('POST', '/mcp', { body: { jsonrpc: '2.0', id: 1, method, params }, headers: { accept: 'application/json, text/event-stream', ...auth, ...headers } });
  const init = await legacy('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } });
  const session = { 'mcp-session-id': init.headers['mcp-session-id'], 'mcp-protocol-version': '2025-11-25' };
  const levels = async () => messages(await legacy('tools/call', { name: 'now__says', arguments: {} }, session)).filter(m => m?.method).map(m => m.params.level);
  assert.deepEqual(await levels(), [], 'it did not ask');
  for (const [level, is] of [['debug', ['debug', 'warning', 'error']], ['error', ['error']], ['alert', []]]) {
    assert.deepEqual((await legacy('logging/setLevel', { level }, session)).json.result, {});
    for (let i = 0; i < 4; i++) assert.deepEqual(await levels(), is, level);
  }
  /* Who takes JSON alone gets the answer. */
  const json = await post(d, modern(d, 'now__says', {}, { meta: { 'io.modelcontextprotocol/logLevel': 'debug' }, headers: { accept: 'application/json' } }));
  assert.equal(json.json.result.content[0].text, 'said');
});

s.test('a result of megabytes comes whole', async d => {
  await up(d);
  const r = await post(d, modern(d, 'now__big', { n: 4 << 20 }));
  assert.equal(r.status, 200);
  const message = r.json ?? events(r.text)[0];
  assert.equal(message.result.content[0].text.length, 4 << 20);
});

s.test('what takes over two seconds is a stream; a client of JSON alone waits', async d => {
  await up(d);
  const slow = open(d, modern(d, 'now__slow', { ms: 3000 * SLOW }));
  const json = post(d, modern(d, 'now__slow', { ms: 2500 * SLOW }, { headers: { accept: 'application/json' } }));
  /* Of another server: those two take the share of this one (2 of 8 threads). */
  const quick = await post(d, modern(d, 'old__add', { a: 1, b: 1 }));
  assert.equal(quick.headers['content-type'], 'application/json');
  await until(() => slow.status !== null, { what: 'its head' });
  assert.equal(slow.status, 200);
  assert.equal(slow.type, 'text/event-stream');
  assert.equal(slow.ended, false, 'before its end');
  await until(() => slow.ended, { ms: 20000, what: 'its end' });
  assert.equal(events(slow.text).at(-1).result.content[0].text, 'slept', slow.text);
  const r = await json;
  assert.equal(r.headers['content-type'], 'application/json');
  assert.equal(r.json.result.content[0].text, 'slept');
});

s.test('who waits with a token hears of a silent tool', async d => {
  await up(d);
  const r = open(d, modern(d, 'now__slow', { ms: 14000 }, { meta: { progressToken: 'tok' } }));
  await until(() => r.text.includes('notifications/progress'), { ms: 15000, what: 'progress' });
  const p = events(r.text)[0];
  assert.equal(p.params.progressToken, 'tok');
  assert.match(p.params.message, /^still running, 1\d s$/);
  assert.ok(p.params.progress > 0);
  await until(() => r.ended, { ms: 20000 });
  assert.equal(events(r.text).at(-1).result.content[0].text, 'slept');
});

s.test('a modern client that leaves cancels; a legacy one does not', async d => {
  await up(d);
  const before = now.cancelled ?? 0, calls = now.calls.length;
  const r = open(d, modern(d, 'now__slow', { ms: 15000 }));
  await until(() => now.calls.length > calls, { what: 'it runs' });
  r.close();
  await until(() => (now.cancelled ?? 0) > before, { what: 'the server hears of it' });
  const mine = old.calls.length;
  const legacy = open(d, { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'old__slow', arguments: { ms: 1500 } } }, headers: auth });
  await until(() => old.calls.length > mine, { what: 'it runs' });
  legacy.close();
  const end = await until(() => d.events('tool_called').find(l => l.tool === 'old__slow'), { what: 'its end' });
  assert.equal(end.end, 'done', 'it went on');
});

s.test('no server takes more than its share of the threads', async d => {
  await up(d);
  const before = now.calls.length;
  const hang = Array.from({ length: 24 }, () => open(d, modern(d, 'now__slow', { ms: 6000 * SLOW })));
  await until(() => now.calls.length - before >= 2, { what: 'some run' });
  const t = performance.now();
  const others = await Promise.all([post(d, modern(d, 'old__add', { a: 1, b: 2 })), post(d, modern(d, 'echo', { text: 'x' })), d.get('/health')]);
  assert.ok(performance.now() - t < 4000 * SLOW, `${performance.now() - t} ms`);
  assert.equal(others[0].json.result.content[0].text, '3');
  /* A quarter of eight threads, in each of two edges. */
  assert.ok(now.calls.length - before <= 4, `${now.calls.length - before} at once`);
  for (const h of hang) h.close();
  await until(async () => (await post(d, modern(d, 'now__add', { a: 1, b: 2 }))).json?.result?.content[0].text === '3', { ms: 20000, what: 'it serves again' });
});

s.test('a batch with slow calls is answered whole', async d => {
  await up(d);
  const call = (id, name, args) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
  const r = await d.request('POST', '/mcp', { headers: auth, body: [call(1, 'echo', { text: 'a' }), call(2, 'now__add', { a: 1, b: 2 }), { jsonrpc: '2.0', method: 'notifications/x' }, call(3, 'old__add', { a: 3, b: 4 }), call(4, 'nobody', {})] });
  assert.equal(r.status, 200, r.text);
  assert.deepEqual(r.json.map(m => m.id), [1, 2, 3, 4]);
  assert.deepEqual(r.json.slice(0, 3).map(m => m.result.content[0].text), ['a', '3', '7']);
  assert.equal(r.json[3].error.code, -32602);
});

s.test('keys stay where they belong', async d => {
  await up(d);
  const r = await post(d, modern(d, 'now__quote', {}));
  assert.ok(!r.text.includes(UPSTREAM), r.text);
  assert.ok(now.requests.every(q => q.headers.authorization === undefined || q.headers.authorization === `Bearer ${UPSTREAM}`), "a client's key is not passed on");
  for (const e of d.edges) for (const key of [KEY, UPSTREAM]) assert.ok(!JSON.stringify(d.logs(e.name)).includes(key), key);
});

testWith(doubles, 'an edge that stops answers first', async d => {
  await up(d);
  const calls = now.calls.length;
  const r = post(d, modern(d, 'now__slow', { ms: 3000 }));
  await until(() => now.calls.length > calls, { what: 'it runs' });
  const old_edges = [...d.edges];
  d.edges.length = 0;
  await Promise.all(old_edges.map(e => d.stopAndWait(e)));
  assert.equal(events((await r).text).at(-1).result.content[0].text, 'slept');
});

testWith({ edges: 1, turns: 0, ready: false, env: { MCP_API_KEYS: KEY }, settings: { mcp: { servers: { w: { url: 'http://127.0.0.1:9/mcp', headers: { A: '${NO_SUCH_NAME}' } } } } } },
  'servers that are configured wrongly take nothing else away', async d => {
    await up(d);
    const r = await post(d, modern(d, 'echo', { text: 'here' }));
    assert.equal(r.json?.result?.content[0].text, 'here', r.text);
    assert.ok(d.events('config_refused').some(l => /NO_SUCH_NAME/.test(l.what)));
  });
