/*
 * /mcp and /sse: every revision of MCP at one address.  Official clients, and
 * each rung of the ladder through nginx; two edges, so that no request needs
 * the edge of another.
 */
import assert from 'node:assert/strict';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import net from 'node:net';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-planted-77aa12', OTHER = 'mcp-key-second-88bb34';
const M = '2026-07-28';
const meta = (version = M, can = {}) => ({
  'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': can,
});
const BOTH = 'application/json, text/event-stream';
const auth = { authorization: `Bearer ${KEY}` };

function post(d, body, headers = {}, url = '/mcp') {
  return d.request('POST', url, { body, headers: { accept: BOTH, ...auth, ...headers } });
}

/* A modern request with all that belongs to it. */
function modern(d, method, params = {}, { headers = {}, id = 1, url } = {}) {
  return post(d, { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta() } },
    { 'mcp-protocol-version': M, 'mcp-method': method, ...(params.name ? { 'mcp-name': params.name } : {}), ...headers }, url);
}

const legacy = (d, method, params = {}, { headers = {}, id = 1, url } = {}) => post(d, { jsonrpc: '2.0', id, method, params }, headers, url);

function fails(r, status, code, what) {
  assert.equal(r.status, status, `${what}: ${r.status} ${r.text}`);
  assert.equal(r.json?.error?.code, code, `${what}: ${r.text}`);
  assert.equal(r.json.jsonrpc, '2.0', what);
}

const options = { edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: `${KEY}, ${OTHER}` }, settings: { mcp: { origins: ['loopback', 'https://app.example.org'] } } };
const s = sharedStack(options);
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });

s.test('the official clients of today and of the next revision', async d => {
  await up(d);
  for (const url of ['/mcp', '/sse', '/mcp/', '/sse/']) {
    const at = new URL(`http://127.0.0.1:${d.port}${url}`);
    const clients = [
      ['v1', new Client({ name: 'v1', version: '1' }), new StreamableHTTPClientTransport(at, { requestInit: { headers: auth } })],
      ['v2 legacy', new ModernClient({ name: 'v2', version: '1' }), new ModernTransport(at, { requestInit: { headers: auth } })],
      ['v2 auto', new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: 'auto' } }), new ModernTransport(at, { requestInit: { headers: auth } })],
      ['v2 modern', new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: { pin: M } } }), new ModernTransport(at, { requestInit: { headers: auth } })],
    ];
    for (const [what, client, transport] of clients) {
      await client.connect(transport);
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(t => t.name), ['echo', 'health', 'time'], what);
      for (const tool of tools) assert.equal(tool.inputSchema.type, 'object');
      const r = await client.callTool({ name: 'echo', arguments: { text: `é ${what}` } });
      assert.deepEqual(r.content, [{ type: 'text', text: `é ${what}` }], what);
      const bad = await client.callTool({ name: 'echo', arguments: { text: 7 } });
      assert.equal(bad.isError, true, what);
      await assert.rejects(() => client.callTool({ name: 'nobody', arguments: {} }), /Unknown tool/, what);
      assert.equal(client.getServerVersion()?.name, 'dragoman', what);
      await client.close();
    }
  }
});

