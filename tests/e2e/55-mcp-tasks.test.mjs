/*
 * Tools' calls that go on as tasks: begun at one edge, run by any turn worker,
 * asked for at any edge.  They outlive both, belong to one key, feel a cancel,
 * and are not made twice unless their tool may be.  A client that knows of no
 * tasks waits for the same thing and gets its answer as ever.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after } from 'node:test';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startModern } from '../doubles/mcp.mjs';
import { SLOW, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-planted-55aa', OTHER = 'mcp-key-planted-55bb';
const M = '2026-07-28', TASKS = 'io.modelcontextprotocol/tasks';
const SECRET_WORD = 'planted-words-55';
let double, gates;

/* A gate of the double: a call of tool ${name} ends when the test lets it. */
function gate(name) {
  let open;
  const g = { calls: 0, gone: 0, opened: new Promise(resolve => { open = resolve; }), open: text => open(text ?? `${name} is done`) };
  gates.set(name, g);
  return g;
}

async function stack(more = {}) {
  await double?.stop();
  gates = new Map();
  double = await startModern();
  double.more = Object.fromEntries(['job', 'again', 'direct'].map(name => [name, async (args, ctx) => {
    const g = gates.get(name) ?? gate(name), { signal, _meta } = ctx.mcpReq;
    g.calls++;
    signal?.addEventListener('abort', () => { g.gone++; });
    if (_meta?.progressToken !== undefined)
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, progress: 1, total: 4, message: 'a quarter' } }).catch(() => {});
    return { content: [{ type: 'text', text: await g.opened }] };
  }]));
  return {
    edges: 2, turns: 2,
    env: { MCP_API_KEYS: `${KEY},${OTHER}` },
    ...more,
    settings: {
      turns: { lease: '3s' },
      ...more.settings,
      chat: { repeatable: ['upstream__again'], ...more.settings?.chat },
      mcp: { timeout: '5s', tasks: ['upstream__job', 'upstream__again', 'upstream__f*', 'upstream__add'], servers: { upstream: { url: double.url } }, ...more.settings?.mcp },
    },
  };
}
after(() => double?.stop());
const own = more => () => stack(more);
const s = sharedStack(stack);

let ids = 0;
function message(method, params, { can = { extensions: { [TASKS]: {} } }, key = KEY, headers = {}, meta = {} } = {}) {
  const named = params.name ?? params.taskId;
  return {
    body: { jsonrpc: '2.0', id: ++ids, method, params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': can, ...meta } } },
    headers: { accept: 'application/json, text/event-stream', authorization: `Bearer ${key}`, 'mcp-protocol-version': M, 'mcp-method': method, ...(named ? { 'mcp-name': named } : {}), ...headers },
  };
}
const ask = async (d, method, params, more) => d.request('POST', '/mcp', message(method, params, more));
const ok = async (d, method, params, more) => {
  const r = await ask(d, method, params, more);
  assert.equal(r.status, 200, `${method}: ${r.status} ${r.text}`);
  assert.ok(r.json.result, `${method}: ${r.text}`);
  return r.json.result;
};
const begin = (d, name, args = {}, more) => ok(d, 'tools/call', { name, arguments: args }, more);
const get = (d, taskId, more) => ok(d, 'tasks/get', { taskId }, more);
/* Until the task is in ${state}. */
const reach = (d, taskId, states, ms = 60000) => until(async () => {
  const t = await get(d, taskId);
  return [states].flat().includes(t.status) && t;
}, { ms, every: 200, what: `task is ${states}` });

/* The raw answer of a call whose client knows of no tasks: {text, status, ended, close()}. */
function open(d, { body, headers }) {
  const r = { text: '', status: null, ended: false };
  const bytes = JSON.stringify(body);
  const req = http.request({ host: '127.0.0.1', port: d.port, method: 'POST', path: '/mcp', agent: false, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...headers } });
  r.close = () => req.destroy();
  req.on('error', () => { r.ended = true; });
  req.on('response', res => {
    r.status = res.statusCode;
    res.setEncoding('utf8');
    res.on('data', c => { r.text += c; });
    res.on('end', () => { r.ended = true; });
    res.on('error', () => { r.ended = true; });
  });
  req.end(bytes);
  return r;
}
const events = text => text.split('\n\n').filter(e => e.startsWith('event: message\ndata: ')).map(e => JSON.parse(e.slice(e.indexOf('data: ') + 6)));
const answers = r => r.text.startsWith('{') ? [JSON.parse(r.text)] : events(r.text);
const seen = name => until(() => gates.get(name)?.calls > 0, { what: `${name} is called` });

