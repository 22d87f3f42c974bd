/*
 * Streams of MCP clients, over two edges: subscriptions/listen, GET of legacy
 * sessions, 2024-11-05 with its two addresses; what changes reaches all of them,
 * a call goes on after its connection or its edge is gone.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startBad, startModern } from '../doubles/mcp.mjs';
import { SLOW, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-planted-54aa';
const M = '2026-07-28';
const auth = { authorization: `Bearer ${KEY}` };
const started = [];

/* Servers behind us: one whose list changes, one whose tools take a while. */
async function doubles() {
  const bad = await startBad(), now = await startModern();
  started.push(bad, now);
  const steps = (ms, size = 0) => async (args, ctx) => {
    for (let i = 1; i <= 3; i++) {
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: ctx.mcpReq._meta?.progressToken ?? 'none', progress: i, total: 3 } }).catch(() => {});
      await sleep(ms / 3);
    }
    return { content: [{ type: 'text', text: `stepped ${'x'.repeat(size)}` }] };
  };
  now.more = { brief: steps(150), steps: steps(900), long: steps(4000), large: steps(900, 1100000) };
  return {
    edges: 2, turns: 0, ready: false, changing: bad,
    env: { MCP_API_KEYS: KEY },
    settings: { server: { drain: '20s' }, mcp: { timeout: '60s', refresh: '1s', servers: { bad: { url: bad.url }, now: { url: now.url } } } },
  };
}

const s = sharedStack(doubles);
after(() => Promise.all(started.map(double => double.stop())));
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });

/* A request whose answer is read as it comes; ${events}: {id, event, data, retry}. */
function open(d, { method = 'GET', path = '/mcp', headers = {}, body } = {}) {
  const r = { text: '', status: null, ended: false };
  const bytes = body === undefined ? undefined : JSON.stringify(body);
  const req = http.request({ host: '127.0.0.1', port: d.port, method, path, agent: false,
    headers: { accept: 'application/json, text/event-stream', ...(headers.authorization === null ? {} : auth), ...(bytes ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) } : {}), ...Object.fromEntries(Object.entries(headers).filter(([, v]) => v !== null)) } });
  r.close = () => req.destroy();
  req.on('error', () => { r.ended = true; });
  req.on('response', res => {
    r.status = res.statusCode;
    r.headers = res.headers;
    res.setEncoding('utf8');
    res.on('data', c => { r.text += c; });
    res.on('end', () => { r.ended = true; });
    res.on('error', () => { r.ended = true; });
  });
  req.end(bytes);
  r.events = () => r.text.split('\n\n').slice(0, -1).map(block => {
    const e = {};
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (at > 0) e[line.slice(0, at)] = line.slice(at + 1).trim();
    }
    return e;
  }).filter(e => Object.keys(e).length > 0);
  r.messages = () => r.events().filter(e => e.data && e.event !== 'endpoint').map(e => JSON.parse(e.data));
  return r;
}

const rpc = (method, params = {}, id = 1) => ({ jsonrpc: '2.0', id, method, params });
const post = (d, body, headers = {}, path = '/mcp') => d.request('POST', path, { body, headers: { accept: 'application/json, text/event-stream', ...auth, ...headers } });
const init = async (d, version = '2025-11-25') => {
  const r = await post(d, rpc('initialize', { protocolVersion: version, capabilities: {}, clientInfo: { name: 'x', version: '1' } }, 0));
  assert.equal(r.status, 200, r.text);
  return { 'mcp-session-id': r.headers['mcp-session-id'], 'mcp-protocol-version': version };
};
const listen = (d, id, notifications, more = {}) => open(d, {
  method: 'POST',
  headers: { 'mcp-protocol-version': M, 'mcp-method': 'subscriptions/listen', ...more },
  body: { jsonrpc: '2.0', id, method: 'subscriptions/listen', params: { notifications, _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {} } } },
});
const began = r => until(() => r.status !== null && r.text !== '', { what: 'a stream begins' });
const changed = r => r.messages().filter(m => m.method === 'notifications/tools/list_changed').length;
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

