/*
 * dragoman mcp: /mcp over standard input and output, for clients that start a
 * program.  The official clients through it, of today and of the next revision;
 * and against a server of the test's own, what passes and what it does when a
 * session, a stream or the server itself is gone.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { after } from 'node:test';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { freePort, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-planted-58aa12';
const M = '2026-07-28';
const s = sharedStack({ edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: KEY } });
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });
const command = d => path.join(d.build, 'dragoman');
const environment = d => {
  const env = { ...d.env(), DRAGOMAN_KEY: KEY };
  delete env.MCP_API_KEYS; /* who starts it has no configuration of the server's */
  return env;
};

/* ---- a server of our own, which does what it is told ------------------------ */

const servers = new Set(), bridges = new Set();
after(async () => {
  for (const b of bridges) b.kill();
  for (const x of servers) await x.stop();
});

/* ${answer}(request, x): request has method, headers, json; it answers by itself
 * with x.json(status, body), x.stream(), or not at all. */
async function serve(answer, port = 0) {
  const self = { seen: [], open: new Set() };
  const server = http.createServer((req, res) => {
    let text = '';
    req.on('data', c => { text += c; });
    req.on('end', () => {
      const r = { method: req.method, headers: req.headers, text, json: text ? JSON.parse(text) : undefined, closed: false };
      res.on('close', () => { r.closed = true; self.open.delete(res); });
      self.seen.push(r);
      self.open.add(res);
      answer(r, {
        json(status, body, headers = {}) {
          const bytes = body === undefined ? '' : JSON.stringify(body, null, 1);
          res.writeHead(status, { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers });
          res.end(bytes);
        },
        stream() {
          res.writeHead(200, { 'content-type': 'text/event-stream' });
          res.flushHeaders();
          return { event: (data, id) => res.write(`${id ? `id: ${id}\n` : ''}event: message\ndata: ${JSON.stringify(data)}\n\n`), raw: t => res.write(t), end: () => res.end(), cut: () => res.destroy() };
        },
        raw: res,
      });
    });
  });
  await new Promise(resolve => { server.listen(port, '127.0.0.1', resolve); });
  self.url = `http://127.0.0.1:${server.address().port}`;
  self.port = server.address().port;
  self.of = (method, name) => self.seen.filter(r => r.method === method && (!name || r.json?.method === name));
  self.stop = () => new Promise(resolve => { servers.delete(self); for (const res of self.open) res.destroy(); server.close(resolve); server.closeAllConnections(); });
  servers.add(self);
  return self;
}

const HELLO = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'double', version: '1' } };

/* A session that it forgets when told to. */
function legacy(more) {
  let n = 0;
  const state = { session: null };
  return [state, (r, x) => {
    if (r.json?.method === 'initialize') {
      state.session = `session-${++n}`;
      return x.json(200, { jsonrpc: '2.0', id: r.json.id, result: HELLO }, { 'mcp-session-id': state.session });
    }
    if (r.headers['mcp-session-id'] !== state.session) return x.json(404, { jsonrpc: '2.0', error: { code: -32600, message: 'Session not found' } });
    if (r.method === 'DELETE') return x.json(200);
    if (r.json?.method && r.json.id === undefined) return x.json(202);
    return more(r, x);
  }];
}

/* `dragoman mcp`, line by line. */
function bridge(d, args, { env = {} } = {}) {
  const p = spawn(command(d), ['mcp', ...args], { env: { ...environment(d), ...env }, cwd: d.dir, stdio: ['pipe', 'pipe', 'pipe'] });
  const b = { lines: [], err: '', code: null, pid: p.pid };
  bridges.add(b);
  readline.createInterface({ input: p.stdout }).on('line', line => b.lines.push(JSON.parse(line)));
  p.stderr.on('data', c => { b.err += c; fs.appendFileSync(d.file('log/mcp'), c); });
  p.stdin.on('error', () => {});
  p.on('close', (code, signal) => { b.code = code ?? signal; bridges.delete(b); });
  b.send = (...messages) => p.stdin.write(messages.map(m => `${typeof m === 'string' ? m : JSON.stringify(m)}\n`).join(''));
  b.end = () => p.stdin.end();
  b.kill = () => p.kill('SIGKILL');
  b.closeOutput = () => p.stdout.destroy();
  b.until = (look, what) => until(() => look(b), { what: () => `${what ?? look}: ${JSON.stringify(b.lines)} ${b.err}` });
  b.answer = id => b.until(() => b.lines.find(l => l.id === id && !l.method), `an answer to ${JSON.stringify(id)}`);
  b.done = async () => { b.end(); await until(() => b.code !== null, { what: 'dragoman mcp ends' }); assert.equal(b.code, 0, b.err); };
  return b;
}