s.test('a call goes on as a task, and any edge says how it is', async d => {
  const told = await ok(d, 'server/discover', {});
  assert.deepEqual(told.capabilities.extensions, { [TASKS]: {} });
  const g = gate('job');
  const t = await begin(d, 'upstream__job', { said: SECRET_WORD });
  assert.equal(t.resultType, 'task');
  assert.match(t.taskId, /^[0-9a-f]{32}$/);
  assert.equal(t.status, 'working');
  assert.equal(t.ttlMs, 24 * 3600 * 1000);
  assert.equal(t.pollIntervalMs, 1000);
  for (const when of ['createdAt', 'lastUpdatedAt']) assert.equal(new Date(t[when]).toISOString().slice(0, 19), t[when].slice(0, 19));
  for (const none of ['task', 'ttl', 'pollInterval', 'requestState', 'content']) assert.equal(none in t, false, none);
  await seen('job');
  /* Both edges, as each connection may reach either. */
  for (let i = 0; i < 6; i++) {
    const w = await get(d, t.taskId);
    assert.equal(w.resultType, 'complete');
    assert.equal(w.status, 'working');
    for (const none of ['result', 'error', 'inputRequests']) assert.equal(none in w, false, none);
  }
  await until(async () => (await get(d, t.taskId)).statusMessage === 'a quarter', { every: 200, what: 'how far it is' });
  /* Answers to what is not asked are left. */
  assert.deepEqual(Object.keys(await ok(d, 'tasks/update', { taskId: t.taskId, inputResponses: { a: {} } })).filter(k => k !== '_meta'), ['resultType']);
  g.open(`end ${SECRET_WORD}`);
  const done = await reach(d, t.taskId, 'completed');
  assert.equal(done.result.resultType, 'complete');
  assert.equal(done.result.content[0].text, `end ${SECRET_WORD}`);
  assert.equal('error' in done, false);
  assert.equal(done.createdAt, t.createdAt);
  assert.equal(g.calls, 1);
  /* One line each, and nothing of what was said. */
  const [begun] = d.events('task_begun'), ended = await until(() => d.events('task_ended')[0], { what: 'task_ended' });
  assert.equal(begun.tool, 'upstream__job');
  assert.equal(begun.source, 'upstream');
  assert.equal(ended.task, t.taskId);
  assert.equal(ended.end, 'completed');
  assert.equal(ended.key, begun.key);
  assert.ok(ended.file.startsWith('turn'));
  assert.ok(!JSON.stringify(d.news()).includes(SECRET_WORD));
  for (const k of await d.redis.keys('{p*}:task:*')) assert.ok(!JSON.stringify(await d.redis.hgetall(k)).includes(SECRET_WORD), 'sealed');
});

s.test('a tool that fails has completed; only who may ask is told', async d => {
  const t = await begin(d, 'upstream__fail');
  const done = await reach(d, t.taskId, 'completed');
  assert.equal(done.result.isError, true);
  assert.equal(done.result.content[0].text, 'it did not work');
  for (const method of ['tasks/get', 'tasks/cancel']) {
    const foreign = await ask(d, method, { taskId: t.taskId }, { key: OTHER });
    assert.equal(foreign.json.error.code, -32602, method);
    const none = await ask(d, method, { taskId: 'f'.repeat(32) });
    assert.equal(none.json.error.code, -32602, method);
    assert.equal((await ask(d, method, { taskId: '../x' })).json.error.code, -32602);
    const bare = await ask(d, method, { taskId: t.taskId }, { can: {} });
    assert.equal(bare.status, 400);
    assert.equal(bare.json.error.code, -32021);
    assert.ok(bare.json.error.data.requiredCapabilities.extensions[TASKS]);
    const named = await ask(d, method, { taskId: t.taskId }, { headers: { 'mcp-name': 'x' } });
    assert.equal(named.status, 400);
    assert.equal(named.json.error.code, -32020);
  }
  assert.equal((await ask(d, 'tasks/update', { taskId: t.taskId })).json.error.code, -32602, 'inputResponses is missing');
  assert.equal((await ask(d, 'tasks/update', { taskId: t.taskId, inputResponses: {} }, { key: OTHER })).json.error.code, -32602);
  for (const method of ['tasks/list', 'tasks/result']) {
    const r = await ask(d, method, { taskId: t.taskId });
    assert.equal(r.status, 404);
    assert.equal(r.json.error.code, -32601);
  }
});