let tools = 0;
const change = d => { d.options.changing.tools = [{ name: `odd${++tools}`, description: 'Odd.', inputSchema: { type: 'object' } }]; };

/* The edges have listed the servers' tools, and told so: nothing is to come. */
async function settled(d) {
  await up(d);
  for (const headers of [{}, {}, {}, {}]) await post(d, rpc('tools/list'), headers);
  await until(async () => Number(await d.redis.hget(`{tenant:default}:version`, 'tools')) > 0, { what: 'tools have a version' });
  let last = '', since = Date.now();
  await until(async () => {
    const v = await d.redis.hget(`{tenant:default}:version`, 'tools');
    if (v !== last) since = Date.now();
    last = v;
    return Date.now() - since > 1500 * SLOW;
  }, { what: 'the version rests', ms: 60000 * SLOW });
}

s.test('a change of tools reaches every listener of both eras, wherever it is', async d => {
  await settled(d);
  const listens = ['a', 1, 'b', 2, 3, 4, 5, 6].map(id => [id, listen(d, id, { toolsListChanged: true, promptsListChanged: true })]);
  const others = [listen(d, 'p', { toolsListChanged: false }), listen(d, 'q', {})];
  const sessions = await Promise.all([1, 2, 3, 4].map(() => init(d)));
  const gets = sessions.map(headers => open(d, { headers }));
  gets.push(open(d, {})); /* of no session */
  for (const r of [...listens.map(l => l[1]), ...gets, ...others]) await began(r);
  for (const [id, r] of listens) {
    assert.equal(r.status, 200, r.text);
    assert.equal(r.headers['content-type'], 'text/event-stream');
    const [ack] = await until(() => r.messages().length > 0 && r.messages());
    assert.equal(ack.method, 'notifications/subscriptions/acknowledged');
    assert.equal(ack.params.notifications.toolsListChanged, true);
    assert.strictEqual(ack.params._meta[SUBSCRIPTION], id);
  }
  for (const r of gets) assert.equal(r.status, 200, r.text);
  change(d);
  for (const [id, r] of listens) {
    await until(() => changed(r) === 1, { what: `listener ${id} is told` });
    const note = r.messages().find(m => m.method === 'notifications/tools/list_changed');
    assert.strictEqual(note.params._meta[SUBSCRIPTION], id);
    assert.equal('id' in note, false);
  }
  for (const r of gets) await until(() => changed(r) === 1, { what: 'a GET is told' });
  for (const r of gets) assert.equal(r.messages().find(m => m.method === 'notifications/tools/list_changed').params, undefined);
  for (const r of others) assert.equal(r.messages().length, 1, 'what was not asked for is not told');
  for (const r of [...listens.map(l => l[1]), ...gets, ...others]) { assert.equal(r.ended, false); r.close(); }
});

s.test('what a listen may ask', async d => {
  await up(d);
  const refused = async (params, status, code, headers = {}) => {
    const r = await post(d, { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {} } } },
      { 'mcp-protocol-version': M, 'mcp-method': 'subscriptions/listen', ...headers });
    assert.equal(r.status, status, r.text);
    assert.equal(r.json.error.code, code, r.text);
  };
  await refused({}, 200, -32602);
  await refused({ notifications: [] }, 200, -32602);
  await refused({ notifications: { toolsListChanged: 1 } }, 200, -32602);
  await refused({ notifications: { resourceSubscriptions: [7] } }, 200, -32602);
  await refused({ notifications: { resourceSubscriptions: Array(65).fill('a:b') } }, 200, -32602);
  await refused({ notifications: { taskIds: ['t'] } }, 400, -32021);
  await refused({ notifications: {} }, 406, -32600, { accept: 'application/json' });
  const legacy = await post(d, rpc('subscriptions/listen', { notifications: {} }));
  assert.equal(legacy.json.error.code, -32601);
});

