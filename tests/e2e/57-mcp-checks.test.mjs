/*
 * What is looked at before a call starts: do its arguments fit the tool's
 * schema, are texts taken for values (mcp.coerce), was it made before
 * (Idempotency-Key).
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after } from 'node:test';
import { startBad } from '../doubles/mcp.mjs';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-planted-57aa', OTHER = 'mcp-key-planted-57bb';
const M = '2026-07-28';
const meta = extra => ({ 'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {}, ...extra });
let tools;

const TOOLS = [
  { name: 'order', description: 'Orders.', inputSchema: {
    type: 'object', required: ['item', 'n'], additionalProperties: false,
    properties: {
      item: { $ref: '#/$defs/item' }, n: { type: 'integer', minimum: 1, maximum: 10 },
      at: { anyOf: [{ type: 'string', pattern: '^[0-9]{2}:[0-9]{2}$' }, { type: 'null' }] },
      tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
    },
    $defs: { item: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } } },
  } },
  { name: 'zoned', description: 'Has a mirrored argument.', inputSchema: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'Count' } } } },
  { name: 'broken', description: 'Its schema is none.', inputSchema: { type: 'object', properties: { a: { type: 'any' }, b: { type: 'string', pattern: '([' } } } },
];

async function stack(mcp) {
  await tools?.stop();
  tools = await startBad();
  tools.tools = TOOLS;
  return { edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: `${KEY},${OTHER}` }, settings: { mcp: { servers: { shop: { url: tools.url } }, ...mcp } } };
}
after(() => tools?.stop());
const up = d => until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });
/* Of all edges since the start: {file, ...line}. */
const lines = (d, event) => fs.readdirSync(d.file('log')).filter(f => f.startsWith('edge')).flatMap(file =>
  fs.readFileSync(d.file(`log/${file}`), 'utf8').split('\n').filter(l => l.startsWith('{')).map(l => ({ file, ...JSON.parse(l) }))).filter(l => l.event === event);

/* A call of 2026-07-28; of ${version} if it is another one. */
function call(d, name, args, { version = M, headers = {}, key = KEY, meta: more = {}, id = 1, params = {} } = {}) {
  const modern = version === M;
  return d.request('POST', '/mcp', {
    body: { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(modern ? { _meta: meta(more) } : Object.keys(more).length ? { _meta: more } : {}), ...params } },
    headers: { authorization: `Bearer ${key}`, accept: 'application/json, text/event-stream', 'mcp-protocol-version': version, ...(modern ? { 'mcp-method': 'tools/call', 'mcp-name': name } : {}), ...headers },
  });
}
const said = r => r.json?.result?.content?.[0]?.text;

const s = sharedStack(() => stack({}));

