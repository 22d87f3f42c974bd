/*
 * MCP servers of all lines, as the official SDKs make them: 2026-07-28,
 * 2025-11-25 with and without sessions, HTTP+SSE of 2024-11-05.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CreateMessageResultSchema, EmptyResultSchema, ListRootsResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { inputRequired } from '@modelcontextprotocol/server';
import { startBad, startLegacy, startModern, startSse } from '../doubles/mcp.mjs';
import { freePort, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

/* All servers but those that a test stops, or that spoil it for the others:
 * what is on one of them is beside its test. */
const more = {};
let servers;
const s = sharedStack(async () => {
  servers = {
    modern: await startModern(), both: await startModern({ legacy: 'stateless' }),
    sessions: await startLegacy(), stateless: await startLegacy({ stateless: true, port: await freePort() }),
    json: await startLegacy({ json: true }), sse: await startSse(),
  };
  const others = {};
  for (const [name, start] of Object.entries(more)) others[name] = await start();
  const all = Object.entries({ ...servers, ...others }).map(([k, v]) => [k, v.command ? v : { url: v.url }]);
  return { edges: 1, turns: 1, others, settings: { mcp: { servers: Object.fromEntries(all) } } };
});

/* ${chat} is offered these tools; all that it is offered. */
async function offers(d, chat, ...names) {
  await until(async () => {
    d.model.clear();
    await d.say(chat, 'x');
    return names.every(name => d.model.last().tools.includes(name));
  }, { ms: 20000, every: 100, what: `${names} is offered` });
  return d.model.last().tools;
}

async function call(d, chat, name, args = {}) {
  d.model.clear();
  d.model.push({ calls: [{ name, arguments: args }] }, { text: 'ok' });
  assert.equal((await d.say(chat, 'go')).reply, 'ok');
  return d.model.last().toolResults[0].text;
}

s.test('all servers list their tools, under names that model APIs allow', async d => {
  await until(async () => {
    d.model.clear();
    await d.say('list', 'x');
    return Object.keys(servers).every(k => d.model.last().tools.some(t => t.startsWith(`${k}__`)));
  }, { ms: 20000, every: 200, what: 'all servers are listed' });
  const { tools } = d.model.last();
  assert.ok(tools.every(t => /^[A-Za-z0-9_-]{1,64}$/.test(t)), tools.join());
  assert.equal(new Set(tools).size, tools.length);
  assert.ok(tools.includes('modern__add'));
  assert.ok(tools.some(t => /^modern__say[_-]hello/.test(t)), 'a name with a dot');
  assert.equal(tools.filter(t => t.startsWith('modern__aaaa')).length, 1, 'a long name');
  await until(async () => (await d.get('/health')).json.tools_loaded === tools.length, { what: '/health counts them' });
});

for (const name of ['modern', 'both', 'sessions', 'stateless', 'json', 'sse'])
  s.test(`${name}: calls, errors, structured results, images`, async d => {
    const chat = `c-${name}`, { calls } = servers[name], before = calls.length;
    assert.equal(await call(d, chat, `${name}__add`, { a: 2, b: 40 }), '42');
    const dotted = d.model.requests[0].tools.find(t => t.startsWith(`${name}__say`));
    assert.equal(await call(d, chat, dotted, { name: 'Ü' }), 'Hello, Ü!');
    assert.match(await call(d, chat, `${name}__fail`), /it did not work/);
    assert.match(await call(d, chat, `${name}__data`), /42/);
    const picture = await call(d, chat, `${name}__picture`);
    assert.match(picture, /here/);
    assert.match(picture, /image/);
    assert.match(await call(d, chat, `${name}__add`, { a: 'x' }), /expected number|must be number|is not of type/i);
    const long = d.model.requests[0].tools.find(t => t.startsWith(`${name}__aaa`));
    assert.equal(await call(d, chat, long), 'long');
    const added = calls.slice(before).filter(c => c.name === 'add');
    assert.equal(added.length, 1 + added.filter(c => c.arguments.a === 'x').length);
  });