s.test('GET: what it needs, and a second one ends the first', async d => {
  await up(d);
  const get = (headers, path = '/mcp') => d.request('GET', path, { headers: { accept: 'text/event-stream', ...auth, ...headers } });
  assert.equal((await get({ authorization: '' })).status, 401);
  assert.equal((await get({ accept: 'application/json' })).status, 406);
  assert.equal((await get({ 'mcp-protocol-version': M })).status, 405);
  assert.equal((await get({ 'mcp-session-id': 'x' })).status, 404);
  const session = await init(d);
  assert.equal((await get({ ...session, 'last-event-id': 'nonsense' })).status, 400);
  assert.equal((await get({ ...session, 'last-event-id': '0123456789abcdef.1' })).status, 410);
  const first = open(d, { headers: session });
  await began(first);
  const second = open(d, { headers: session });
  await began(second);
  await until(() => first.ended, { what: 'the first stream ends' });
  assert.equal(second.ended, false);
  /* DELETE ends the stream, and the session for good. */
  assert.equal((await d.request('DELETE', '/mcp', { headers: auth })).status, 400);
  assert.equal((await d.request('DELETE', '/mcp', { headers: { ...auth, ...session } })).status, 204);
  await until(() => second.ended, { what: 'the stream of an ended session ends' });
  for (let i = 0; i < 4; i++) assert.equal((await post(d, rpc('ping'), session)).status, 404);
  assert.equal((await get(session)).status, 404);
  assert.equal((await d.request('DELETE', '/mcp', { headers: { ...auth, ...session } })).status, 404);
});

s.test('2024-11-05: two addresses, and its official client', async d => {
  await up(d);
  for (let i = 0; i < 3; i++) { /* over both edges */
    const client = new Client({ name: 'old', version: '1' });
    await client.connect(new SSEClientTransport(new URL(`http://127.0.0.1:${d.port}/sse`), { eventSourceInit: { fetch: (url, o) => fetch(url, { ...o, headers: { ...o.headers, ...auth } }) }, requestInit: { headers: auth } }));
    assert.ok((await client.listTools()).tools.some(t => t.name === 'echo'));
    const r = await client.callTool({ name: 'echo', arguments: { text: `é ${i}` } });
    assert.equal(r.content[0].text, `é ${i}`);
    const seen = [];
    const slow = await client.callTool({ name: 'now__brief', arguments: {} }, undefined, { onprogress: p => seen.push(p.progress) });
    assert.equal(slow.content[0].text, 'stepped ');
    assert.ok(seen.length > 0, 'progress comes on the stream');
    await client.close();
  }
  const sse = open(d, { path: '/sse', headers: { accept: 'text/event-stream' } });
  await began(sse);
  const { data: address, event } = sse.events()[0];
  assert.equal(event, 'endpoint');
  assert.match(address, /^\/messages\/\?session_id=[\x21-\x7e]{70,}$/);
  const r = await post(d, rpc('ping', {}, 'p'), {}, address);
  assert.equal(r.status, 202);
  assert.equal(r.text, 'Accepted');
  await until(() => sse.messages().some(m => m.id === 'p'), { what: 'the answer is on the stream' });
  assert.equal((await post(d, { jsonrpc: '2.0', method: 'notifications/initialized' }, {}, address)).status, 202);
  const wish = await post(d, { jsonrpc: '2.0', id: 'l', method: 'subscriptions/listen', params: { notifications: { toolsListChanged: true }, _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {} } } },
    { 'mcp-protocol-version': M, 'mcp-method': 'subscriptions/listen' }, address);
  assert.equal(wish.status, 202);
  await until(() => sse.messages().some(m => m.id === 'l' && m.error), { what: 'a listen has another address' });
  const other = await d.request('POST', address, { body: rpc('ping'), headers: { authorization: 'Bearer wrong' } });
  assert.equal(other.status, 401);
  for (const id of ['x', address.slice(address.indexOf('=') + 1, -1) + 'x', '']) assert.equal((await post(d, rpc('ping'), {}, `/messages/?session_id=${id}`)).status, 404, id);
  /* The session is its stream. */
  sse.close();
  await until(async () => (await post(d, rpc('ping'), {}, address)).status === 404, { what: 'its session has ended' });
  /* Without a session the answer is in the body. */
  for (const path of ['/messages/', '/messages']) {
    const body = await post(d, rpc('tools/call', { name: 'echo', arguments: { text: 'here' } }), {}, path);
    assert.equal(body.status, 200, body.text);
    assert.equal(body.json.result.content[0].text, 'here');
    assert.equal((await post(d, '{', {}, path)).json.error.code, -32700);
  }
});