s.test('arguments that do not fit start nothing, and the answer says where', async d => {
  await up(d);
  assert.equal(said(await call(d, 'shop__order', { item: { name: 'x' }, n: 1, at: '10:30', tags: ['a', 'b'] })), 'odd');
  assert.equal(said(await call(d, 'shop__order', { item: { name: 'x' }, n: 1, at: null })), 'odd');
  const calls = tools.calls.length;
  for (const [args, why] of [
    [{ n: 1 }, 'arguments.item: is missing'],
    [{ item: { name: 'x' }, n: 11 }, 'arguments.n: must be at most 10'],
    [{ item: { name: 'x' }, n: '1' }, 'arguments.n: must be integer'],
    [{ item: { name: '' }, n: 1 }, 'arguments.item.name: must have at least 1 character'],
    [{ item: { name: 'x' }, n: 1, more: true }, 'arguments.more: is not allowed'],
    [{ item: { name: 'x' }, n: 1, at: 'noon' }, 'arguments.at: must match the pattern ^[0-9]{2}:[0-9]{2}$'],
    [{ item: { name: 'x' }, n: 1, at: 7 }, 'arguments.at: must be string or null'],
    [{ item: { name: 'x' }, n: 1, tags: ['a', 'a'] }, 'arguments.tags: must not have the same item twice'],
    [{ item: { name: 'x' }, n: 1, tags: ['a', 5] }, 'arguments.tags[1]: must be string'],
    [undefined, 'arguments.item: is missing'],
  ]) {
    for (const version of [M, '2025-11-25']) {
      const r = await call(d, 'shop__order', args, { version });
      assert.equal(r.status, 200, r.text);
      assert.equal(r.json?.result?.isError, true, r.text);
      assert.equal(said(r), why, version);
    }
    for (const version of ['2025-06-18', '2025-03-26', '2024-11-05']) {
      const r = await call(d, 'shop__order', args, { version });
      assert.equal(r.json?.error?.code, -32602, r.text);
      assert.equal(r.json.error.message, why, version);
    }
  }
  assert.equal(tools.calls.length, calls, 'none was made');
  assert.ok(lines(d, 'tool_called').some(l => l.tool === 'shop__order' && l.end === 'invalid'), 'logged');
  await until(async () => (await d.metrics()).get('dragoman_tool_arguments_total{verdict="refused"}') >= 50, { what: 'the metric' });
  /* What is built in, too. */
  assert.equal(said(await call(d, 'echo', {})), 'arguments.text: is missing');
});

s.test('a schema that nobody can read refuses nothing, and is logged once', async d => {
  await up(d);
  for (let i = 0; i < 4; i++) assert.equal(said(await call(d, 'shop__broken', { a: i, b: '((' })), 'odd');
  await until(() => lines(d, 'schema_unread').length > 0, { what: 'the log' });
  for (const edge of new Set(lines(d, 'schema_unread').map(l => l.file)))
    assert.equal(lines(d, 'schema_unread').filter(l => l.file === edge && l.tool === 'shop__broken').length, 1, edge);
});

s.test('texts are not taken for values unless mcp.coerce says so', async d => {
  await up(d);
  assert.equal(said(await call(d, 'shop__order', { item: '{"name":"x"}', n: '3' })), 'arguments.item: must be object');
});

/* ---- Idempotency-Key ---- */

const order = { item: { name: 'x' }, n: 1 };
const once = (key, more = {}) => ({ ...more, headers: { 'idempotency-key': key, ...more.headers } });
/* A number in each result: of which call it is. */
function counted() {
  let n = 0;
  tools.answer = r => (r.method === 'tools/call' ? { result: { resultType: 'complete', content: [{ type: 'text', text: `call ${++n}` }], structuredContent: { n } } } : undefined);
}

s.test('the same Idempotency-Key: made once, the result again, at any edge', async d => {
  await up(d);
  counted();
  const first = await call(d, 'shop__order', order, once('k-1'));
  assert.equal(said(first), 'call 1', first.text);
  for (let i = 0; i < 6; i++) {
    const r = await call(d, 'shop__order', { n: 1, item: { name: 'x' } }, once('k-1', { id: `again ${i}` }));
    assert.equal(r.json.id, `again ${i}`);
    assert.deepEqual(r.json.result, first.json.result);
  }
  /* In _meta, and of another revision: in its words. */
  const old = await call(d, 'shop__order', order, { version: '2025-03-26', meta: { 'dragoman/idempotencyKey': 'k-1' } });
  assert.deepEqual(old.json.result, { content: [{ type: 'text', text: 'call 1' }] });
  /* With other arguments it is another call, of which the key says it is not. */
  const other = await call(d, 'shop__order', { ...order, n: 2 }, once('k-1'));
  assert.equal(other.json?.error?.code, -32602, other.text);
  assert.match(other.json.error.message, /other arguments/);
  /* Another tool's, another caller's, and none at all. */
  assert.equal(said(await call(d, 'shop__broken', {}, once('k-1'))), 'call 2');
  assert.equal(said(await call(d, 'shop__order', order, once('k-1', { key: OTHER }))), 'call 3');
  assert.equal(said(await call(d, 'shop__order', order)), 'call 4');
  assert.equal(said(await call(d, 'shop__order', order)), 'call 5');
  for (const key of ['', 'a b', 'x'.repeat(201), 'é']) {
    const r = await call(d, 'shop__order', order, { meta: { 'dragoman/idempotencyKey': key } });
    assert.equal(r.json?.error?.code, -32602, key);
  }
  assert.equal((await call(d, 'shop__order', order, { meta: { 'dragoman/idempotencyKey': 7 } })).json?.error?.code, -32602);
  assert.equal(said(await call(d, 'shop__order', order, once('x'.repeat(200)))), 'call 6');
  /* What is built in, which waits for nobody. */
  assert.equal(said(await call(d, 'echo', { text: 'é' }, once('k-2'))), 'é');
  assert.equal(said(await call(d, 'echo', { text: 'é' }, once('k-2'))), 'é');
  assert.equal((await call(d, 'echo', { text: 'ü' }, once('k-2'))).json?.error?.code, -32602);
});

