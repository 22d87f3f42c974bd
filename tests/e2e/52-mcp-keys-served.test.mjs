/*
 * API keys at /mcp: what each role sees and calls, limits, and the end of a
 * key, which the next request feels.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { startModern } from '../doubles/mcp.mjs';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

let now;
const s = sharedStack(async () => {
  await now?.stop();
  now = await startModern();
  return { edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: 'configured-key-of-52' }, settings: { mcp: { tool_rate_limit: 5, read_only: ['now__add'], servers: { now: { url: now.url } } } } };
});

after(() => now?.stop());
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });

async function key(d, ...args) {
  const r = await d.cli(['key', 'create', ...args, '--print-secret']);
  assert.equal(r.code, 0, r.stderr);
  const text = r.stdout.trimEnd().split('\n').at(-1);
  assert.match(text, /^dm_default_[A-Za-z0-9]{43}$/);
  return text;
}
const rpc = (method, params = {}, id = 1) => ({ jsonrpc: '2.0', id, method, params });
const post = (d, k, body, headers = {}) => d.request('POST', '/mcp', { body, headers: { ...(k ? { authorization: `Bearer ${k}` } : {}), ...headers } });
const call = (d, k, name, args = {}) => post(d, k, rpc('tools/call', { name, arguments: args }));
const names = async (d, k) => (await post(d, k, rpc('tools/list'))).json.result.tools.map(t => t.name);

s.test('each role sees what it may call, and no more', async d => {
  await up(d);
  const write = await key(d, '--name', 'w', '--role', 'write'), read = await key(d, '--name', 'r', '--role', 'read');
  const some = await key(d, '--name', 's', '--role', 'write', '--tools', 'echo,now__s*');
  const all = await names(d, write);
  assert.ok(all.includes('now__add') && all.includes('now__fail') && all.includes('echo'));
  assert.deepEqual(await names(d, 'configured-key-of-52'), all);
  assert.deepEqual(await names(d, read), ['echo', 'health', 'time', 'now__add']);
  assert.deepEqual(await names(d, some), all.filter(n => n === 'echo' || n.startsWith('now__s')));
  assert.equal((await call(d, read, 'now__add', { a: 1, b: 2 })).json.result.content[0].text, '3');
  for (const [k, name] of [[read, 'now__fail'], [some, 'time'], [some, 'now__add']]) {
    const r = await call(d, k, name);
    assert.equal(r.status, 200);
    assert.equal(r.json.error.code, -32602);
    assert.equal(r.json.error.message, `Unknown tool: ${name}`);
  }
  /* Who is logged is the key's id. */
  const id = (await until(() => d.events('tool_called').filter(l => l.tool === 'now__add'))).at(-1).key;
  assert.match(id, /^[0-9a-f]{32}$/);
});

s.test('a session is of its key', async d => {
  await up(d);
  const a = await key(d, '--name', 'a', '--role', 'write'), b = await key(d, '--name', 'b', '--role', 'write');
  const init = await post(d, a, rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }));
  const session = { 'mcp-session-id': init.headers['mcp-session-id'] };
  assert.equal((await post(d, a, rpc('ping'), session)).status, 200);
  assert.equal((await post(d, b, rpc('ping'), session)).status, 404);
});

s.test('the end of a key is felt by the next request', async d => {
  await up(d);
  const k = await key(d, '--name', 'short', '--role', 'write');
  assert.equal((await call(d, k, 'echo', { text: 'x' })).status, 200);
  const r = await d.cli(['key', 'revoke', 'short']);
  assert.equal(r.code, 0, r.stderr);
  const refused = await call(d, k, 'echo', { text: 'x' });
  assert.equal(refused.status, 401, refused.text);
  assert.equal(refused.headers['www-authenticate'], 'Bearer realm="dragoman", error="invalid_token"');
  assert.equal(refused.json.error.message, 'this key was revoked');
  for (const wrong of [`${k.slice(0, -1)}${k.endsWith('a') ? 'b' : 'a'}`, 'dm_default_', 'dm_other_' + k.slice(11), 'x'.repeat(5000)])
    assert.equal((await call(d, wrong, 'echo')).status, 401, wrong.slice(0, 30));
  const elsewhere = await key(d, '--name', 'far', '--role', 'write', '--allow', '10.0.0.0/8');
  assert.equal((await call(d, elsewhere, 'echo')).status, 401);
});

s.test('limits: of a key 429, of a tool a result that says when', async d => {
  await up(d);
  const k = await key(d, '--name', 'few', '--role', 'write', '--rate', '3');
  let r;
  for (let left = 2; left >= 0; left--) {
    r = await call(d, k, 'echo', { text: 'x' });
    assert.equal(r.status, 200, r.text);
    assert.equal(r.headers['ratelimit-policy'], '"key";q=3;w=60');
    assert.match(r.headers.ratelimit, new RegExp(`^"key";r=${left};t=\\d+$`));
  }
  r = await call(d, k, 'echo', { text: 'x' });
  assert.equal(r.status, 429, r.text);
  assert.equal(r.json.id, 1);
  assert.equal(r.json.error.code, 429);
  assert.ok(r.json.error.data.retryAfterMs > 0 && r.json.error.data.retryAfterMs <= 60001);
  assert.ok(Number(r.headers['retry-after']) >= 1);
  /* Lists and what is no call do not count. */
  assert.equal((await post(d, k, rpc('tools/list'))).status, 200);
  assert.equal((await post(d, k, rpc('ping'))).status, 200);
  /* Each call of a batch counts. */
  const batch = await post(d, await key(d, '--name', 'batch', '--role', 'write', '--rate', '2'),
    [1, 2, 3].map(id => rpc('tools/call', { name: 'echo', arguments: { text: String(id) } }, id)));
  assert.equal(batch.status, 200);
  assert.deepEqual(batch.json.map(m => m.result?.content[0].text ?? m.error.code), ['1', '2', 429]);

  const t = await key(d, '--name', 'tool', '--role', 'write');
  for (let i = 0; i < 5; i++) assert.equal((await call(d, t, 'now__add', { a: 1, b: i })).json.result.content[0].text, String(1 + i));
  r = await call(d, t, 'now__add', { a: 1, b: 1 });
  assert.equal(r.status, 200);
  assert.equal(r.json.result.isError, true);
  assert.match(r.json.result.content[0].text, /^This tool was called too often in the last minute; call it again in \d+ s\.$/);
  assert.equal((await call(d, t, 'echo', { text: 'x' })).json.result.content[0].text, 'x', 'another tool');
});

testWith({ edges: 1, turns: 0, ready: false, env: { MCP_API_KEYS: 'configured-key-of-52' } }, 'without Redis, configured keys go on and stored ones are asked to come again', async d => {
  await up(d);
  const k = await key(d, '--name', 'w', '--role', 'write');
  assert.equal((await call(d, k, 'echo', { text: 'x' })).status, 200);
  d.redisServer.signal('SIGKILL');
  await d.redisServer.end;
  assert.equal((await call(d, 'configured-key-of-52', 'echo', { text: 'x' })).json?.result?.content[0].text, 'x');
  const r = await call(d, k, 'echo', { text: 'x' });
  assert.equal(r.status, 503, r.text);
  assert.equal(r.json.error.code, 503);
  assert.ok(Number(r.headers['retry-after']) >= 1);
  await d.startRedis();
});