s.test('a legacy call goes on without its connection, and its stream elsewhere', async d => {
  await settled(d);
  for (const version of ['2025-11-25', '2025-06-18']) {
    const session = await init(d, version);
    const call = open(d, { method: 'POST', headers: session, body: rpc('tools/call', { name: 'now__steps', arguments: {}, _meta: { progressToken: 't' } }, 7) });
    const first = await until(() => call.events().find(e => e.id), { what: 'an event with an id' });
    call.close();
    const again = open(d, { headers: { ...session, accept: 'text/event-stream', 'last-event-id': first.id } });
    await until(() => again.ended, { what: 'the resumed stream ends with the answer' });
    const answer = again.messages().at(-1);
    assert.equal(answer.id, 7, again.text);
    assert.equal(answer.result.content[0].text, 'stepped ');
    const ids = again.events().filter(e => e.id).map(e => e.id);
    assert.equal(new Set(ids).size, ids.length, 'no event twice');
    assert.ok(!ids.includes(first.id));
    /* Once more, from elsewhere in the stream; of another session nothing. */
    const last = open(d, { headers: { ...session, accept: 'text/event-stream', 'last-event-id': ids.at(-2) ?? first.id } });
    await until(() => last.ended);
    assert.deepEqual(last.messages().map(m => m.id), [7]);
    const foreign = open(d, { headers: { ...await init(d, version), accept: 'text/event-stream', 'last-event-id': first.id } });
    await until(() => foreign.ended);
    assert.equal(foreign.status, 410);
  }
  /* What is longer than 1 MiB is not kept, and said so. */
  const session = await init(d);
  const call = open(d, { method: 'POST', headers: session, body: rpc('tools/call', { name: 'now__large', arguments: {}, _meta: { progressToken: 't' } }, 8) });
  const first = await until(() => call.events().find(e => e.id));
  call.close();
  const again = open(d, { headers: { ...session, accept: 'text/event-stream', 'last-event-id': first.id } });
  await until(() => again.ended);
  assert.match(again.messages().at(-1).error.message, /longer than 1 MiB/);
  assert.equal(again.messages().at(-1).id, 8);
});