s.test('modern requests carry version, method and name in their headers', async d => {
  assert.equal(await call(d, 'headers', 'modern__add', { a: 1, b: 1 }), '2');
  const r = servers.modern.of('tools/call').at(-1);
  assert.equal(r.headers['mcp-protocol-version'], '2026-07-28');
  assert.equal(r.headers['mcp-method'], 'tools/call');
  assert.equal(r.headers['mcp-name'], 'add');
  assert.equal(r.body.params._meta['io.modelcontextprotocol/protocolVersion'], '2026-07-28');
  assert.match(r.headers.accept, /application\/json.*text\/event-stream/);
});

s.test('the era is remembered: no probe before each call', async d => {
  await offers(d, 'era', 'sessions__add');
  const n = servers.sessions.requests.length;
  await call(d, 'era', 'sessions__add', { a: 1, b: 1 });
  await call(d, 'era', 'sessions__add', { a: 1, b: 1 });
  assert.ok(servers.sessions.requests.length - n <= 4, JSON.stringify(servers.sessions.requests.slice(n).map(r => [r.http, r.method])));
});

s.test('a lost session is begun anew', async d => {
  await call(d, 'sess', 'sessions__add', { a: 1, b: 1 });
  servers.sessions.forget();
  assert.equal(await call(d, 'sess', 'sessions__add', { a: 5, b: 6 }), '11');
});

s.test('a server that comes back is used again', async d => {
  const { port } = servers.stateless;
  await servers.stateless.stop();
  assert.ok((await call(d, 'back', 'stateless__add', { a: 1, b: 1 })).length > 0);
  servers.stateless = await startLegacy({ stateless: true, port });
  assert.equal(await until(async () => await call(d, 'back', 'stateless__add', { a: 1, b: 2 }) === '3', { ms: 15000, every: 200 }), true);
});

s.test('/stop cancels at the server', async d => {
  d.model.clear();
  d.model.push({ calls: [{ name: 'modern__slow', arguments: { ms: 30000 } }] });
  const running = d.chat({ chat_id: 'cancel', message: 'go' });
  await until(() => servers.modern.calls.some(c => c.name === 'slow'));
  await d.say('cancel', '/stop');
  await running;
  await until(() => servers.modern.cancelled >= 1, { what: 'the server sees the cancellation' });
});

testWith(async () => {
  const server = await startModern();
  server.token = 'planted-mcp-token';
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'dm-')), 'servers.json');
  fs.writeFileSync(file, JSON.stringify({ mcpServers: { cfg: { url: server.url, headers: { Authorization: 'Bearer ${TEST_MCP_TOKEN}' } } } }));
  return { edges: 1, turns: 1, server, file, settings: { mcp: { config: file } }, env: { TEST_MCP_TOKEN: 'planted-mcp-token' } };
}, 'servers_config.json with ${NAME} from the environment', async d => {
  await until(async () => {
    d.model.clear();
    await d.say('x', 'x');
    return d.model.last().tools.includes('cfg__add');
  }, { every: 200 });
  assert.equal(await call(d, 'x', 'cfg__add', { a: 1, b: 1 }), '2');
  fs.rmSync(path.dirname(d.options.file), { recursive: true });
  await d.options.server.stop();
});

testWith(async () => {
  const port = await freePort();
  return { edges: 1, turns: 1, port_: port, settings: { mcp: { refresh: '2s', servers: { late: { url: `http://127.0.0.1:${port}/mcp` } } } } };
}, 'a server that is down is skipped, shown in /ready, tried again', async d => {
  assert.equal((await d.say('x', 'x')).reply, 'You said: x');
  const sources = (await d.get('/ready')).json.sources;
  const late = sources.find(x => x.name === 'late');
  assert.equal(late.ok, false);
  assert.ok(!JSON.stringify(sources).includes('127.0.0.1'), 'no addresses');
  const server = await startModern({ port: d.options.port_ });
  await until(async () => {
    d.model.clear();
    await d.say('x', 'x');
    return d.model.last().tools.includes('late__add');
  }, { ms: 30000, every: 250, what: 'the server is found' });
  await server.stop();
});

