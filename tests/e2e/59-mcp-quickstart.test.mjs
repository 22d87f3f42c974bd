/*
 * MCP clients and a real quickstart with two edges: the official SDKs, by HTTP
 * and through `dragoman mcp`, and mcp-remote; also while edges die and Redis is
 * emptied.  And what the options of its listener do: --edges, --allow-external,
 * MCP_HOST and MCP_PORT.
 *
 * With INSPECTOR (its program) and INSPECTOR_NODE (a Node that it takes) the MCP
 * Inspector's command line is asked, too: `tests/run inspector` sets them.  It
 * is 110 MB of packages and needs Node 22, so that tests/run does without.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { freePort, TOP, until } from './dragoman.mjs';
import { bare, quickstart, run, start, stop, top } from './quickstart.mjs';

const KEY = 'mcp-key-planted-59bb01';
const M = '2026-07-28';
const PROGRAM = path.join(TOP, 'build/release/dragoman');
const REMOTE = fileURLToPath(new URL('../node_modules/mcp-remote/dist/proxy.js', import.meta.url));

/* The edges of a state: children of its supervisor. */
function edges(state) {
  const pid = fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8').trim();
  return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    .filter(p => { try { return fs.readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('dragoman-edge'); } catch { return false; } });
}

const program = (args, env = {}) => ({ command: PROGRAM, args, env: bare({ DRAGOMAN_KEY: KEY, ...env }), stderr: 'pipe' });

/* What a failure leaves open would keep this process alive. */
const open = [];
after(async () => { for (const client of open) await client.close().catch(() => {}); });

/* Each client, connected. */
async function clients(port) {
  const url = new URL(`http://127.0.0.1:${port}/mcp`), auth = { requestInit: { headers: { authorization: `Bearer ${KEY}` } } };
  const stdio = program(['mcp', '--url', `http://127.0.0.1:${port}`]);
  const remote = { command: process.execPath, args: [REMOTE, url.href, '--transport', 'http-only', '--header', `Authorization:Bearer ${KEY}`], env: bare({ MCP_REMOTE_CONFIG_DIR: top }), stderr: 'pipe' };
  const modern = mode => new ModernClient({ name: 'v2', version: '1' }, mode ? { versionNegotiation: { mode } } : {});
  const all = [
    ['v1, HTTP', new Client({ name: 'v1', version: '1' }), new StreamableHTTPClientTransport(url, auth)],
    ['v2 legacy, HTTP', modern(), new ModernHttp(url, auth)],
    ['v2 auto, HTTP', modern('auto'), new ModernHttp(url, auth)],
    ['v2 modern, HTTP', modern({ pin: M }), new ModernHttp(url, auth)],
    ['v1, dragoman mcp', new Client({ name: 'v1', version: '1' }), new StdioClientTransport(stdio)],
    ['v2 auto, dragoman mcp', modern('auto'), new ModernStdio(stdio)],
    ['v2 modern, dragoman mcp', modern({ pin: M }), new ModernStdio(stdio)],
    ['v1, mcp-remote', new Client({ name: 'v1', version: '1' }), new StdioClientTransport(remote)],
  ];
  open.push(...all.map(([, client]) => client));
  for (const [what, client, transport] of all) await client.connect(transport).catch(err => { throw new Error(`${what}: ${err.message}`, { cause: err }); });
  return all;
}

async function echoes(all, text) {
  for (const [what, client] of all) {
    const said = await Promise.all([...Array(6).keys()].map(async i => (await client.callTool({ name: 'echo', arguments: { text: `${text} ${i}` } })).content[0].text));
    assert.deepEqual(said, [...Array(6).keys()].map(i => `${text} ${i}`), what);
  }
}

/* The Inspector's command line, of both eras, by HTTP and through dragoman mcp. */
async function inspect(port) {
  const env = { DRAGOMAN_KEY: KEY };
  for (const era of ['legacy', 'modern', 'auto'])
    for (const [url, at] of [[[`http://127.0.0.1:${port}/mcp`], ['--transport', 'http', '--header', `Authorization: Bearer ${KEY}`]],
      [[], ['-e', `DRAGOMAN_KEY=${KEY}`, '--', PROGRAM, 'mcp', '--url', `http://127.0.0.1:${port}`]]]) {
      const ask = async (...args) => {
        const r = await run(process.env.INSPECTOR_NODE, [process.env.INSPECTOR, '--cli', ...url, '--protocol-era', era, ...args, ...at], { env, ms: 60000 });
        assert.equal(r.code, 0, `${era} ${args} ${at}: ${r.out}${r.err}`);
        return r.out;
      };
      assert.match(await ask('--method', 'tools/list'), /"echo"/);
      assert.match(await ask('--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=inspected'), /"inspected"/);
    }
}