s.test('a failure is remembered; arguments that do not fit are not', async d => {
  await up(d);
  let n = 0;
  tools.answer = r => (r.method === 'tools/call' ? { result: { resultType: 'complete', isError: true, content: [{ type: 'text', text: `failed ${++n}` }] } } : undefined);
  for (let i = 0; i < 3; i++) {
    const r = await call(d, 'shop__order', order, once('f-1'));
    assert.equal(r.json?.result?.isError, true);
    assert.equal(said(r), 'failed 1');
  }
  assert.equal(said(await call(d, 'shop__order', { n: 'x' }, once('f-2'))), 'arguments.item: is missing');
  assert.equal(said(await call(d, 'shop__order', order, once('f-2'))), 'failed 2');
});

s.test('a result over 1 MiB is not kept, and the call not made again', async d => {
  await up(d);
  tools.answer = r => (r.method === 'tools/call' ? { huge: 1200 << 10 } : undefined);
  const calls = tools.calls.length;
  const first = await call(d, 'shop__order', order, once('h-1'));
  assert.equal(said(first)?.length, 1200 << 10);
  const again = await call(d, 'shop__order', order, once('h-1'));
  assert.equal(again.json?.result?.isError, true);
  assert.match(said(again), /over 1 MiB.*not made again/s);
  assert.equal(tools.calls.length, calls + 1);
});

s.test('who asks while it runs waits for it, at any edge', async d => {
  await up(d);
  let release;
  const held = new Promise(resolve => { release = resolve; });
  const calls = tools.calls.length;
  tools.answer = r => (r.method === 'tools/call' ? { hang: held, result: { resultType: 'complete', content: [{ type: 'text', text: 'one for all' }] } } : undefined);
  const parked = async () => (await d.metrics()).get('dragoman_parked_requests') ?? 0;
  const before = await parked();
  const first = call(d, 'shop__order', order, once('w-1'));
  await until(() => tools.calls.length === calls + 1, { what: 'the call' });
  const more = Array.from({ length: 8 }, (_, id) => call(d, 'shop__order', order, once('w-1', { id })));
  await until(async () => await parked() === before + 9, { what: 'all wait' });
  assert.equal((await call(d, 'shop__order', { ...order, n: 3 }, once('w-1'))).json?.error?.code, -32602, 'another call waits for nothing');
  release();
  const texts = r => said(r) ?? JSON.parse(r.text.split('data: ').at(-1)).result.content[0].text;
  assert.equal(texts(await first), 'one for all');
  for (const [id, r] of (await Promise.all(more)).entries()) {
    assert.equal(texts(r), 'one for all', `${id}: ${r.text}`);
  }
  assert.equal(tools.calls.length, calls + 1, 'made once');
  await until(async () => await parked() === before, { what: 'nobody waits' });
  tools.answer = undefined;
});