testWith(doubles, 'a draining edge sends its streams elsewhere, and finishes its calls', async d => {
  await settled(d);
  const modern = [1, 2, 3, 4].map(id => listen(d, id, { toolsListChanged: true }));
  const session = await init(d);
  const get = open(d, { headers: session });
  const sse = open(d, { path: '/sse', headers: { accept: 'text/event-stream' } });
  const calls = [];
  for (let i = 0; i < 4; i++) calls.push(open(d, { method: 'POST', headers: session, body: rpc('tools/call', { name: 'now__long', arguments: {}, _meta: { progressToken: i } }, 10 + i) }));
  for (const r of [...modern, get, sse]) await began(r);
  for (const r of calls) await until(() => r.events().some(e => e.id), { what: 'a call has begun' });
  const old = [...d.edges];
  d.edges.length = 0;
  d.startEdge();
  await until(() => d.edges.every(e => d.logs(e.name).some(l => l.event === 'worker_started')), { what: 'a new edge' });
  const stopped = old.map(e => d.stopAndWait(e));
  for (const [i, r] of modern.entries()) {
    await until(() => r.ended, { what: 'a listen ends' });
    const end = r.messages().at(-1);
    assert.equal(end.id, i + 1);
    assert.equal(end.result.resultType, 'complete');
    assert.equal(end.result._meta[SUBSCRIPTION], i + 1);
  }
  for (const r of [get, sse, ...calls]) {
    await until(() => r.ended, { what: 'a legacy stream ends' });
    assert.match(r.text, /(^|\n)retry: \d+\n/, 'it is told to come again');
  }
  for (const [i, r] of calls.entries()) {
    let last = r.events().filter(e => e.id).at(-1).id, answer;
    while (!answer) { /* the other one of the old edges may send it on */
      const again = open(d, { headers: { ...session, accept: 'text/event-stream', 'last-event-id': last } });
      await until(() => again.ended, { what: 'the answer, at the new edge', ms: 60000 * SLOW });
      assert.equal(again.status, 200, again.text);
      answer = again.messages().find(m => m.id !== undefined);
      last = again.events().filter(e => e.id).at(-1)?.id ?? last;
      if (!answer) assert.match(again.text, /retry: /);
    }
    assert.equal(answer.id, 10 + i);
    assert.equal(answer.result.content[0].text, 'stepped ');
  }
  await Promise.all(stopped);
});

testWith(doubles, 'an edge is killed under its streams, and Redis emptied', async d => {
  await settled(d);
  const url = new URL(`http://127.0.0.1:${d.port}/mcp`);
  const session = await init(d);
  const get = open(d, { headers: session });
  await began(get);
  await d.redis.flushall();
  await until(async () => await d.redis.zcard('{fleet}:edges') === d.edges.length, { what: 'the edges are known again' });
  /* Its record comes back; what is said reaches it. */
  change(d);
  await until(() => changed(get) > 0, { what: 'a change after Redis was emptied', ms: 60000 * SLOW });
  const old = [...d.edges];
  d.edges.length = 0;
  d.startEdge();
  await until(() => d.edges.every(e => d.logs(e.name).some(l => l.event === 'worker_started')), { what: 'a new edge' });
  for (const e of old) { e.signal('SIGKILL'); await e.end; }
  await until(() => get.ended, { what: 'its stream is gone' });
  const again = open(d, { headers: session });
  await began(again);
  assert.equal(again.status, 200, again.text);
  const client = new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: { pin: M } } });
  await client.connect(new ModernTransport(url, { requestInit: { headers: auth } }));
  assert.ok((await client.listTools()).tools.length > 0);
  await client.close();
  change(d);
  await until(() => changed(again) > 0, { what: 'a change at the new edge', ms: 60000 * SLOW });
});

testWith(doubles, 'a key that is revoked or expires ends its streams', async d => {
  await up(d);
  const key = async (...args) => {
    const r = await d.cli(['key', 'create', '--role', 'write', ...args, '--print-secret']);
    assert.equal(r.code, 0, r.stderr);
    return { authorization: `Bearer ${r.stdout.trimEnd().split('\n').at(-1)}` };
  };
  const gone = await key('--name', 'gone'), short = await key('--name', 'short', '--expires', '1h'), stays = await key('--name', 'stays');
  /* Its end comes in a moment; nobody is told, as when time passes. */
  const [id] = (await d.redis.hget('{tenant:default}:keys', 'short')).split(' ');
  await d.redis.hset(`{tenant:default}:key:${id}`, 'ends', Date.now() + 3000 * SLOW);
  const open4 = headers => [listen(d, 1, { toolsListChanged: true }, headers), listen(d, 2, {}, headers), open(d, { headers }), open(d, { path: '/sse', headers: { ...headers, accept: 'text/event-stream' } })];
  const all = { gone: open4(gone), short: open4(short), stays: open4(stays) };
  for (const r of Object.values(all).flat()) { await began(r); assert.equal(r.status, 200, r.text); }
  assert.equal((await d.cli(['key', 'revoke', 'gone'])).code, 0);
  for (const r of all.gone) await until(() => r.ended, { what: 'a stream of a revoked key ends' });
  assert.equal(all.gone[0].messages().at(-1).id, 1);
  assert.equal(all.gone[0].messages().at(-1).result.resultType, 'complete');
  for (const r of all.short) await until(() => r.ended, { what: 'a stream of a key that expired ends', ms: 60000 * SLOW });
  assert.equal(all.short[1].messages().at(-1).result._meta[SUBSCRIPTION], 2);
  for (const r of all.stays) assert.equal(r.ended, false);
});