test('official clients, dragoman mcp and mcp-remote, two edges; edges die, Redis is emptied', async () => {
  const state = path.join(top, 'mcp');
  const { port } = await start(state, ['--edges', '2'], { env: { MCP_API_KEYS: KEY } });
  assert.equal(edges(state).length, 2);
  const all = await clients(port);
  for (const [what, client] of all) assert.ok((await client.listTools()).tools.some(t => t.name === 'echo'), what);
  await echoes(all, 'hello');
  const health = JSON.parse((await all[0][1].callTool({ name: 'health', arguments: {} })).content[0].text);
  assert.equal(health.status, 'healthy');
  assert.deepEqual([health.tools, health.sources], [3, 1]);

  if (process.env.INSPECTOR) await inspect(port);

  const r = await run(path.join(TOP, 'deploy/quickstart'), ['--state', state, '--exec', '--', 'redis-cli', '-s', path.join(state, 'redis/redis.sock'), 'FLUSHALL']);
  assert.equal(r.code, 0, r.err);
  await echoes(all, 'emptied');
  for (const pid of edges(state)) process.kill(Number(pid), 'SIGKILL');
  await until(async () => edges(state).length === 2 && (await run(PROGRAM, ['mcp', 'test', `http://127.0.0.1:${port}`], { env: { DRAGOMAN_KEY: KEY } })).code === 0, { every: 200, what: 'two new edges serve' });
  await echoes(all, 'new edges');
  for (const [, client] of all) await client.close();

  /* Without a key nothing of OAuth is pretended. */
  for (const url of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration', '/mcp/.well-known/openid-configuration', '/mcp/.well-known/oauth-authorization-server', '/sse/.well-known/oauth-protected-resource', '/register', '/authorize', '/token'])
    for (const method of ['GET', 'POST']) {
      const w = await fetch(`http://127.0.0.1:${port}${url}`, { method });
      assert.equal(w.status, 404, url);
      assert.match(w.headers.get('content-type'), /^application\/json/, url);
      await w.json();
    }
  const none = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer realm="dragoman"']);

  /* On this machine alone, a client of 2024-11-05 needs none. */
  const t = await run(PROGRAM, ['mcp', 'test', '--json', `http://127.0.0.1:${port}`]);
  assert.equal(t.code, 1, 'but for it');
  const sse = await fetch(`http://127.0.0.1:${port}/sse`, { headers: { accept: 'text/event-stream' } });
  assert.equal(sse.status, 200);
  await sse.body.cancel();

  /* The settings of a start are those of the next one. */
  const again = await quickstart(state, ['--restart', '--yes'], { ms: 120000 });
  assert.equal(again.code, 0, again.err);
  assert.equal(edges(state).length, 2);
  const one = await quickstart(state, ['--restart', '--edges=1', '--yes'], { ms: 120000 });
  assert.equal(one.code, 0, one.err);
  assert.equal(edges(state).length, 1);
  await stop(state);
});

test('--allow-external and MCP_HOST: every client needs a key', async () => {
  const state = path.join(top, 'mcp-open');
  for (const [args, env, what] of [
    [['--edges', '0'], {}, /--edges: expected 1 to 64, got "0"/], [['--edges', 'two'], {}, /--edges: expected/],
    [['--allow-external'], { MCP_AUTH: 'none' }, /mcp\.auth: none serves this machine only, and 0\.0\.0\.0 is open/],
    [[], { MCP_HOST: '0.0.0.0', MCP_AUTH: 'none' }, /dragoman key create/],
    [['--listen', '0.0.0.0'], { MCP_REQUIRE_KEY: 'false' }, /mcp\.require_key: false serves this machine only/],
  ]) {
    const r = await quickstart(state, ['--yes', '--detach', '--port', String(await freePort()), ...args], { env, ms: 120000 });
    assert.equal(r.code, 2, r.err);
    assert.match(r.err, what);
  }
  const port = await freePort();
  const r = await quickstart(state, ['--yes', '--detach', '--allow-external'], { env: { MCP_PORT: String(port), MCP_API_KEYS: KEY }, ms: 120000 });
  assert.equal(r.code, 0, r.err);
  assert.match(fs.readFileSync(path.join(state, 'nginx/nginx.conf'), 'utf8'), new RegExp(`listen 0\\.0\\.0\\.0:${port} `));
  assert.match(r.err, /plain HTTP/);
  for (const [method, url] of [['POST', '/mcp'], ['POST', '/sse'], ['GET', '/sse'], ['POST', '/messages/'], ['GET', '/mcp']]) {
    const w = await fetch(`http://127.0.0.1:${port}${url}`, { method, ...(method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}) });
    assert.equal(w.status, 401, `${method} ${url}`);
  }
  const t = await run(PROGRAM, ['mcp', 'test', `http://127.0.0.1:${port}`], { env: { DRAGOMAN_KEY: KEY } });
  assert.equal(t.code, 0, t.out + t.err);
  await stop(state);
});