const init = (id = 0, version = '2025-11-25') => ({ jsonrpc: '2.0', id, method: 'initialize', params: { protocolVersion: version, capabilities: { sampling: {} }, clientInfo: { name: 'test', version: '1' } } });
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const call = (id, name, args = {}) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
const meta = (more = {}) => ({ 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {}, ...more });
const modern = (id, method, params = {}, more) => ({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta(more) } });

async function hello(b) {
  b.send(init());
  const r = await b.answer(0);
  assert.ok(r.result, JSON.stringify(r));
  b.send(INITIALIZED);
  return r;
}

/* ---- Dragoman behind it ----------------------------------------------------- */

s.test('the official clients of today and of the next revision, two edges', async d => {
  await up(d);
  const server = { command: command(d), args: ['mcp', '--url', `http://127.0.0.1:${d.port}`], env: environment(d), stderr: 'pipe' };
  const clients = [
    ['v1', new Client({ name: 'v1', version: '1' }), new StdioClientTransport(server)],
    ['v2 legacy', new ModernClient({ name: 'v2', version: '1' }), new ModernStdio(server)],
    ['v2 auto', new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: 'auto' } }), new ModernStdio(server)],
    ['v2 modern', new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: { pin: M } } }), new ModernStdio(server)],
  ];
  for (const [what, client, transport] of clients) {
    await client.connect(transport);
    const { tools } = await client.listTools();
    for (const name of ['echo', 'health', 'time']) assert.ok(tools.some(t => t.name === name), `${what}: ${JSON.stringify(tools)}`);
    const texts = await Promise.all([...Array(20).keys()].map(async i => (await client.callTool({ name: 'echo', arguments: { text: `é ${what} ${i}` } })).content[0].text));
    assert.deepEqual(texts, [...Array(20).keys()].map(i => `é ${what} ${i}`), what);
    await assert.rejects(() => client.callTool({ name: 'nobody', arguments: {} }), /Unknown tool/, what);
    assert.equal(client.getServerVersion()?.name, 'dragoman', what);
    await client.close();
  }
});

s.test('lines that come at once, the last without its end, and nothing but messages on output', async d => {
  await up(d);
  const b = bridge(d, ['--url', `http://127.0.0.1:${d.port}/mcp`, '--json']);
  b.send('', init(), INITIALIZED, 'not json', '[]', '7', call('a', 'echo', { text: 'one' }), call(2, 'echo', { text: 'two' }),
    modern('m', 'server/discover'), modern(3, 'tools/call', { name: 'echo', arguments: { text: 'three' } }));
  b.send('   ');
  for (const id of ['a', 2, 'm', 3]) assert.ok((await b.answer(id)).result, `${id}`);
  assert.equal((await b.answer(3)).result.resultType, 'complete');
  await b.done();
  assert.deepEqual(b.lines.filter(l => l.error).map(l => [l.error.code, 'id' in l]), [[-32700, false], [-32600, false], [-32600, false]]);
  assert.equal(b.lines.length, 8);
  /* An end of input lets what runs end. */
  const r = await d.cli(['mcp'], { env: { ...environment(d), DRAGOMAN_URL: `http://127.0.0.1:${d.port}` }, input: JSON.stringify(call(9, 'echo', { text: 'last' })) });
  assert.equal(r.code, 0, r.stderr);
  assert.equal(r.json.result.content[0].text, 'last');
  assert.equal(r.stderr, '');
});