testWith(options, 'a legacy handshake, and its session at any edge', async d => {
  await up(d);
  const init = (version, headers) => legacy(d, 'initialize', { protocolVersion: version, capabilities: { elicitation: {} }, clientInfo: { name: 'a', version: '1' } }, { headers, id: 0 });
  for (const [asked, got] of [['2025-11-25', '2025-11-25'], ['2025-06-18', '2025-06-18'], ['2025-03-26', '2025-03-26'], ['2024-11-05', '2024-11-05'], [M, '2025-11-25'], ['1.0.0', '2025-11-25']]) {
    const r = await init(asked, asked === M ? { 'mcp-protocol-version': M } : {});
    assert.equal(r.status, 200, r.text);
    assert.equal(r.json.id, 0);
    assert.equal(r.json.result.protocolVersion, got);
    assert.deepEqual(r.json.result.capabilities, { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true }, prompts: { listChanged: true }, completions: {}, logging: {} });
    assert.equal(r.json.result.serverInfo.name, 'dragoman');
    assert.match(r.json.result.serverInfo.version, /^\d/);
    assert.equal('resultType' in r.json.result, false);
    const session = r.headers['mcp-session-id'];
    assert.match(session, /^[\x21-\x7e]{1,127}$/);
    const headers = { 'mcp-session-id': session, 'mcp-protocol-version': got };
    assert.equal((await post(d, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers)).status, 202);
    for (let i = 0; i < 4; i++) assert.equal((await legacy(d, 'ping', {}, { headers })).json?.result && 'ok', 'ok');
    fails(await legacy(d, 'ping', {}, { headers: { ...headers, authorization: `Bearer ${OTHER}` } }), 404, -32600, 'another key');
    fails(await legacy(d, 'ping', {}, { headers: { ...headers, 'mcp-session-id': `${session.slice(0, -1)}${session.endsWith('0') ? '1' : '0'}` } }), 404, -32600, 'forged');
  }
  /* Redis is emptied, and every edge exchanged: it goes on. */
  const session = (await init('2025-06-18')).headers['mcp-session-id'];
  await d.redis.flushall();
  const old = [...d.edges];
  d.edges.length = 0;
  for (const e of old) await d.stopAndWait(e);
  d.startEdge();
  await up(d);
  const r = await legacy(d, 'tools/call', { name: 'echo', arguments: { text: 'still here' } }, { headers: { 'mcp-session-id': session } });
  assert.equal(r.json?.result?.content[0].text, 'still here', r.text);
});