s.test('who waits and leaves harms nobody', async d => {
  await up(d);
  let release;
  const held = new Promise(resolve => { release = resolve; });
  const calls = tools.calls.length;
  tools.answer = r => (r.method === 'tools/call' ? { hang: held, result: { resultType: 'complete', content: [{ type: 'text', text: 'late' }] } } : undefined);
  const parked = async () => (await d.metrics()).get('dragoman_parked_requests') ?? 0;
  const before = await parked();
  const first = call(d, 'shop__order', order, once('l-1'));
  await until(() => tools.calls.length === calls + 1, { what: 'the call' });
  const agent = new http.Agent({ keepAlive: false });
  const leaving = Array.from({ length: 4 }, () => http.request({ host: '127.0.0.1', port: d.port, method: 'POST', path: '/mcp', agent, headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, 'idempotency-key': 'l-1' } }).on('error', () => {}));
  for (const r of leaving) r.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'shop__order', arguments: order } }));
  await until(async () => await parked() === before + 5, { what: 'all wait' });
  for (const r of leaving) r.destroy();
  await until(async () => await parked() === before + 1, { what: 'they are gone' });
  release();
  const r = await first;
  assert.match(r.text, /late/);
  assert.equal(said(await call(d, 'shop__order', order, once('l-1'))), 'late');
  assert.equal(tools.calls.length, calls + 1);
  tools.answer = undefined;
});

s.test('where the record cannot be read, the call is not made', async d => {
  await up(d);
  const calls = tools.calls.length;
  const id = (await d.redis.keys('*{tenant:default}:once:*'))[0];
  assert.ok(id, 'there are records');
  for (const k of await d.redis.keys('*{tenant:default}:once:*')) { await d.redis.del(k); await d.redis.set(k, 'another one wrote this'); }
  const r = await call(d, 'shop__order', order, once('k-1'));
  assert.equal(r.status, 503, r.text);
  assert.equal(r.json?.error?.code, 503);
  assert.equal(tools.calls.length, calls);
});

/* Last: it ends the server of the others' stack. */
testWith(() => stack({ coerce: true }), 'mcp.coerce: texts that are exactly values', async d => {
  await up(d);
  /* Both: an edge that is told to stop while it starts has no handler yet. */
  await until(() => new Set(lines(d, 'worker_started').map(l => l.file)).size === 2, { what: 'both edges' });
  assert.equal(said(await call(d, 'shop__order', { item: '{"name": "x"}', n: '3', tags: '["a", "b"]' })), 'odd');
  assert.deepEqual(tools.calls.at(-1).arguments, { item: { name: 'x' }, n: 3, tags: ['a', 'b'] });
  assert.equal(said(await call(d, 'shop__order', { item: { name: '5' }, n: 3 })), 'odd');
  assert.deepEqual(tools.calls.at(-1).arguments, { item: { name: '5' }, n: 3 }, 'a text stays one');
  const calls = tools.calls.length;
  assert.equal(said(await call(d, 'shop__order', { item: { name: 'x' }, n: '03' })), 'arguments.n: must be integer');
  assert.equal(said(await call(d, 'shop__order', { item: { name: 'x' }, n: '30' })), 'arguments.n: must be at most 10');
  assert.equal(tools.calls.length, calls);
  await until(async () => (await d.metrics()).get('dragoman_tool_arguments_total{verdict="coerced"}') === 1, { what: 'the metric' });
  /* Headers are compared with what was sent. */
  const r = await call(d, 'shop__zoned', { n: '7' }, { headers: { 'mcp-param-count': '7' } });
  assert.equal(said(r), 'odd', r.text);
  assert.deepEqual(tools.calls.at(-1).arguments, { n: 7 });
  assert.equal((await call(d, 'shop__zoned', { n: '7' }, { headers: { 'mcp-param-count': '8' } })).json?.error?.code, -32020);
});
