/*
 * Resources and prompts of /mcp: the files of two folders, to official clients
 * of both eras; what is none of them; paging; changes, and who is told of them.
 */
import assert from 'node:assert/strict';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { PromptListChangedNotificationSchema, ResourceListChangedNotificationSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = 'mcp-key-content-55cc66';
const M = '2026-07-28';
const URI = 'dragoman://resources/';
const auth = { authorization: `Bearer ${KEY}` };
const BOTH = 'application/json, text/event-stream';

const top = fs.mkdtempSync(path.join(os.tmpdir(), 'dragoman-content-'));
after(() => fs.rmSync(top, { recursive: true, force: true }));
const at = (...names) => path.join(top, ...names);
const put = (name, bytes) => {
  fs.mkdirSync(path.dirname(at(name)), { recursive: true });
  fs.writeFileSync(at('being-written'), bytes); /* nobody sees the half of it */
  fs.renameSync(at('being-written'), at(name));
};

const PNG = Buffer.from('89504e470d0a1a0a00ff', 'hex');
put('files/policy.md', '# Returns\n\n30 days.\n');
put('files/manuals/größe ü.txt', 'Größe\n');
put('files/manuals/pixel.png', PNG);
put('files/.hidden', 'planted-hidden');
put('secret', 'planted-secret');
fs.symlinkSync('../secret', at('files/out'));
fs.symlinkSync('..', at('files/up'));
put('prompts/review.md', `---
title: Review a change
description: Asks for a review
arguments:
  - name: language
    description: Of the code
    required: true
    choices: [C, Go, Rust, Ruby]
  - name: code
---
Review this {{language}} code:

{{code}}
`);
put('prompts/broken.md', '---\ntitle: [\n---\nx\n');

const options = {
  edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: KEY },
  settings: { mcp: { resources_dir: at('files'), prompts_dir: at('prompts') } },
};
const s = sharedStack(options);
/* Both edges serve, and have seen that what another test put there is gone. */
async function up(d) {
  await until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });
  await until(async () => {
    for (let i = 0; i < 6; i++) {
      if ((await legacy(d, 'resources/list')).json.result.resources.length !== 3) return false;
      if ((await legacy(d, 'prompts/list')).json.result.prompts.length !== 1) return false;
    }
    return true;
  }, { what: 'the folders are as they were' });
}

const post = (d, body, headers = {}) => d.request('POST', '/mcp', { body, headers: { accept: BOTH, ...auth, ...headers } });
const legacy = (d, method, params = {}) => post(d, { jsonrpc: '2.0', id: 1, method, params }, { 'mcp-protocol-version': '2025-11-25' });
function modern(d, method, params = {}) {
  const name = params.uri ?? params.name;
  return post(d, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: {
    'io.modelcontextprotocol/protocolVersion': M, 'io.modelcontextprotocol/clientCapabilities': {} } } },
  { 'mcp-protocol-version': M, 'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` }) });
}

async function clients(d) {
  const url = new URL(`http://127.0.0.1:${d.port}/mcp`);
  const made = [
    ['v1', new Client({ name: 'v1', version: '1' }), new StreamableHTTPClientTransport(url, { requestInit: { headers: auth } })],
    ['v2 legacy', new ModernClient({ name: 'v2', version: '1' }), new ModernTransport(url, { requestInit: { headers: auth } })],
    ['v2 modern', new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: { pin: M } } }), new ModernTransport(url, { requestInit: { headers: auth } })],
  ];
  for (const [, client, transport] of made) await client.connect(transport);
  return made;
}