s.test('a cancel reaches the tool, and an end is for ever', async d => {
  const g = gate('job');
  const t = await begin(d, 'upstream__job');
  await seen('job');
  await ok(d, 'tasks/cancel', { taskId: t.taskId });
  const end = await reach(d, t.taskId, 'cancelled');
  for (const none of ['result', 'error']) assert.equal(none in end, false, none);
  await until(() => g.gone > 0, { what: 'the server hears of it' });
  await ok(d, 'tasks/cancel', { taskId: t.taskId });
  assert.equal((await get(d, t.taskId)).status, 'cancelled');
  assert.equal(g.calls, 1);
  g.open();
});

s.test('who asks too often is told to wait', async d => {
  const t = await begin(d, 'upstream__fail');
  await reach(d, t.taskId, 'completed');
  const all = await Promise.all(Array.from({ length: 60 }, () => ask(d, 'tasks/get', { taskId: t.taskId })));
  const refused = all.filter(r => r.status === 429);
  assert.ok(refused.length > 0, 'some are refused');
  assert.ok(all.filter(r => r.status === 200).length >= 15, 'as many as may are answered');
  assert.equal(refused[0].json.error.code, 429);
  assert.ok(Number(refused[0].headers['retry-after']) >= 1);
  await until(async () => (await ask(d, 'tasks/get', { taskId: t.taskId })).status === 200, { every: 200, what: 'it may be asked for again' });
});

s.test('a client without tasks waits for the same, and hears how far it is', async d => {
  const g = gate('job');
  const r = open(d, message('tools/call', { name: 'upstream__job', arguments: {} }, { can: {}, meta: { progressToken: 'p1' } }));
  await seen('job');
  assert.equal((await d.redis.keys('{p*}:task:*')).length > 0, true, 'it is a task');
  await until(() => r.text.includes('notifications/progress'), { what: 'progress' });
  g.open('waited for');
  await until(() => r.ended, { what: 'the answer' });
  assert.equal(r.status, 200);
  const all = events(r.text), last = all.at(-1);
  assert.deepEqual(all[0].params, { progressToken: 'p1', progress: 1, total: 4, message: 'a quarter' });
  assert.equal(last.result.content[0].text, 'waited for');
  assert.equal(last.result.resultType, 'complete');
  /* Soon over and silent: plain JSON; as the official clients have it. */
  const quick = await d.request('POST', '/mcp', message('tools/call', { name: 'upstream__add', arguments: { a: 1, b: 2 } }, { can: {} }));
  assert.equal(quick.json.result.content[0].text, '3');
  const at = new URL(`http://127.0.0.1:${d.port}/mcp`), requestInit = { headers: { authorization: `Bearer ${KEY}` } };
  const old = new Client({ name: 'v1', version: '1' });
  await old.connect(new StreamableHTTPClientTransport(at, { requestInit }));
  assert.equal((await old.callTool({ name: 'upstream__add', arguments: { a: 2, b: 40 } })).content[0].text, '42');
  const failed = await old.callTool({ name: 'upstream__fail', arguments: {} });
  assert.equal(failed.isError, true);
  assert.equal(failed.content[0].text, 'it did not work');
  await old.close();
  const next = new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: { pin: M } } });
  await next.connect(new ModernTransport(at, { requestInit }));
  assert.equal((await next.callTool({ name: 'upstream__add', arguments: { a: 2, b: 5 } })).content[0].text, '7');
  await next.close();
});

s.test('all calls of a batch wait, one after the other', async d => {
  const call = (id, a) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'upstream__add', arguments: { a, b: 1 } } });
  const r = await d.request('POST', '/mcp', {
    body: [call(1, 1), { jsonrpc: '2.0', id: 2, method: 'ping' }, call(3, 2), call(4, 3)],
    headers: { accept: 'application/json', authorization: `Bearer ${KEY}` },
  });
  assert.equal(r.status, 200, r.text);
  assert.deepEqual(r.json.map(m => [m.id, m.result.content?.[0].text]), [[1, '2'], [2, undefined], [3, '3'], [4, '4']]);
});