s.test('errors say what to do', async d => {
  await up(d);
  const file = d.file('a-key');
  fs.writeFileSync(file, `${KEY}\n`, { mode: 0o600 });
  const none = { DRAGOMAN_KEY: '' };
  const of = async (args, env) => {
    const b = bridge(d, args, { env });
    b.send(init());
    const r = await b.answer(0);
    await b.done();
    return r;
  };
  const here = `http://127.0.0.1:${d.port}`;
  assert.ok((await of(['--url', here, '--key-file', file], none)).result);
  const refused = async (args, env, code, ...what) => {
    const r = await of(args, env);
    assert.equal(r.error?.code, code, JSON.stringify(r));
    for (const w of what) assert.match(r.error.message, w);
    assert.doesNotMatch(r.error.message, new RegExp(KEY));
  };
  await refused(['--url', here], none, 401, /a key is needed/, /dragoman key create/, /DRAGOMAN_KEY/, /--key-file/);
  await refused(['--url', here], { DRAGOMAN_KEY: 'wrong' }, 401, /this key is not valid/, /dragoman key list/);
  await refused(['--url', `${here}/elsewhere`], {}, -32603, /404/, /ends in \/mcp/);
  await refused(['--url', `http://127.0.0.1:${await freePort()}`], {}, -32603, /nobody answers at/, /--url/);
  await refused(['--url', `https://127.0.0.1:${d.port}`], {}, -32603, /http:\/\/ instead of https:\/\//);
  for (const [args, env, what] of [
    [['--url', 'ftp://x/'], {}, /expected an address/], [['--key-file', d.file('gone')], {}, /cannot be read/],
    [['--key', KEY], {}, /no option --key/], [[], { DRAGOMAN_KEY: 'two words' }, /expected one key/], [['more'], {}, /does not take/],
  ]) {
    const r = await d.cli(['mcp', '--json', ...args], { env });
    assert.equal(r.code, 2, args.join(' '));
    assert.match(r.stderr, what);
    assert.equal(r.stdout, '', 'standard output is the client\'s');
  }
});

testWith({
  edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: KEY },
  before: d => { fs.mkdirSync(d.file('files')); d.writeSettings({ mcp: { resources_dir: d.file('files') } }); },
}, 'what the server says unasked reaches clients of both eras, also after its edges have gone', async d => {
  await up(d);
  const b = bridge(d, ['--url', `http://127.0.0.1:${d.port}`]);
  await hello(b);
  b.send(modern('listen', 'subscriptions/listen', { notifications: { resourcesListChanged: true } }));
  await b.until(() => b.lines.some(l => l.method === 'notifications/subscriptions/acknowledged'), 'the listen is acknowledged');
  const changes = of => b.lines.filter(l => l.method === 'notifications/resources/list_changed' && ('_meta' in (l.params ?? {})) === of).length;
  let n = 0;
  const change = async (...eras) => {
    for (const era of eras) {
      const before = changes(era);
      /* The GET stream may be about to open. */
      await until(async () => { fs.writeFileSync(d.file(`files/${n++}.md`), 'text'); return changes(era) > before; }, { every: 300, what: `a change is told, of the era ${era ? 'modern' : 'legacy'}` });
    }
  };
  await change(true, false);
  const old = [...d.edges];
  d.edges.length = 0;
  d.startEdge();
  for (const e of old) await d.stopAndWait(e);
  await b.until(() => b.lines.some(l => l.id === 'listen'), 'the listen has ended');
  await up(d);
  await change(false);
  b.send(call(1, 'echo', { text: 'still here' }));
  assert.equal((await b.answer(1)).result?.content[0].text, 'still here');
  await b.done();
});

/* ---- what passes ------------------------------------------------------------ */

