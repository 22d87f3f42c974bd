/*
 * An MCP server that quotes the key which it was sent: nobody sees it, whatever
 * the server puts it in.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { body, ok, plainMcp, rpc, rpcError } from '../wild/wire.mjs';
import { RawServer } from '../wild/server.mjs';
import { until } from './dragoman.mjs';
import { testWith } from './stacks.mjs';

const KEY = 'planted-mcp-key-9901', AUTH = `Bearer ${KEY}`;
const text = (m, isError) => ok(rpc(m, { isError, content: [{ type: 'text', text: `Token ${m.headers.authorization} has expired` }] }));
const LISTS = ['initialize', 'server/discover', 'tools/list'];
/* How each server quotes it; those of the first kind list no tools. */
const servers = {
  list_error: m => LISTS.includes(m.method) ? ok(rpcError(m, -32001, `Unknown token ${m.headers.authorization}`)) : plainMcp(m),
  list_400: m => body(`Bad token: ${m.headers.authorization}`, { status: 400, type: 'text/plain' }),
  call_error: m => m.method === 'tools/call' ? ok(rpcError(m, -32001, `Token ${m.headers.authorization} has expired`)) : plainMcp(m),
  call_400: m => m.method === 'tools/call' ? body(`Token ${m.headers.authorization} has expired`, { status: 400, type: 'text/plain' }) : plainMcp(m),
  call_result: m => m.method === 'tools/call' ? text(m, true) : plainMcp(m),
  call_done: m => m.method === 'tools/call' ? text(m, false) : plainMcp(m),
};

testWith(async () => {
  const raw = {};
  for (const [name, answer] of Object.entries(servers))
    raw[name] = await RawServer.start(req => answer({ http: req.http, method: req.body?.method, body: req.body, headers: req.headers, path: req.path }));
  return { edges: 1, turns: 1, raw, settings: { mcp: { timeout: '6s', servers: Object.fromEntries(Object.entries(raw).map(([n, s]) => [n, { url: `${s.url}/mcp`, headers: { Authorization: AUTH } }])) } } };
}, 'a key that a server quotes is in no log, page, key of Redis, question or reply', async d => {
  const asked = [];
  try {
    const state = () => d.get('/ready').then(r => Object.fromEntries(r.json.sources.map(x => [x.name, x])));
    const seen = await until(async () => {
      const s = await state();
      return Object.keys(servers).every(n => n in s && s[n].ok === n.startsWith('call')) && !/not asked/.test(JSON.stringify(s)) ? s : null;
    }, { ms: 15000, what: 'all were asked' });
    assert.match(seen.list_error.error, /^the server /);
    assert.match(seen.list_400.error, /^the server .*\(HTTP 400\)$/);
    assert.doesNotMatch(JSON.stringify(seen), /token/i, 'no word of a server is public');
    for (const n of Object.keys(servers).filter(x => x.startsWith('call'))) {
      d.model.push({ calls: [{ name: `${n}__ping`, arguments: { text: 'x' } }] }, { text: 'done' });
      const r = await d.chat({ chat_id: n, message: 'go' }, { ms: 20000 });
      assert.equal(r.json?.reply, 'done', r.text);
      assert.ok(!r.text.includes(KEY), `${n}: the person`);
    }
    asked.push(...d.model.requests.map(r => JSON.stringify(r)));
    assert.ok(asked.some(a => a.includes('has expired')), 'the model is told');
    assert.ok(!asked.some(a => a.includes(KEY)), 'the model');
    for (const k of await d.redis.keys('*')) {
      const type = await d.redis.type(k);
      const value = type === 'hash' ? JSON.stringify(await d.redis.hgetall(k)) : type === 'string' ? await d.redis.get(k) : '';
      assert.ok(!value.includes(KEY), k);
    }
    for (const p of [...d.turns, ...d.edges]) assert.ok(!fs.readFileSync(p.log, 'utf8').includes(KEY), p.log);
  } finally {
    for (const s of Object.values(d.options.raw)) await s.stop();
  }
});