more.pg = async () => {
  const bad = await startBad();
  bad.answer = r => {
    if (r.method !== 'tools/list') return null;
    const cursor = Number(r.body.params?.cursor ?? 0);
    const tools = [{ name: `page${cursor}`, description: 'x', inputSchema: { type: 'object' } }, { name: 'no schema' }, { description: 'no name' }];
    return { result: { resultType: 'complete', tools, ttlMs: 100000, cacheScope: 'private', ...(cursor < 3 ? { nextCursor: String(cursor + 1) } : {}) } };
  };
  return bad;
};
s.test('lists of several pages; tools that are not valid are left out', async d => {
  const tools = await offers(d, 'pages', 'pg__page3');
  assert.deepEqual(tools.filter(t => t.startsWith('pg__page')), ['pg__page0', 'pg__page1', 'pg__page2', 'pg__page3']);
});

more.ch = async () => {
  const bad = await startBad();
  bad.answer = r => {
    if (r.method === 'tools/list') return { result: { resultType: 'complete', tools: bad.tools, ttlMs: 10000000, cacheScope: 'private' } };
    if (r.method !== 'tools/call') return null;
    bad.tools = [...bad.tools, { name: 'fresh', inputSchema: { type: 'object' } }];
    return { sse: [{ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }, { jsonrpc: '2.0', id: r.body.id, result: { resultType: 'complete', content: [{ type: 'text', text: 'changed' }] } }] };
  };
  return bad;
};
s.test('a list that its server says has changed is read again', async d => {
  await offers(d, 'changed', 'ch__odd');
  const { ch } = d.options.others;
  const lists = ch.of('tools/list').length;
  assert.equal(await call(d, 'changed', 'ch__odd'), 'changed');
  await offers(d, 'changed', 'ch__fresh');
  assert.equal(ch.of('tools/list').length, lists + 1);
});

more.loop = async () => {
  const bad = await startBad();
  bad.answer = r => r.method === 'tools/list' ? { result: { resultType: 'complete', tools: [{ name: 'loop', inputSchema: { type: 'object' } }], nextCursor: 'same' } } : null;
  return bad;
};
s.test('a list without end does not keep anyone busy for ever', async d => {
  assert.equal((await d.say('loop', 'x')).reply, 'You said: x');
  const { loop } = d.options.others;
  await until(() => d.logs('turn').some(e => e.event === 'tools_listed' && e.source === 'loop'));
  /* Asked once, and once more for the cursor that came again. */
  assert.ok(loop.of('tools/list').length <= 2 * loop.of('server/discover').length + 2, String(loop.of('tools/list').length));
});

more.local = () => ({ command: 'npx', args: ['-y', 'some-server'] });
more.fine = () => startBad();
s.test('a server that is started by a command is told of, and the others work', async d => {
  await offers(d, 'command', 'fine__odd');
  const said = d.logs('turn').filter(e => e.event === 'mcp_server_skipped' && e.server === 'local');
  assert.equal(said.length, 1);
  await until(async () => (await d.get('/ready')).json.sources.some(x => x.name === 'local' && x.ok === false && /command/.test(x.error)), { what: '/ready tells' });
  assert.equal((await d.get('/ready')).status, 200);
  const doctor = await d.cli(['doctor', '--json']);
  assert.ok(doctor.json.findings.some(f => f.area === 'tools' && /local offers no tools/.test(f.text ?? f.what ?? JSON.stringify(f))), doctor.stdout);
});