s.test('a stream is unfolded in order, questions pass, and so do their answers', async d => {
  let stream;
  const [, answer] = legacy((r, x) => {
    if (r.json?.method === 'tools/call') {
      stream = x.stream();
      for (let i = 1; i <= 50; i++) stream.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 't', progress: i } });
      stream.raw(': nothing\n\nevent: message\ndata: {"jsonrpc":"2.0",\ndata: "id":"ask-1","method":"sampling/createMessage",\ndata: "params":{"maxTokens":1}}\n\n');
    } else if (r.json?.id === 'ask-1' && r.json.result) {
      x.json(202);
      stream.event({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: r.json.result.content.text }] } });
      stream.end();
    } else if (r.method === 'GET') {
      const ears = x.stream();
      ears.event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      ears.event({ jsonrpc: '2.0', id: 'unasked', method: 'ping' });
    } else x.json(202);
  });
  const double = await serve(answer);
  const b = bridge(d, ['--url', double.url]);
  await hello(b);
  await b.until(() => b.lines.some(l => l.id === 'unasked'), 'a request of the GET stream');
  b.send({ jsonrpc: '2.0', id: 'unasked', result: {} }, call(1, 'ask'));
  await b.until(() => b.lines.some(l => l.id === 'ask-1'), 'a question of the call');
  b.send({ jsonrpc: '2.0', id: 'ask-1', result: { role: 'assistant', model: 'm', content: { type: 'text', text: 'forty-two' } } });
  assert.equal((await b.answer(1)).result.content[0].text, 'forty-two');
  assert.deepEqual(b.lines.filter(l => l.method === 'notifications/progress').map(l => l.params.progress), [...Array(50).keys()].map(i => i + 1));
  await until(() => double.seen.some(r => r.json?.id === 'unasked' && r.json.result), { what: 'the answer to a question of the GET stream' });
  await b.done();
  const posts = double.of('POST').slice(1);
  for (const r of posts) {
    assert.equal(r.headers['mcp-session-id'], 'session-1');
    assert.equal(r.headers['mcp-protocol-version'], '2025-11-25');
    assert.equal(r.headers.authorization, `Bearer ${KEY}`);
  }
  assert.equal(double.of('DELETE').length, 1, 'the session is ended');
});

s.test('what a modern client says is repeated in headers, also what only a schema names', async d => {
  const schema = { type: 'object', properties: { zone: { type: 'string', 'x-mcp-header': 'Zone' }, sql: { type: 'string' } } };
  const double = await serve((r, x) => {
    const { id, method, params } = r.json;
    const fail = (status, code) => x.json(status, { jsonrpc: '2.0', id, error: { code, message: 'Header mismatch' } });
    if (r.headers['mcp-protocol-version'] !== M || r.headers['mcp-method'] !== method || r.headers['mcp-session-id']) return fail(400, -32020);
    if (method === 'tools/list') return x.json(200, { jsonrpc: '2.0', id, result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...(params.cursor ? { tools: [{ name: 'é q', inputSchema: schema }] } : { tools: [], nextCursor: 'two' }) } });
    if (r.headers['mcp-name'] !== `=?base64?${Buffer.from(params.name).toString('base64')}?=`) return fail(400, -32020);
    if (r.headers['mcp-param-zone'] !== params.arguments.zone) return fail(400, -32020);
    return x.json(200, { jsonrpc: '2.0', id, result: { resultType: 'complete', content: [{ type: 'text', text: 'served' }] } });
  });
  const b = bridge(d, ['--url', double.url]);
  b.send(modern('one', 'tools/call', { name: 'é q', arguments: { zone: 'eu-1', sql: 'x' } }));
  assert.equal((await b.answer('one')).result?.content[0].text, 'served', JSON.stringify(b.lines));
  assert.equal(double.of('POST', 'tools/list').length, 2, 'all pages, once');
  b.send(modern('two', 'tools/call', { name: 'é q', arguments: { zone: 'us-2' } }));
  assert.ok((await b.answer('two')).result);
  assert.equal(double.of('POST', 'tools/list').length, 2);
  b.send(modern('bad', 'x\r\nInjected: yes', {}));
  assert.equal((await b.answer('bad')).error.code, -32020);
  assert.ok(double.seen.every(r => !('injected' in r.headers)));
  await b.done();
  assert.equal(b.lines.length, 3, 'what the bridge asked for itself is not shown');
});