testWith({ edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: KEY },
  before: d => { d.options.env = { ...d.options.env, MCP_RESOURCES_DIR: d.file('files') }; fs.mkdirSync(d.file('files')); fs.writeFileSync(d.file('files/a.txt'), 'one'); fs.writeFileSync(d.file('files/b.txt'), 'one'); } },
'a resource that changes is told to who subscribed to it', async d => {
  await up(d);
  const uris = await until(async () => {
    const { resources } = (await post(d, rpc('resources/list'))).json.result;
    return resources.length === 2 && Object.fromEntries(resources.map(r => [r.name, r.uri]));
  }, { what: 'both files are listed' });
  const updated = r => r.messages().filter(m => m.method === 'notifications/resources/updated');
  const listens = [1, 2, 3, 4].map(id => listen(d, id, { resourceSubscriptions: [uris['a.txt']] }));
  const sessions = [];
  for (let i = 0; i < 4; i++) {
    const headers = await init(d), r = open(d, { headers });
    await began(r);
    assert.deepEqual((await post(d, rpc('resources/subscribe', { uri: uris['a.txt'] }), headers)).json.result, {});
    assert.deepEqual((await post(d, rpc('resources/subscribe', { uri: uris['b.txt'] }), headers)).json.result, {});
    assert.deepEqual((await post(d, rpc('resources/unsubscribe', { uri: uris['b.txt'] }), headers)).json.result, {});
    sessions.push(r);
  }
  for (const r of listens) {
    await began(r);
    assert.deepEqual((await until(() => r.messages()[0])).params.notifications, { resourceSubscriptions: [uris['a.txt']] });
  }
  /* The edges have looked at the folder before it changes. */
  await until(async () => { fs.writeFileSync(d.file('files/b.txt'), String(Date.now())); return (await d.redis.keys('*resource:*')).length > 0; }, { what: 'changes are seen', every: 200 });
  fs.writeFileSync(d.file('files/a.txt'), 'two');
  for (const [i, r] of listens.entries()) {
    const [note] = await until(() => updated(r).length > 0 && updated(r), { what: 'a listener is told of its resource' });
    assert.deepEqual(note.params, { uri: uris['a.txt'], _meta: { [SUBSCRIPTION]: i + 1 } });
  }
  for (const r of sessions) {
    const [note] = await until(() => updated(r).length > 0 && updated(r), { what: 'a session is told of its subscription' });
    assert.deepEqual(note.params, { uri: uris['a.txt'] });
    assert.ok(updated(r).every(m => m.params.uri === uris['a.txt']), 'and of no other');
  }
  const headers = await init(d);
  for (let i = 0; i < 64; i++) assert.ok((await post(d, rpc('resources/subscribe', { uri: `file:///${i}` }), headers)).json.result, `${i}`);
  assert.equal((await post(d, rpc('resources/subscribe', { uri: 'file:///65' }), headers)).json.error.code, -32602);
  assert.equal((await post(d, rpc('resources/subscribe', { uri: 'file:///65' }))).json.error.code, -32600, 'without a session');
});