const begun = server => server.of('initialize').length;
testWith(async () => {
  const servers = { kept: await startLegacy(), headed: await startLegacy(), gone: await startLegacy(), old: await startSse() };
  const entries = Object.fromEntries(Object.entries(servers).map(([k, v]) => [k, { url: v.url, headers: { 'X-Team': 'one' } }]));
  return { edges: 1, turns: 1, servers, added: await startLegacy(), settings: { mcp: { refresh: '1h', servers: entries } } };
}, 'SIGHUP keeps the connections to servers of which nothing changed', async d => {
  const { servers, added } = d.options;
  const offered = async names => until(async () => {
    d.model.clear();
    await d.say('x', 'x');
    const { tools } = d.model.last();
    return names.every(k => tools.includes(`${k}__add`)) && tools.filter(t => t.endsWith('__add')).length === names.length;
  }, { ms: 20000, every: 100, what: `the tools of ${names}` });
  let loaded = 0;
  const reload = async () => {
    d.writeSettings();
    d.turns[0].signal('SIGHUP');
    loaded++;
    await until(() => d.events('config_loaded').filter(e => e.worker === d.events('config_loaded')[0].worker).length === loaded, { what: 'the configuration is read' });
  };
  const names = Object.keys(servers);
  await offered(names);
  for (const k of names) assert.equal(await call(d, 'x', `${k}__add`, { a: 1, b: 1 }), '2');
  const requests = () => names.map(k => servers[k].requests.length);
  const first = names.map(k => begun(servers[k]));

  /* Nothing about them changed: neither asked nor forgotten. */
  const before = requests();
  d.options.settings.chat = { ...d.options.settings.chat, persona: { name: 'Another' } };
  d.options.settings.mcp.timeout = '20s';
  await reload();
  await offered(names);
  assert.deepEqual(requests(), before);
  for (const k of names) assert.equal(await call(d, 'x', `${k}__add`, { a: 2, b: 2 }), '4');
  assert.deepEqual(names.map(k => begun(servers[k])), first);
  assert.equal(servers.kept.sessions.size, 1);

  /* One is new, one has another header, one is no longer there. */
  const now = d.options.settings.mcp.servers;
  delete now.gone;
  now.headed.headers['X-Team'] = 'two';
  now.added = { url: added.url };
  await reload();
  await offered(['kept', 'headed', 'old', 'added']);
  await until(() => servers.gone.requests.some(r => r.http === 'DELETE'), { what: 'the session of the server that is gone ends' });
  await until(() => begun(servers.headed) === 2 && servers.headed.requests.some(r => r.http === 'DELETE'), { what: 'a new session with the new header' });
  assert.equal(servers.headed.of('initialize')[1].headers['x-team'], 'two');
  assert.equal(begun(added), 1);
  for (const k of ['kept', 'headed', 'old', 'added']) assert.equal(await call(d, 'x', `${k}__add`, { a: 3, b: 3 }), '6');
  assert.equal(begun(servers.kept), 1);
  assert.equal(begun(servers.old), first[3]);
  assert.equal(servers.kept.requests.some(r => r.http === 'DELETE'), false);
  for (const x of [...Object.values(servers), added]) await x.stop();
});

/* nginx as many have it: it buffers, compresses all it passes on, keeps its
 * own connections. */