s.test('who closes a modern call cancels its task, who closes a legacy one leaves it', async d => {
  const modern = gate('job');
  const r = open(d, message('tools/call', { name: 'upstream__job', arguments: {} }, { can: {} }));
  await seen('job');
  r.close();
  await until(() => modern.gone > 0, { what: 'the tool is cancelled' });
  await until(() => d.events('task_ended').some(e => e.end === 'cancelled'), { what: 'the task is cancelled' });
  const legacy = gate('again');
  const l = open(d, {
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'upstream__again', arguments: {} } },
    headers: { accept: 'application/json, text/event-stream', authorization: `Bearer ${KEY}` },
  });
  await seen('again');
  l.close();
  legacy.open();
  await until(() => d.events('task_ended').some(e => e.end === 'completed'), { what: 'it went on' });
  assert.equal(legacy.calls, 1);
});

s.test('who left a legacy call that waits for its task finds the answer: resumed, or called again with its key', async d => {
  const headers = { accept: 'application/json, text/event-stream', authorization: `Bearer ${KEY}` };
  const call = (id, name) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } });
  const hello = await d.request('POST', '/mcp', { headers, body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } } } });
  const session = { ...headers, 'mcp-session-id': hello.headers['mcp-session-id'], 'mcp-protocol-version': '2025-11-25' };
  const g = gate('job');
  const r = open(d, { headers: session, body: call(7, 'upstream__job') });
  const first = await until(() => /^id: (\S+)$/m.exec(r.text)?.[1], { what: 'an event with an id' });
  await until(() => d.events('task_begun').length > 0 && g.calls > 0, { what: 'its task runs' });
  r.close();
  await until(() => r.ended);
  assert.equal((await d.request('POST', '/mcp', { headers: session, body: { jsonrpc: '2.0', id: 8, method: 'ping' } })).status, 200);
  g.open('found again');
  const again = await d.request('GET', '/mcp', { ms: 30000 * SLOW, headers: { ...session, accept: 'text/event-stream', 'last-event-id': first } });
  assert.equal(again.status, 200, again.text);
  assert.match(again.text, /"id":7,.*found again/);

  const h = gate('again'), key = { ...headers, 'idempotency-key': 'left-55' };
  const left = open(d, { headers: key, body: call(1, 'upstream__again') });
  await until(() => h.calls > 0, { what: 'it runs' });
  left.close();
  await until(() => left.ended);
  h.open('once');
  const repeated = await d.request('POST', '/mcp', { ms: 30000 * SLOW, headers: { ...key, accept: 'application/json' }, body: call(2, 'upstream__again') });
  assert.equal(repeated.json.id, 2, repeated.text);
  assert.equal(repeated.json.result.content[0].text, 'once');
  assert.equal(h.calls, 1, 'it was made once');
});

s.test('who listens to tasks is told of each change, at any edge', async d => {
  const g = gate('job');
  const t = await begin(d, 'upstream__job'), over = await begin(d, 'upstream__fail');
  await reach(d, over.taskId, 'completed');
  const listen = ids => open(d, message('subscriptions/listen', { notifications: { taskIds: ids } }));
  const ears = [1, 2, 3].map(() => listen([t.taskId, over.taskId, 'f'.repeat(32)]));
  const of = r => events(r.text).filter(m => m.method === 'notifications/tasks').map(m => m.params);
  for (const r of ears) {
    await until(() => of(r).length >= 2, { what: 'how they are now' });
    const ack = events(r.text)[0];
    assert.equal(ack.method, 'notifications/subscriptions/acknowledged');
    assert.deepEqual(ack.params.notifications, { taskIds: [t.taskId, over.taskId] });
    assert.deepEqual(of(r).map(p => [p.taskId, p.status]), [[t.taskId, 'working'], [over.taskId, 'completed']]);
  }
  assert.deepEqual(of(ears[0])[1].result, (await get(d, over.taskId)).result);
  await seen('job');
  g.open('heard');
  for (const r of ears) {
    await until(() => of(r).length === 3, { what: 'its end' });
    const last = of(r)[2], { resultType, _meta, ...now } = await get(d, t.taskId);
    assert.equal(last._meta['io.modelcontextprotocol/subscriptionId'], events(r.text)[0].params._meta['io.modelcontextprotocol/subscriptionId']);
    delete last._meta;
    assert.deepEqual(last, { ...now, pollIntervalMs: last.pollIntervalMs });
    assert.equal(last.result.content[0].text, 'heard');
    r.close();
  }
  const none = await ask(d, 'subscriptions/listen', { notifications: { taskIds: [t.taskId] } }, { can: {} });
  assert.equal(none.status, 400);
  assert.equal(none.json.error.code, -32021);
  assert.equal((await ask(d, 'subscriptions/listen', { notifications: { taskIds: 7 } })).json.error.code, -32602);
  const foreign = open(d, message('subscriptions/listen', { notifications: { taskIds: [t.taskId] } }, { key: OTHER }));
  await until(() => events(foreign.text).length > 0, { what: 'it is acknowledged' });
  assert.deepEqual(events(foreign.text)[0].params.notifications, {});
  foreign.close();
});