testWith({ edges: 1, turns: 0, ready: false, env: { MCP_API_KEYS: KEY }, settings: { mcp: { streams: 5, streams_per_key: 3, require_key: false } } }, 'limits, and who needs no key', async d => {
  await up(d);
  const mine = [1, 2, 3].map(id => listen(d, id, {}));
  for (const r of mine) await began(r);
  const many = await post(d, { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { notifications: {}, _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {} } } },
    { 'mcp-protocol-version': M, 'mcp-method': 'subscriptions/listen' });
  assert.equal(many.status, 429, many.text);
  assert.match(many.json.error.message, /of this key/);
  assert.ok(Number(many.headers['retry-after']) > 0);
  /* mcp.require_key: false lets this machine's 2024-11-05 clients in, alone. */
  const nobody = { authorization: null };
  const sse = [1, 2].map(() => open(d, { path: '/sse', headers: { ...nobody, accept: 'text/event-stream' } }));
  for (const r of sse) { await began(r); assert.equal(r.status, 200, r.text); }
  const full = await d.request('GET', '/sse', { headers: { accept: 'text/event-stream' } });
  assert.equal(full.status, 503, full.text);
  const address = sse[0].events()[0].data;
  assert.equal((await d.request('POST', address, { body: rpc('ping', {}, 'n') })).status, 202);
  await until(() => sse[0].messages().some(m => m.id === 'n'));
  assert.equal((await d.request('POST', '/messages/', { body: rpc('tools/call', { name: 'echo', arguments: { text: 'no key' } }) })).json.result.content[0].text, 'no key');
  assert.equal((await d.request('POST', '/messages/', { body: rpc('ping'), headers: { host: 'evil.example.org' } })).status, 401);
  assert.equal((await d.request('POST', '/messages/', { body: rpc('ping'), headers: { origin: 'https://evil.example.org' } })).status, 403);
  assert.equal((await d.request('POST', '/messages/', { body: rpc('ping'), headers: { 'x-forwarded-for': '192.0.2.1' } })).status, 401);
  for (const path of ['/mcp', '/sse']) assert.equal((await d.request('POST', path, { body: rpc('ping') })).status, 401, path);
  assert.equal((await d.request('GET', '/mcp', { headers: { accept: 'text/event-stream' } })).status, 401);
  /* A place that is left is free. */
  mine[0].close();
  await until(async () => { const r = listen(d, 9, {}); await until(() => r.status !== null); const ok = r.status === 200; if (!ok) r.close(); else mine.push(r); return ok; }, { what: 'a place is free again' });
});

testWith({ edges: 1, turns: 0, ready: false, env: { MCP_API_KEYS: KEY } }, 'with mcp.require_key, everybody needs one', async d => {
  await up(d);
  assert.equal((await d.request('GET', '/sse', { headers: { accept: 'text/event-stream' } })).status, 401);
  assert.equal((await d.request('POST', '/messages/', { body: rpc('ping') })).status, 401);
  assert.equal((await post(d, rpc('ping'), {}, '/messages/')).status, 200);
});

s.test('the official client listens', async d => {
  await settled(d);
  let told = 0;
  const client = new Client({ name: 'v1', version: '1' });
  client.setNotificationHandler((await import('@modelcontextprotocol/sdk/types.js')).ToolListChangedNotificationSchema, () => { told++; });
  const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${d.port}/mcp`), { requestInit: { headers: auth } });
  await client.connect(transport);
  assert.equal(client.getServerCapabilities().tools.listChanged, true);
  await until(async () => {
    for (const k of (await d.redis.keys('*{mcps:*'))) if (await d.redis.type(k) === 'hash' && await d.redis.hget(k, 'stream')) return true;
    return false;
  }, { what: 'its session has a stream' });
  change(d);
  await until(() => told > 0, { what: 'it is told' });
  await transport.terminateSession();
  await client.close();
});