s.test('official clients list, read, choose and complete', async d => {
  await up(d);
  for (const [what, client] of await clients(d)) {
    const { resources } = await client.listResources();
    assert.deepEqual(resources.map(r => [r.name, r.title, r.mimeType, r.size]), [
      ['manuals/größe ü.txt', 'größe ü', 'text/plain', 8],
      ['manuals/pixel.png', 'pixel', 'image/png', 10],
      ['policy.md', 'policy', 'text/markdown', 20],
    ], what);
    assert.match(resources[0].annotations.lastModified, /^\d{4}-\d\d-\d\dT/, what);
    assert.equal(resources[0].uri, `${URI}manuals/gr%C3%B6%C3%9Fe%20%C3%BC.txt`, what);
    const read = async uri => (await client.readResource({ uri })).contents;
    assert.deepEqual(await read(resources[0].uri), [{ uri: resources[0].uri, mimeType: 'text/plain', text: 'Größe\n' }], what);
    assert.deepEqual(await read(resources[1].uri), [{ uri: resources[1].uri, mimeType: 'image/png', blob: PNG.toString('base64') }], what);
    await assert.rejects(read(`${URI}nothing`), /Resource not found/, what);

    const { resourceTemplates } = await client.listResourceTemplates();
    assert.deepEqual(resourceTemplates.map(t => t.uriTemplate), [`${URI}{name}`, `${URI}manuals/{name}`], what);
    const values = async (ref, name, value) => (await client.complete({ ref, argument: { name, value } })).completion;
    assert.deepEqual(await values({ type: 'ref/resource', uri: `${URI}manuals/{name}` }, 'name', 'p'),
      { values: ['pixel.png'], total: 1, hasMore: false }, what);

    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts, [{ name: 'review', title: 'Review a change', description: 'Asks for a review',
      arguments: [{ name: 'language', description: 'Of the code', required: true }, { name: 'code', required: false }] }], what);
    const got = await client.getPrompt({ name: 'review', arguments: { language: 'Go', code: '{{language}} "\\n' } });
    assert.equal(got.description, 'Asks for a review', what);
    assert.deepEqual(got.messages, [{ role: 'user', content: { type: 'text', text: 'Review this Go code:\n\n{{language}} "\\n' } }], what);
    assert.deepEqual((await values({ type: 'ref/prompt', name: 'review' }, 'language', 'r')).values, ['Rust', 'Ruby'], what);
    assert.deepEqual((await values({ type: 'ref/prompt', name: 'review' }, 'code', '')).values, [], what);
    await assert.rejects(() => client.getPrompt({ name: 'review', arguments: { language: 'Perl' } }), /is one of: C, Go, Rust, Ruby/, what);
    await assert.rejects(() => client.getPrompt({ name: 'broken' }), /Unknown prompt/, what);
    await client.close();
  }
});

s.test('nothing outside the folder, and a code for each mistake', async d => {
  await up(d);
  const OUT = ['', '..', '../secret', '%2e%2e/secret', '..%2fsecret', 'up/secret', 'out', '.hidden', '%2Ehidden', '/etc/passwd',
    'manuals/../policy.md', 'manuals', 'policy.md?x', 'policy.md%00', 'a'.repeat(3000)];
  for (const name of OUT) {
    const m = await modern(d, 'resources/read', { uri: URI + name }), l = await legacy(d, 'resources/read', { uri: URI + name });
    assert.deepEqual([m.status, m.json.error?.code, m.json.error?.data], [200, -32602, { uri: URI + name }], name);
    assert.deepEqual([l.status, l.json.error?.code, l.json.error?.data], [200, -32002, { uri: URI + name }], name);
    assert.doesNotMatch(m.text + l.text, /planted/, name);
  }
  for (const uri of ['file:///etc/passwd', 'nonsense', 'test://x'])
    assert.equal((await modern(d, 'resources/read', { uri })).json.error.code, -32602, uri);
  const BAD = [
    ['resources/read', {}], ['resources/read', { uri: 7 }], ['resources/list', { cursor: 'nowhere' }], ['resources/list', { cursor: 7 }],
    ['prompts/get', {}], ['prompts/get', { name: 'nobody' }], ['prompts/get', { name: 'review' }],
    ['prompts/get', { name: 'review', arguments: [] }], ['prompts/get', { name: 'review', arguments: { language: 7 } }],
    ['completion/complete', {}], ['completion/complete', { ref: { type: 'ref/tool', name: 'x' }, argument: { name: 'a', value: '' } }],
    ['completion/complete', { ref: { type: 'ref/prompt' }, argument: { name: 'a', value: '' } }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'nobody' }, argument: { name: 'a', value: '' } }],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'x' }, argument: { name: 'a', value: '' } }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'review' }, argument: { name: 'language' } }],
  ];
  for (const [method, params] of BAD) {
    const r = await legacy(d, method, params);
    assert.deepEqual([r.status, r.json.error?.code], [200, -32602], `${method} ${JSON.stringify(params)} ${r.text}`);
  }
});

s.test('hints, stable order, no capability untold', async d => {
  await up(d);
  for (const [method, params] of [['resources/list'], ['resources/templates/list'], ['prompts/list'], ['resources/read', { uri: `${URI}policy.md` }]]) {
    const { result } = (await modern(d, method, params)).json;
    assert.ok(Number.isInteger(result.ttlMs) && result.ttlMs > 0, method);
    assert.equal(result.cacheScope, 'private', method);
    const { result: old } = (await legacy(d, method, params)).json;
    assert.equal(old.ttlMs, undefined, method);
  }
  const one = (await legacy(d, 'resources/list')).text;
  for (let i = 0; i < 4; i++) assert.equal((await legacy(d, 'resources/list')).text, one, 'of either edge');
});