function startFront(d, port, backends) {
  const dir = d.file('front');
  fs.mkdirSync(dir);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(t => `${t}_temp_path front/${t};`).join(' ');
  fs.writeFileSync(`${dir}/nginx.conf`, `${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; pid front/nginx.pid; error_log front/error.log;
events { worker_connections 512; }
http { access_log off; ${temp} gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; proxy_http_version 1.1;
server { listen 127.0.0.1:${port};
${Object.entries(backends).map(([name, b]) => `location /${name}/ { proxy_pass http://127.0.0.1:${b.port}/; proxy_buffering ${name === 'sse' ? 'off' : 'on'}; }`).join('\n')} } }`);
  return d.child('front', 'nginx', ['-p', `${d.dir}/`, '-c', 'front/nginx.conf', '-e', 'front/error.log', '-g', 'daemon off;'],
    { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
}

testWith(async () => {
  const port = await freePort();
  /* Ports of their own: they come back to them. */
  const at = async () => ({ port: await freePort() });
  const behind = { modern: await startModern(await at()), sessions: await startLegacy(await at()), json: await startLegacy({ json: true, ...await at() }), sse: await startSse(await at()) };
  return { edges: 1, turns: 1, front: port, behind, settings: { mcp: { timeout: '10s', servers: Object.fromEntries(Object.keys(behind).map(k => [k, { url: `http://127.0.0.1:${port}/${k}/mcp` }])) } } };
}, 'behind an nginx that buffers and compresses; each server started anew between two calls', async d => {
  const { behind, front } = d.options;
  const nginx = startFront(d, front, behind);
  const names = Object.keys(behind);
  await until(async () => {
    assert.equal(nginx.ended, null);
    d.model.clear();
    await d.say('x', 'x');
    return names.every(k => d.model.last().tools.includes(`${k}__add`));
  }, { ms: 20000, every: 200, what: 'all are listed' });
  for (const k of names) {
    assert.equal(await call(d, 'x', `${k}__add`, { a: 1, b: 1 }), '2', k);
    assert.equal((await call(d, 'x', `${k}__big`, { n: 50000 })).length, 50000, k);
  }
  const start = { modern: startModern, sessions: startLegacy, json: options => startLegacy({ json: true, ...options }), sse: startSse };
  for (const k of names) {
    const { port } = behind[k];
    await behind[k].stop();
    behind[k] = await start[k]({ port });
    assert.equal(await call(d, 'x', `${k}__add`, { a: 2, b: 3 }), '5', `${k} after its restart`);
    assert.equal(behind[k].calls.length, 1, `${k}: called once`);
  }
  /* A gateway's word that nobody is behind it: the call may have run. */
  await behind.modern.stop();
  assert.match(await call(d, 'x', 'modern__add', { a: 2, b: 3 }), /HTTP 502.*whether it took effect is unknown/);
  delete behind.modern;
  for (const x of Object.values(behind)) await x.stop();
});

/* One tool's schema must cost no chat an answer: each of these made a service
 * refuse every question. */
const ODD = {
  'no items': { type: 'object', properties: { tags: { type: 'array' }, deep: { type: 'object', properties: { list: { type: ['array', 'null'] } } }, either: { anyOf: [{ type: 'array' }, { type: 'null' }] } } },
  names: { type: 'object', properties: { 'filter[id]': { type: 'string' }, $top: { type: 'integer' }, ['a'.repeat(70)]: { type: 'string' } }, required: ['filter[id]'] },
  choice: { type: 'object', anyOf: [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, { properties: { b: { $ref: '#/$defs/B' } } }], $defs: { B: { type: 'integer', exclusiveMinimum: true, minimum: 0 } } },
  recursive: { $ref: '#/$defs/Node', $defs: { Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' }, value: true } } } },
  values: { type: 'object', properties: { n: { enum: [0, 1] }, s: { enum: ['', 'a'] }, c: { const: 'x' }, u: { type: 'string', format: 'uri' }, p: { type: 'string', pattern: '^(?!x)' }, any: { description: 'any' } }, required: ['s', 'none'] },
  nothing: { type: 'object' },
};
for (const [api, chat] of [['openai', { model: 'narrow-1' }], ['anthropic', {}]])
  testWith(async () => {
    const bad = await startBad();
    bad.tools = Object.entries(ODD).map(([name, inputSchema]) => ({ name, inputSchema, description: name === 'nothing' ? '' : `does ${name}` }));
    return { edges: 1, turns: 1, bad, model: api, settings: { chat, mcp: { servers: { odd: { url: bad.url } } } } };
  }, `${api}: odd schemas are made fit, and the server gets its own names`, async d => {
    const { bad } = d.options;
    await until(async () => {
      d.model.clear();
      assert.equal((await d.say('x', 'x')).reply, 'You said: x');
      return d.model.last().tools.length === 3 + Object.keys(ODD).length;
    }, { every: 100 });
    assert.equal(await call(d, 'x', 'odd__names', { filter_id: 'f', _top: 2 }), 'odd');
    assert.deepEqual(bad.calls.at(-1).arguments, { 'filter[id]': 'f', $top: 2 });
    assert.equal(d.model.refusals.length, 0);
    await bad.stop();
  });

testWith(async () => {
  const many = await startBad(), few = await startBad();
  const tools = n => Array.from({ length: n }, (_, i) => ({ name: `t${i}`, description: 'd', inputSchema: { type: 'object' } }));
  many.tools = tools(300);
  few.tools = tools(2);
  return { edges: 1, turns: 1, many, few, settings: { mcp: { refresh: '2s', servers: { few: { url: few.url }, many: { url: many.url } } } } };
}, 'more tools than a model takes: some of each server, the others are told of once', async d => {
  const { many, few } = d.options;
  await until(async () => {
    d.model.clear();
    assert.equal((await d.say('x', 'x')).reply, 'You said: x');
    return d.model.last().tools.length === 128;
  }, { every: 100 });
  const { tools } = d.model.last();
  assert.equal(tools.filter(t => t.startsWith('few__')).length, 2);
  assert.ok(tools.includes('echo'));
  await until(async () => (await d.get('/ready')).json.sources.find(x => x.name === 'many')?.left_out === 300 - 123, { what: '/ready tells' });
  assert.equal((await d.get('/ready')).json.sources.find(x => x.name === 'few').offered, 2);
  assert.match((await d.cli(['doctor'])).stdout, /does not offer 177 tools of many to the model: t123 \(there are more than llm.tools_max\)/);
  const lists = many.of('tools/list').length;
  await until(() => many.of('tools/list').length > lists, { what: 'one more list' });
  assert.equal(d.events('tool_hidden').filter(e => e.source === 'many' && e.left_out === 177).length, 1);
  await many.stop();
  await few.stop();
});

/* A server of 2025-11-25 asks its client in the middle of a call: each request
 * gets an answer, and what nobody serves is refused as JSON-RPC wants it. */
{
  const asks = async (args, extra) => {
    const said = [];
    for (const [method, schema] of [['ping', EmptyResultSchema], ['roots/list', ListRootsResultSchema], ['sampling/createMessage', CreateMessageResultSchema]]) {
      try {
        const params = method === 'sampling/createMessage' ? { messages: [], maxTokens: 1 } : undefined;
        said.push(`${method} ${JSON.stringify(await extra.sendRequest({ method, params }, schema, { timeout: 5000 }))}`);
      } catch (e) {
        said.push(`${method} ${e.code}`);
      }
    }
    return { content: [{ type: 'text', text: said.join('; ') }] };
  };
  for (const [name, start] of Object.entries({ asking: startLegacy, askingSse: startSse }))
    more[name] = async () => Object.assign(await start(), { more: { asks } });
}
s.test("a server's own requests are answered, on both transports", async d => {
  for (const name of ['asking', 'askingSse']) {
    await offers(d, 'asking', `${name}__asks`);
    assert.equal(await call(d, 'asking', `${name}__asks`), 'ping {}; roots/list -32601; sampling/createMessage -32601');
  }
});

/* A tool of 2026-07-28 that needs a person: we say that nobody can be asked,
 * so that its server refuses the call in words; one that asks all the same is
 * told of, too. */
{
  const ask = { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } } };
  more.person = async () => Object.assign(await startModern(), { more: { asks: () => inputRequired({ inputRequests: { who: inputRequired.elicit(ask.params) } }) } });
  more.insisting = async () => Object.assign(await startBad(),
    { answer: r => (r.method === 'tools/call' ? { result: { resultType: 'input_required', inputRequests: { who: ask }, requestState: 'opaque' } } : undefined) });
}
s.test('a tool that asks a person is a clear error', async d => {
  const { person, insisting } = d.options.others;
  await offers(d, 'person', 'person__asks', 'insisting__odd');
  assert.match(await call(d, 'person', 'person__asks'), /refused the call: .*elicitation/i);
  assert.deepEqual(person.of('tools/call')[0].body.params._meta['io.modelcontextprotocol/clientCapabilities'], {});
  assert.match(await call(d, 'person', 'insisting__odd'), /needs an answer from a person/);
  assert.equal(person.of('tools/call').length, 1);
  assert.equal(insisting.of('tools/call').length, 1);
  await until(async () => (await d.metrics()).get('dragoman_tool_calls_total{end="asks"}') === 1);
});