s.test('a cancel closes a modern call and is told of a legacy one; a listen ends with the input', async d => {
  const streams = [];
  const [, answer] = legacy((r, x) => { streams.push([r, x.stream()]); });
  const double = await serve((r, x) => r.headers['mcp-method'] ? void streams.push([r, x.stream()]) : r.method === 'GET' ? x.json(405) : answer(r, x));
  const b = bridge(d, ['--url', double.url]);
  const cancel = id => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
  b.send(modern(1, 'tools/call', { name: 'hang' }), modern(2, 'subscriptions/listen', { notifications: {} }), modern('1', 'tools/call', { name: 'hang' }));
  await until(() => streams.length === 3, { what: 'three open calls' });
  const of = id => streams.find(([r]) => r.json.id === id);
  b.send(cancel(1));
  await until(() => of(1)[0].closed, { what: 'the call is closed' });
  assert.equal(of('1')[0].closed, false);
  of('1')[1].event({ jsonrpc: '2.0', id: '1', result: { resultType: 'complete', content: [] } });
  of('1')[1].end();
  await b.answer('1');
  of(2)[1].event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: {} } });
  await b.until(() => b.lines.some(l => l.method === 'notifications/subscriptions/acknowledged'));
  await hello(b);
  b.send(call(3, 'hang'));
  await until(() => of(3), { what: 'a legacy call' });
  b.send(cancel(3), cancel('unknown'));
  await until(() => double.of('POST', 'notifications/cancelled').length === 1, { what: 'the server is told' });
  assert.equal(of(3)[0].closed, false);
  of(3)[1].end();
  b.end();
  await until(() => b.code !== null, { what: 'it ends, with a listen open' });
  assert.equal(b.code, 0, b.err);
  assert.equal(double.of('POST', 'notifications/cancelled').length, 1);
  assert.deepEqual(b.lines.filter(l => l.id !== undefined).map(l => l.id), ['1', 0], 'what was cancelled has no answer');
});

s.test('a listen that the server ends: both forms of its end', async d => {
  const double = await serve((r, x) => {
    const stream = x.stream();
    stream.event({ jsonrpc: '2.0', id: r.json.id, result: { resultType: 'complete' } });
    stream.end();
  });
  const b = bridge(d, ['--url', double.url]);
  b.send(modern('l', 'subscriptions/listen', { notifications: {} }));
  await b.answer('l');
  await b.done();
  assert.deepEqual(b.lines.map(l => l.method ?? 'result'), ['notifications/cancelled', 'result']);
  assert.equal(b.lines[0].params.requestId, 'l');
});

/* ---- what is lost ------------------------------------------------------------ */

s.test('a lost session is begun again for the client, with what it had set', async d => {
  const [state, answer] = legacy((r, x) => r.method === 'GET' ? x.json(405) : x.json(200, { jsonrpc: '2.0', id: r.json.id, result: r.json.method === 'tools/call' ? { content: [{ type: 'text', text: r.headers['mcp-session-id'] }] } : {} }));
  const double = await serve(answer);
  const b = bridge(d, ['--url', double.url]);
  await hello(b);
  b.send({ jsonrpc: '2.0', id: 1, method: 'logging/setLevel', params: { level: 'debug' } },
    { jsonrpc: '2.0', id: 2, method: 'resources/subscribe', params: { uri: 'a:1' } }, { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: 'a:2' } });
  for (const id of [1, 2, 3]) await b.answer(id);
  b.send({ jsonrpc: '2.0', id: 4, method: 'resources/unsubscribe', params: { uri: 'a:1' } });
  await b.answer(4);
  state.session = 'forgotten';
  b.send(...[...Array(10).keys()].map(i => call(`c${i}`, 'x')));
  for (let i = 0; i < 10; i++) assert.equal((await b.answer(`c${i}`)).result?.content[0].text, 'session-2', JSON.stringify(b.lines));
  await until(() => double.seen.filter(r => r.json?.params?.uri === 'a:2').length === 2, { what: 'the subscription is made again' });
  assert.equal(double.of('POST', 'initialize').length, 2, 'once for all of them');
  assert.equal(double.of('POST', 'notifications/initialized').length, 2);
  assert.equal(double.of('POST', 'logging/setLevel').length, 2);
  assert.equal(double.seen.filter(r => r.json?.params?.uri === 'a:1').length, 2, 'what was given up is not asked for again');
  await b.done();
  assert.equal(b.lines.length, 15, 'the client hears nothing of it');
  assert.match(b.err, /the session was lost, and begun again/);
});