s.test('a file of 8 MiB is read whole, one byte more is refused', async d => {
  await up(d);
  const bytes = Buffer.alloc(8 << 20, 'ü');
  put('files/big/most.txt', bytes);
  put('files/big/more.txt', Buffer.alloc((8 << 20) + 1, 'x'));
  const r = await modern(d, 'resources/read', { uri: `${URI}big/most.txt` });
  assert.equal(r.status, 200);
  const text = r.json?.result.contents[0].text ?? JSON.parse(/^data: (.*)$/m.exec(r.text)[1]).result.contents[0].text;
  assert.ok(text === bytes.toString());
  assert.match((await modern(d, 'resources/read', { uri: `${URI}big/more.txt` })).json.error.message, /larger than 8 MiB/);
  fs.rmSync(at('files/big'), { recursive: true });
});

s.test('more than a page: every file once, in order', async d => {
  await up(d);
  const names = Array.from({ length: 2001 }, (_, i) => `many/${String(i).padStart(5, '0')}.txt`);
  for (const name of names) put(`files/${name}`, 'x');
  const list = async () => {
    const seen = [];
    let cursor;
    do {
      const { result } = (await legacy(d, 'resources/list', cursor === undefined ? {} : { cursor })).json ?? {};
      if (result === undefined) return null; /* the list changed under it */
      assert.ok(result.resources.length <= 1000);
      seen.push(...result.resources.map(r => r.name));
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    return seen;
  };
  /* Each edge sees them in its own time. */
  await until(async () => (await list())?.length === 2004 && (await list())?.length === 2004, { what: 'all are listed' });
  assert.deepEqual((await list()).filter(n => n.startsWith('many/')), names);
  fs.rmSync(at('files/many'), { recursive: true });
});

s.test('changes are seen by both edges', async d => {
  await up(d);
  const names = async (method, member) => (await legacy(d, method)).json.result[member].map(r => r.name);
  const both = async (method, member, name, is) => {
    for (let i = 0; i < 6; i++) if ((await names(method, member)).includes(name) !== is) return false;
    return true;
  };
  put('files/new/late.txt', 'one');
  put('prompts/late.md', '---\n---\nHello');
  await until(() => both('resources/list', 'resources', 'new/late.txt', true), { what: 'a new file in a new folder' });
  await until(() => both('prompts/list', 'prompts', 'late', true), { what: 'a new prompt' });
  put('files/new/late.txt', 'two');
  assert.equal((await legacy(d, 'resources/read', { uri: `${URI}new/late.txt` })).json.result.contents[0].text, 'two', 'a read is never stale');
  fs.rmSync(at('files/new'), { recursive: true });
  fs.rmSync(at('prompts/late.md'));
  await until(() => both('resources/list', 'resources', 'new/late.txt', false), { what: 'it is gone' });
  await until(() => both('prompts/list', 'prompts', 'late', false), { what: 'that, too' });
  const skipped = d.logs().filter(l => l.event === 'content_skipped');
  assert.match(skipped.find(l => l.file === 'broken.md')?.why ?? '', /^broken\.md:\d+: .*expected YAML/);
  for (const file of ['out', 'up']) assert.match(skipped.find(l => l.file === file)?.why ?? '', /leads out/, file);
});

s.test('every key may read, and what it reads counts', async d => {
  await up(d);
  const made = await d.cli(['key', 'create', '--name', 'narrow', '--role', 'read', '--tools', 'nothing', '--rate', '4', '--print-secret']);
  assert.equal(made.code, 0, made.stderr);
  const narrow = { authorization: `Bearer ${made.stdout.trimEnd().split('\n').at(-1)}` };
  const ask = (method, params = {}) => post(d, { jsonrpc: '2.0', id: 1, method, params }, narrow);
  assert.deepEqual((await ask('tools/list')).json.result.tools, []);
  for (const method of ['resources/list', 'resources/templates/list', 'prompts/list'])
    assert.equal((await ask(method)).json.error, undefined, `${method} does not count`);
  assert.match((await ask('resources/read', { uri: `${URI}policy.md` })).json.result.contents[0].text, /30 days/);
  assert.match((await ask('prompts/get', { name: 'review', arguments: { language: 'C' } })).json.result.messages[0].content.text, /this C code/);
  assert.deepEqual((await ask('completion/complete', { ref: { type: 'ref/prompt', name: 'review' }, argument: { name: 'language', value: 'go' } })).json.result.completion.values, ['Go']);
  /* One that is none counts, too: it is a look at the disk. */
  assert.equal((await ask('resources/read', { uri: `${URI}nothing` })).json.error.code, -32002);
  const late = await ask('resources/read', { uri: `${URI}policy.md` });
  assert.equal(late.status, 429);
  assert.equal(late.json.error.code, 429);
  assert.equal((await ask('resources/list')).status, 200, 'lists go on');
});

testWith({ edges: 2, turns: 0, ready: false, env: { MCP_API_KEYS: KEY }, settings: {} }, 'folders come and go with the settings, without a restart', async d => {
  const count = async (method, member) => {
    const counts = new Set();
    for (let i = 0; i < 6; i++) counts.add((await legacy(d, method)).json.result[member].length);
    return counts.size === 1 ? [...counts][0] : -1;
  };
  const are = (r, p, what) => until(async () => await count('resources/list', 'resources') === r && await count('prompts/list', 'prompts') === p, { what });
  const set = mcp => {
    d.writeSettings(mcp);
    for (const w of d.edges) w.signal('SIGHUP');
  };
  await until(async () => (await d.get('/health')).status === 200, { what: 'an edge serves' });
  await are(0, 0, 'none are named');
  assert.equal((await legacy(d, 'resources/read', { uri: `${URI}policy.md` })).json.error.code, -32002);
  set(`mcp:\n  resources_dir: ${at('files')}\n  prompts_dir: ${at('prompts')}\n`);
  await are(3, 1, 'both are named');
  set(`mcp:\n  resources_dir: ${at('files', 'manuals')}\n  prompts_dir: ${at('nowhere')}\n`);
  await are(2, 0, 'another one, and one that is not there');
  const failed = await until(() => d.logs().find(l => l.event === 'content_failed'), { what: 'it is logged' });
  assert.equal(failed.setting, 'mcp.prompts_dir');
  assert.equal(failed.folder, at('nowhere'));
  set('');
  await are(0, 0, 'none again');
});

testWith(options, 'who listens is told: of lists, and of the file that it named', async d => {
  await up(d);
  /* Of the edges' first look everybody has been told. */
  await until(async () => await d.redis.hget('{tenant:default}:version', 'resources') && await d.redis.hget('{tenant:default}:version', 'prompts'), { what: 'both lists have a version' });
  const [[, v1], [, legacy2], [, modern2]] = await clients(d);
  await legacy2.close();
  const told = { v1: [], v2: [] };
  v1.setNotificationHandler(ResourceListChangedNotificationSchema, () => { told.v1.push('resources'); });
  v1.setNotificationHandler(PromptListChangedNotificationSchema, () => { told.v1.push('prompts'); });
  v1.setNotificationHandler(ResourceUpdatedNotificationSchema, n => { told.v1.push(n.params.uri); });
  modern2.setNotificationHandler('notifications/resources/list_changed', () => { told.v2.push('resources'); });
  modern2.setNotificationHandler('notifications/prompts/list_changed', () => { told.v2.push('prompts'); });
  modern2.setNotificationHandler('notifications/resources/updated', n => { told.v2.push(n.params.uri); });
  for (const client of [v1, modern2]) {
    const can = client.getServerCapabilities();
    assert.equal(can.resources.listChanged, true);
    assert.equal(can.resources.subscribe, true);
    assert.equal(can.prompts.listChanged, true);
  }
  const uri = `${URI}policy.md`, was = fs.readFileSync(at('files/policy.md'));
  await v1.subscribeResource({ uri });
  const listening = await modern2.listen({ resourcesListChanged: true, promptsListChanged: true, resourceSubscriptions: [uri] });
  assert.deepEqual(listening.honoredFilter, { resourcesListChanged: true, promptsListChanged: true, resourceSubscriptions: [uri] });
  /* The stream of the legacy session is open, too. */
  await until(async () => {
    for (const k of await d.redis.keys('*{mcps:*')) if (await d.redis.type(k) === 'hash' && await d.redis.hget(k, 'stream')) return true;
    return false;
  }, { what: 'its session has a stream' });
  const both = what => until(() => told.v1.includes(what) && told.v2.includes(what), { what: `both are told of ${what}` });

  put('files/policy.md', '# Returns\n\n60 days.\n');
  await both(uri);
  for (const list of Object.values(told)) assert.deepEqual([...new Set(list)], [uri], 'of nothing else');
  put('prompts/late.md', '---\n---\nHello');
  await both('prompts');
  for (const list of Object.values(told)) assert.ok(!list.includes('resources'), 'a list that is as it was');
  put('files/late.txt', 'x');
  await both('resources');
  /* Unsubscribed, it hears no more of it; the other one does. */
  await v1.unsubscribeResource({ uri });
  told.v1.length = told.v2.length = 0;
  put('files/policy.md', was);
  await until(() => told.v2.includes(uri), { what: 'who still listens is told' });
  fs.rmSync(at('files/late.txt'));
  fs.rmSync(at('prompts/late.md'));
  await both('resources');
  await both('prompts');
  assert.ok(!told.v1.includes(uri));
  await listening.close();
  await v1.close();
  await modern2.close();
});