s.test('the ladder, rung by rung', async d => {
  await up(d);
  const list = extra => ({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta(), ...extra } });
  const at = { 'mcp-protocol-version': M, 'mcp-method': 'tools/list' };
  fails(await post(d, list(), { ...at, origin: 'https://evil.example.org' }), 403, 403, 'origin');
  fails(await post(d, list(), { ...at, origin: 'null' }), 403, 403, 'origin null');
  for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${KEY}`, `Bearer ${KEY}x`, `Bearer ${KEY}, ${OTHER}`]) {
    const r = await d.request('POST', '/mcp', { body: list(), headers: authorization ? { authorization } : {} });
    fails(r, 401, 401, `key "${authorization}"`);
    assert.match(r.headers['www-authenticate'], authorization ? /^Bearer realm="dragoman", error="invalid_token"$/ : /^Bearer realm="dragoman"$/);
  }
  assert.equal((await post(d, list(), { ...at, authorization: '', 'x-api-key': OTHER })).status, 401);
  assert.equal((await d.request('POST', '/mcp', { body: list(), headers: { ...at, 'x-api-key': OTHER } })).status, 200);
  for (const method of ['PUT', 'PATCH']) {
    const r = await d.request(method, '/mcp', { headers: auth });
    fails(r, 405, 405, method);
    for (const served of ['GET', 'POST', 'DELETE', 'OPTIONS']) assert.match(r.headers.allow, new RegExp(served), method);
  }
  fails(await post(d, JSON.stringify(list()), { ...at, 'content-type': 'text/plain' }), 415, 415, 'type');
  fails(await post(d, '', at), 400, -32700, 'empty');
  fails(await post(d, '{', at), 400, -32700, 'no JSON');
  fails(await post(d, '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', at), 400, -32700, 'a key twice');
  fails(await post(d, `${'['.repeat(100)}${']'.repeat(100)}`, at), 400, -32700, 'deep');
  fails(await post(d, { jsonrpc: '2.0', id: null, method: 'ping' }), 400, -32600, 'id null');
  fails(await post(d, { jsonrpc: '2.0', id: 1.5, method: 'ping' }), 400, -32600, 'id 1.5');
  fails(await post(d, []), 400, -32600, 'empty batch');
  fails(await post(d, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }, at), 400, -32602, 'no _meta');
  fails(await post(d, list(), { 'mcp-method': 'tools/list' }), 400, -32020, 'no version header');
  fails(await post(d, list({ _meta: meta('v999') }), at), 400, -32020, 'header and body');
  const never = await post(d, list({ _meta: meta('2031-01-01') }), { ...at, 'mcp-protocol-version': '2031-01-01' });
  fails(never, 400, -32022, 'version');
  assert.deepEqual(never.json.error.data, { supported: [M], requested: '2031-01-01' });
  fails(await post(d, list(), { 'mcp-protocol-version': M }), 400, -32020, 'no method header');
  fails(await modern(d, 'no/such'), 404, -32601, 'method');
  fails(await modern(d, 'ping'), 404, -32601, 'ping');
  fails(await modern(d, 'resources/subscribe'), 404, -32601, 'a method of legacy revisions');
  fails(await legacy(d, 'no/such'), 200, -32601, 'legacy method');
  fails(await modern(d, 'tools/call', { name: 'echo' }, { headers: { 'mcp-name': 'time' } }), 400, -32020, 'name');
  assert.equal((await modern(d, 'tools/call', { name: 'echo', arguments: { text: 'x' } }, { headers: { 'mcp-name': '=?base64?ZWNobw==?=' } })).status, 200);
  fails(await modern(d, 'tools/call', { name: 'nobody' }), 200, -32602, 'tool');
  fails(await modern(d, 'tools/call', { name: 'echo', arguments: 7 }), 200, -32602, 'arguments');
  fails(await modern(d, 'tools/call', { name: 'echo', arguments: { text: 'x' }, requestState: 'forged' }), 200, -32602, 'state');
  fails(await modern(d, 'tools/list', { cursor: 'nowhere' }), 200, -32602, 'cursor');
  for (const cursor of ['', null]) assert.ok((await modern(d, 'tools/list', { cursor })).json.result.tools.length > 0, `${cursor}: left out`);
  for (const authorization of [KEY, `Bearer Bearer ${KEY}`]) {
    const r = await post(d, { jsonrpc: '2.0', id: 1, method: 'ping' }, { authorization });
    assert.equal(r.status, 401);
    assert.match(r.json.error.message, /Bearer once/);
  }
  assert.equal((await post(d, { jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-session-id': '' })).status, 200, 'an empty session is none');
  const nulls = await d.request('POST', '/mcp', { headers: { accept: 'application/json', authorization: `Bearer ${KEY}` }, body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: null } });
  assert.ok(nulls.json.result?.tools.length > 0, nulls.text);
  fails(await modern(d, 'tools/list', {}, { headers: { accept: 'text/html' } }), 406, -32600, 'accept');
  const event = await modern(d, 'tools/list', {}, { headers: { accept: 'text/event-stream' } });
  assert.equal(event.headers['content-type'], 'text/event-stream');
  assert.match(event.text, /^event: message\ndata: \{.*\}\n\n$/);
  assert.equal((await post(d, { jsonrpc: '2.0', method: 'notifications/x' }, { 'mcp-protocol-version': M })).status, 202);
  assert.equal((await post(d, { jsonrpc: '2.0', id: 4, result: {} })).status, 202);
  const loud = (level, id) => ({ name: 'echo', arguments: { text: 'x' }, _meta: { ...meta(), 'io.modelcontextprotocol/logLevel': level }, id });
  for (const [level, code] of [['info', undefined], ['loud', -32602], [7, -32602]]) {
    const r = await post(d, { jsonrpc: '2.0', id: 5, method: 'tools/call', params: loud(level) }, { ...at, 'mcp-method': 'tools/call', 'mcp-name': 'echo' });
    assert.equal(r.status, 200, `level ${level}`);
    assert.equal(r.json.error?.code, code, `level ${level}: ${r.text}`);
  }
  assert.deepEqual((await legacy(d, 'logging/setLevel', { level: 'warning' })).json.result, {});
  fails(await legacy(d, 'logging/setLevel', { level: 'loud' }), 200, -32602, 'setLevel');
  fails(await modern(d, 'logging/setLevel', { level: 'info' }), 404, -32601, 'setLevel, modern');
  /* What it refused harms nobody. */
  const r = await modern(d, 'tools/call', { name: 'echo', arguments: { text: 'x' } }, { id: 'a"b' });
  assert.equal(r.status, 200);
  assert.equal(r.json.id, 'a"b');
  assert.equal(r.json.result.resultType, 'complete');
  assert.equal(r.headers['mcp-session-id'], undefined);
});

s.test('what a modern client discovers', async d => {
  await up(d);
  const r = (await modern(d, 'server/discover', {}, { id: 'd1' })).json;
  assert.equal(r.id, 'd1');
  assert.deepEqual(r.result.supportedVersions, [M]);
  assert.deepEqual(r.result.capabilities, { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true }, prompts: { listChanged: true }, completions: {}, logging: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } });
  assert.ok(Number.isInteger(r.result.ttlMs));
  assert.equal(r.result.cacheScope, 'public');
  assert.equal(r.result._meta['io.modelcontextprotocol/serverInfo'].name, 'dragoman');
  const { result } = (await modern(d, 'tools/list')).json;
  assert.equal(result.cacheScope, 'private');
  assert.ok(result.ttlMs > 0);
  assert.equal('nextCursor' in result, false);
});

s.test('batches of 2025-03-26', async d => {
  await up(d);
  const ping = id => ({ jsonrpc: '2.0', id, method: 'ping' });
  const note = { jsonrpc: '2.0', method: 'notifications/initialized' };
  const call = { jsonrpc: '2.0', id: 'c', method: 'tools/call', params: { name: 'echo', arguments: { text: 'b' } } };
  const r = await post(d, [note, ping(1), call, 7, note, { jsonrpc: '2.0', id: 3, method: 'initialize', params: { protocolVersion: '2025-03-26' } }]);
  assert.equal(r.status, 200, r.text);
  assert.deepEqual(r.json.map(m => m.id), [1, 'c', undefined, 3]);
  assert.deepEqual(r.json[0].result, {});
  assert.equal(r.json[1].result.content[0].text, 'b');
  assert.equal(r.json[2].error.code, -32600);
  assert.equal(r.json[3].error.code, -32600, 'a handshake is alone');
  assert.equal((await post(d, [note, note])).status, 202);
  const later = await post(d, [ping(1)], { 'mcp-protocol-version': '2025-06-18' });
  assert.equal(later.json[0].error.code, -32600);
  fails(await post(d, Array.from({ length: 101 }, (_, i) => ping(i))), 400, -32600, 'too many');
});

s.test('pages of listed origins', async d => {
  await up(d);
  for (const origin of ['https://app.example.org', 'http://localhost:6274', 'http://127.0.0.1:3000', 'http://[::1]:1']) {
    const pre = await d.request('OPTIONS', '/mcp', { headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,mcp-param-zone,mcp-method' } });
    assert.equal(pre.status, 204, origin);
    assert.equal(pre.headers['access-control-allow-origin'], origin);
    assert.equal(pre.headers['access-control-allow-methods'], 'GET, POST, DELETE');
    const allowed = pre.headers['access-control-allow-headers'].toLowerCase().split(/, */);
    for (const h of ['authorization', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id', 'last-event-id', 'mcp-param-zone']) assert.ok(allowed.includes(h), h);
    const r = await modern(d, 'tools/list', {}, { headers: { origin } });
    assert.equal(r.status, 200);
    assert.equal(r.headers['access-control-allow-origin'], origin);
    assert.match(r.headers.vary, /Origin/);
    assert.match(r.headers['access-control-expose-headers'], /Mcp-Session-Id/);
    /* A page must be able to read why it was refused. */
    for (const bad of [await d.request('POST', '/mcp', { body: {}, headers: { origin } }), await post(d, '{', { origin })])
      assert.equal(bad.headers['access-control-allow-origin'], origin);
  }
  for (const origin of ['https://app.example.org.evil.org', 'http://localhost.evil.org', 'null', 'http://127.0.0.1.evil.org', 'https://app.example.org:444']) {
    const pre = await d.request('OPTIONS', '/sse', { headers: { origin } });
    fails(pre, 403, 403, origin);
    assert.equal(pre.headers['access-control-allow-origin'], undefined);
  }
});

s.test("nginx's own errors are JSON-RPC there, and as ever elsewhere", async d => {
  await up(d);
  const big = 'x'.repeat(5 << 20);
  fails(await post(d, big), 413, 413, 'nginx, a large body');
  assert.equal((await post(d, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', pad: 'x'.repeat(3 << 20) }))).status, 200, 'up to mcp.body_max');
  assert.deepEqual((await d.request('POST', '/chat', { body: big })).json, { detail: 'the body is too large' });
  const raw = head => new Promise((resolve, reject) => {
    const s = net.connect(d.port, '127.0.0.1');
    let text = '';
    s.on('data', c => { text += c; });
    s.on('end', () => resolve(text));
    s.on('error', reject);
    s.write(head);
  });
  assert.match(await raw(`POST /mcp HTTP/1.1\r\nHost: x\r\nMcp-Name: ${'a'.repeat(40000)}\r\nConnection: close\r\n\r\n`), /^HTTP\/1.1 431 [^]*\r\n\r\n\{"jsonrpc":"2.0","error":\{"message":"the headers are too large","code":431\}\}$/);
  assert.match(await raw('POST /mcp HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 400 [^]*\r\n\r\n\{"jsonrpc":"2.0","error":\{"message":"the request is not valid HTTP","code":400\}\}$/);
  /* Headers that an argument's base64 makes long come through. */
  assert.equal((await modern(d, 'tools/list', {}, { headers: { 'mcp-param-x': 'a'.repeat(20000) } })).status, 200);
});

s.test('a call is logged and counted, without what was said', async d => {
  await up(d);
  await modern(d, 'tools/call', { name: 'echo', arguments: { text: 'planted-argument-31' } }, { headers: { 'x-request-id': 'mine-4711' } });
  const [line] = await until(() => {
    const found = d.events('tool_called').filter(l => l.id === 'mine-4711');
    return found.length > 0 && found;
  });
  assert.equal(line.tool, 'echo');
  assert.equal(line.source, 'builtin');
  assert.equal(line.end, 'done');
  assert.match(line.key, /^[0-9a-f]{32}$/);
  assert.ok(line.ms >= 0);
  const m = await d.metrics();
  assert.ok(m.get('dragoman_tool_ends_total{tool="echo",end="done"}') > 0, [...m.keys()].filter(k => k.includes('tool')).join(' '));
  for (const e of d.edges) assert.ok(!JSON.stringify(d.logs(e.name)).includes('planted-argument-31'));
  for (const e of d.edges) assert.ok(!JSON.stringify(d.logs(e.name)).includes(KEY));
});

testWith({ edges: 1, turns: 0, ready: false, settings: { mcp: { auth: 'none' }, server: { hosts: ['host.docker.internal'] } } }, 'without keys, this machine alone is served', async d => {
  const ping = headers => d.request('POST', '/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'ping' }, headers });
  await up(d);
  assert.equal((await ping({})).status, 200);
  for (const host of ['localhost', `localhost:${d.port}`, '[::1]:80', '127.0.0.1', 'host.docker.internal:8000', 'HOST.docker.internal'])
    assert.equal((await ping({ host })).status, 200, host);
  for (const host of ['evil.example.org', 'localhost.evil.org', 'host.docker.internal.evil.org', '10.0.0.1'])
    fails(await ping({ host }), 403, 403, host);
  fails(await ping({ origin: 'http://localhost:1' }), 403, 403, 'no origin is listed');
});

testWith({ edges: 1, turns: 0, ready: false }, 'where nothing is set, nobody is let in', async d => {
  await up(d);
  for (const headers of [{}, auth, { authorization: 'Bearer ' }, { 'x-api-key': '' }])
    fails(await d.request('POST', '/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'ping' }, headers }), 401, 401, JSON.stringify(headers));
});