s.test('a stream that breaks is read on by its last event; one without ids is an error', async d => {
  const [, answer] = legacy((r, x) => {
    if (r.method === 'GET' && !r.headers['last-event-id']) return x.json(405);
    const stream = x.stream();
    if (r.method === 'GET') {
      assert.equal(r.headers['last-event-id'], 'e1');
      stream.event({ jsonrpc: '2.0', id: 1, result: { content: [] } }, 'e2');
    } else {
      if (r.json.id === 1) stream.raw('id: e1\nretry: 10\ndata:\n\n');
      else stream.raw(': open\n\n');
    }
    return stream.end();
  });
  const double = await serve(answer);
  const b = bridge(d, ['--url', double.url]);
  await hello(b);
  b.send(call(1, 'long'), call(2, 'long'));
  assert.ok((await b.answer(1)).result);
  const r = await b.answer(2);
  assert.equal(r.error.code, -32603);
  assert.match(r.error.message, /its stream ended before the answer.*whether it was done is not known/);
  assert.equal(double.of('POST', 'tools/call').length, 2, 'no call is sent twice');
  await b.done();
});

s.test('a server that is started again is asked again', async d => {
  const ok = (r, x) => r.json.id === undefined ? x.json(202) : x.json(200, { jsonrpc: '2.0', id: r.json.id, result: r.json.method === 'initialize' ? HELLO : { content: [] } });
  const port = await freePort();
  const first = await serve(ok, port);
  const b = bridge(d, ['--url', first.url]);
  await hello(b);
  await first.stop();
  b.send(call(1, 'x'));
  assert.match((await b.answer(1)).error.message, /nobody answers/);
  const second = await serve(ok, port);
  b.send(call(2, 'x'));
  assert.ok((await b.answer(2)).result, JSON.stringify(b.lines));
  assert.equal(second.seen.length, 1);
  await b.done();
});

s.test('what HTTP refuses becomes an answer; a batch gets one for each', async d => {
  const refusals = {
    a: [429, { jsonrpc: '2.0', error: { code: 429, message: 'too many calls', data: { retryAfterMs: 5 } } }, /too many calls; wait/],
    b: [413, { detail: 'the body is too large' }, /the body is too large; raise mcp\.body_max/], c: [502, undefined, /dragoman status/],
    d: [200, undefined, /no message of MCP/], e: [307, undefined, /other\.example\.org/], f: [404, { jsonrpc: '2.0', id: 'f', error: { code: -32601, message: 'no' } }, /^no$/],
  };
  const double = await serve((r, x) => {
    const [status, body] = refusals[r.json.id ?? 'a'];
    x.json(status, body, status === 307 ? { location: 'https://other.example.org/mcp?key=secret' } : {});
  });
  const b = bridge(d, ['--url', double.url]);
  for (const [id, [status, body, what]] of Object.entries(refusals)) {
    b.send(call(id, 'x'));
    const r = await b.answer(id);
    assert.equal(r.error.code, body?.error?.code ?? -32603, `${status}`);
    assert.match(r.error.message, what);
    assert.doesNotMatch(r.error.message, /secret/);
  }
  assert.equal(b.lines[0].error.data.retryAfterMs, 5);
  b.send([call(1, 'x'), { jsonrpc: '2.0', method: 'notifications/x' }, call(2, 'x')]);
  for (const id of [1, 2]) assert.equal((await b.answer(id)).error.code, 429);
  await b.done();
});

s.test('nobody reads the output: it ends at once', async d => {
  const double = await serve((r, x) => { x.stream(); });
  const b = bridge(d, ['--url', double.url]);
  b.send(call(1, 'hang'));
  await until(() => double.seen.length === 1, { what: 'the call is there' });
  b.closeOutput();
  await until(() => b.code !== null, { ms: 20000, what: 'it ends' });
  assert.equal(b.code, 0, b.err);
});

/* ---- mcp test, mcp config, tools -------------------------------------------- */

const asKey = d => ({ env: { ...environment(d), DRAGOMAN_URL: `http://127.0.0.1:${d.port}` } });