s.test('a key has 100 open tasks at most', async d => {
  const g = gate('job');
  const all = await Promise.all(Array.from({ length: 101 }, () => begin(d, 'upstream__job', {}, { key: OTHER })));
  const begun = all.filter(r => r.resultType === 'task'), refused = all.filter(r => r.isError);
  assert.equal(begun.length, 100);
  assert.equal(refused.length, 1);
  assert.match(refused[0].content[0].text, /Too many tasks/);
  assert.equal((await begin(d, 'upstream__fail')).resultType, 'task', 'another key is not meant');
  g.open();
  for (const t of begun) await until(async () => (await get(d, t.taskId, { key: OTHER })).status === 'completed', { ms: 90000, every: 300, what: 'all end' });
  assert.equal((await begin(d, 'upstream__fail', {}, { key: OTHER })).resultType, 'task');
});

testWith(own(), 'a worker is killed in a call: not made twice, unless it may be', async d => {
  await until(async () => (await ask(d, 'tools/list', {})).json.result?.tools.some(t => t.name === 'upstream__job'), { every: 200, what: 'the tools are listed' });
  const job = gate('job'), again = gate('again');
  const a = await begin(d, 'upstream__job'), b = await begin(d, 'upstream__again');
  await seen('job');
  await seen('again');
  for (const w of d.turns) w.signal('SIGKILL');
  await Promise.all(d.turns.map(w => w.end));
  assert.equal((await get(d, a.taskId)).status, 'working', 'nobody knows yet');
  await d.startTurn();
  await until(() => again.calls === 2, { ms: 60000, what: 'what may be repeated is' });
  again.open();
  const lost = await reach(d, a.taskId, 'failed');
  assert.match(lost.error.message, /outcome unknown/);
  assert.equal(lost.error.code, -32603);
  assert.equal('result' in lost, false);
  assert.equal((await reach(d, b.taskId, 'completed')).result.content[0].text, 'again is done');
  assert.equal(job.calls, 1);
});

testWith(own(), 'edges are killed while tasks run: those go on', async d => {
  const g = gate('job');
  const t = await begin(d, 'upstream__job');
  await seen('job');
  const waits = open(d, message('tools/call', { name: 'upstream__again', arguments: {} }, { can: {} }));
  await seen('again');
  for (const e of [...d.edges]) e.signal('SIGKILL');
  await Promise.all(d.edges.map(e => e.end));
  await until(() => waits.ended, { what: 'the connection is gone' });
  await d.startEdge();
  await until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });
  assert.equal((await get(d, t.taskId)).status, 'working');
  g.open('survived');
  assert.equal((await reach(d, t.taskId, 'completed')).result.content[0].text, 'survived');
});

testWith(own({ settings: { server: { drain: '2s' } } }), 'a worker that ends hands on what may be repeated', async d => {
  const job = gate('job'), again = gate('again');
  const a = await begin(d, 'upstream__job'), b = await begin(d, 'upstream__again');
  await seen('job');
  await seen('again');
  const old = [...d.turns];
  await d.startTurn();
  await Promise.all(old.map(w => d.stopAndWait(w, { ms: 60000 })));
  await until(() => again.calls === 2, { ms: 60000, what: 'it is made again' });
  again.open();
  assert.match((await reach(d, a.taskId, 'failed')).error.message, /outcome unknown/);
  assert.equal((await reach(d, b.taskId, 'completed')).result.content[0].text, 'again is done');
  assert.equal(job.calls, 1);
});

testWith(own({ settings: { mcp: { task_max_time: '2s' } } }), 'a task has a longest time', async d => {
  gate('job');
  const t = await begin(d, 'upstream__job');
  const end = await reach(d, t.taskId, ['failed', 'completed']);
  assert.ok(end.status === 'failed' ? /longer than/.test(end.error.message) : end.result.isError, JSON.stringify(end));
});
