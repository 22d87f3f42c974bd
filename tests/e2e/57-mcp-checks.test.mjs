/*
 * What is looked at before a call starts: do its arguments fit the tool's
 * schema, and are texts taken for values (mcp.coerce).
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
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

testWith(() => stack({ coerce: true }), 'mcp.coerce: texts that are exactly values', async d => {
  await up(d);
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