s.test('mcp test says what works, revision by revision, and why not', async d => {
  await up(d);
  const here = `http://127.0.0.1:${d.port}`;
  const r = await d.cli(['mcp', 'test', here, '--call', 'echo', 'text=hello there'], asKey(d));
  assert.equal(r.code, 0, r.stdout + r.stderr);
  for (const v of [M, '2025-11-25', '2025-06-18', '2025-03-26']) assert.match(r.stdout, new RegExp(`^ok +${v} +\\d+ tools`, 'm'));
  assert.match(r.stdout, /^(ok|no) +2024-11-05 /m);
  assert.match(r.stdout, /^ok +echo +hello there$/m);
  const j = await d.cli(['mcp', 'test', '--json', here], asKey(d));
  assert.equal(j.code, 0, j.stdout);
  assert.deepEqual(j.json.revisions.slice(0, 4).map(x => [x.ok, x.session, x.tools > 0]), [[true, false, true], [true, true, true], [true, true, true], [true, true, true]]);
  const of = async (args, code, ...what) => {
    const x = await d.cli(['mcp', 'test', ...args], { env: { ...environment(d), DRAGOMAN_KEY: args.key ?? KEY } });
    assert.equal(x.code, code, x.stdout + x.stderr);
    for (const w of what) assert.match(x.stdout + x.stderr, w);
    assert.doesNotMatch(x.stdout + x.stderr, new RegExp(KEY));
  };
  const none = Object.assign([here], { key: '' });
  await of(none, 1, /a key is needed/, /dragoman key create/);
  await of([`${here}/health`], 1, /ends in \/mcp/);
  await of([`http://127.0.0.1:${await freePort()}`], 3, /nobody answers/);
  await of([`https://127.0.0.1:${d.port}`], 3, /http:\/\//);
  await of([here, '--call', 'nobody'], 1, /no tool "nobody"/);
  await of([here, 'text=x'], 2, /--call TOOL/);
  await of(['not-an-address'], 2, /expected an address/);
});

s.test('mcp test with servers of other kinds: none of a revision, no tools, 2024-11-05 alone', async d => {
  const of = async (answer, code, ...what) => {
    const double = await serve(answer);
    const r = await d.cli(['mcp', 'test', double.url], asKey(d));
    assert.equal(r.code, code, r.stdout + r.stderr);
    for (const w of what) assert.match(r.stdout, w);
    await double.stop();
    return double;
  };
  const old = await of((r, x) => {
    if (r.method !== 'POST') return x.json(405);
    if (r.json.method === 'initialize') return x.json(200, { jsonrpc: '2.0', id: r.json.id, result: HELLO });
    if (r.json.method === 'tools/list' && !r.headers['mcp-method']) return x.json(200, { jsonrpc: '2.0', id: r.json.id, result: { tools: [] } });
    return r.json.id === undefined ? x.json(202) : x.json(400, { jsonrpc: '2.0', id: r.json.id, error: { code: -32601, message: 'Method not found' } });
  }, 0, /^no +2026-07-28 .*Method not found/m, /^ok +2025-11-25 +0 tools; the key may call none/m, /^no +2025-06-18 .*offers 2025-11-25/m, /^no +2024-11-05 /m);
  assert.equal(old.of('DELETE').length, 0);
  let stream;
  await of((r, x) => {
    if (r.method === 'GET') {
      stream = x.stream();
      stream.raw('event: endpoint\ndata: /messages?session=1\n\n');
    } else if (stream && r.headers.authorization === `Bearer ${KEY}` && !r.headers['mcp-protocol-version']) {
      x.json(202);
      if (r.json.id !== undefined) stream.event({ jsonrpc: '2.0', id: r.json.id, result: r.json.method === 'initialize' ? { ...HELLO, protocolVersion: '2024-11-05' } : { tools: [{ name: 'one', inputSchema: { type: 'object' } }] } });
    } else x.json(405);
  }, 0, /^no +2025-11-25 /m, /^ok +2024-11-05 +1 tool$/m);
  await of((r, x) => x.json(503, { detail: 'come again' }), 1, /^failed +2026-07-28 .*come again; .*dragoman status/m);
});

s.test('mcp config prints what clients take, and a key only from its file', async d => {
  const file = d.file('the-key');
  fs.writeFileSync(file, 'a-key-of-a-file\n', { mode: 0o600 });
  const of = async (client, ...args) => {
    const r = await d.cli(['mcp', 'config', client, '--url', 'https://chat.example.org', ...args], { env: { DRAGOMAN_KEY: KEY } });
    assert.equal(r.code, 0, r.stderr);
    assert.doesNotMatch(r.stdout + r.stderr, new RegExp(KEY));
    return r;
  };
  const url = 'https://chat.example.org/mcp';
  const desktop = (await of('claude-desktop')).json.mcpServers.dragoman;
  assert.deepEqual([desktop.args, desktop.env], [['mcp', '--url', url], { DRAGOMAN_KEY: 'YOUR_KEY' }]);
  assert.deepEqual((await of('claude-desktop', '--key-file', file)).json.mcpServers.dragoman.args, ['mcp', '--url', url, '--key-file', file]);
  assert.deepEqual((await of('cursor')).json.mcpServers.dragoman, { url, headers: { Authorization: 'Bearer ${env:DRAGOMAN_KEY}' } });
  const vscode = (await of('vscode')).json;
  assert.equal(vscode.servers.dragoman.type, 'http');
  assert.equal(vscode.servers.dragoman.headers.Authorization, `Bearer \${input:${vscode.inputs[0].id}}`);
  assert.equal((await of('json', '--key-file', file)).json.mcpServers.dragoman.headers.Authorization, 'Bearer a-key-of-a-file');
  assert.match((await of('claude-code')).stdout, /^claude mcp add --transport http dragoman https:\/\/chat\.example\.org\/mcp --header "Authorization: Bearer YOUR_KEY"$/m);
  assert.match((await of('inspector', '--key-file', file)).stdout, /Bearer \$\(cat '.*the-key'\)"/);
  assert.match((await of('letta')).stdout, /streamable_http/);
  assert.match((await d.cli(['mcp', 'config', 'letta', '--url', 'http://127.0.0.1:8001'])).stdout, /http:\/\/host\.docker\.internal:8001\/mcp/);
  const bad = await d.cli(['mcp', 'config', 'emacs']);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /claude-desktop, claude-code, cursor, vscode, letta, inspector, json/);
});

s.test('health counts what the key may use; without OAuth its paths are 404', async d => {
  await up(d);
  const at = asKey(d);
  const health = (await d.cli(['tools', 'call', 'health', '--json'], at)).json;
  assert.deepEqual(Object.keys(JSON.parse(health.content[0].text)), ['status', 'version', 'tools', 'sources']);
  for (const url of ['/.well-known/oauth-protected-resource/mcp', '/mcp/.well-known/openid-configuration', '/register']) {
    const r = await d.get(url);
    assert.equal(r.status, 404, url);
    assert.equal(typeof r.json.detail, 'string', r.text);
  }
});

s.test('tools list, show and call', async d => {
  await up(d);
  const at = asKey(d);
  assert.match((await d.cli(['tools', 'list'], at)).stdout, /^echo +\S/m);
  assert.ok((await d.cli(['tools', 'list', '--json'], at)).json.tools.some(t => t.name === 'time'));
  assert.match((await d.cli(['tools', 'show', 'echo'], at)).stdout, /^ +text +string/m);
  const echo = await d.cli(['tools', 'call', 'echo', 'text=a=b é'], at);
  assert.deepEqual([echo.code, echo.stdout], [0, 'a=b é\n'], echo.stderr);
  assert.equal((await d.cli(['tools', 'call', 'echo', '{"text":"as JSON"}'], at)).stdout, 'as JSON\n');
  assert.equal((await d.cli(['tools', 'call', 'echo', 'text=x', '--json'], at)).json.content[0].text, 'x');
  for (const [args, code, what] of [[['call', 'echo', 'text'], 2, /NAME=VALUE/], [['call', 'echo', '{'], 2, /no JSON object/], [['show', 'nobody'], 1, /no tool "nobody"/], [['call'], 2, /usage/]]) {
    const r = await d.cli(['tools', ...args], at);
    assert.equal(r.code, code, args.join(' '));
    assert.match(r.stderr, what);
  }
  const failed = await d.cli(['tools', 'call', 'echo', 'wrong=1'], at);
  assert.equal(failed.code, 1, failed.stdout + failed.stderr);
  const none = await d.cli(['tools', 'list'], { env: { ...at.env, DRAGOMAN_KEY: '' } });
  assert.equal(none.code, 1, none.stderr);
  assert.match(none.stderr, /dragoman key create/);
  assert.equal((await d.cli(['tools', 'list', '--url', `http://127.0.0.1:${await freePort()}`], at)).code, 3);
});
