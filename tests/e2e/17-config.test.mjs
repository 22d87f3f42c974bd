/*
 * Configuration: what is wrong is said all at once with file, line and key;
 * where each value came from; SIGHUP.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ edges: 1, turns: 1, settings: { chat: { persona: { name: 'Old Name' } } } });
const write = (d, name, text) => { fs.writeFileSync(d.file(name), text); return d.file(name); };

s.test('config check: a right file is 0, a wrong one 2 with all errors', async d => {
  assert.equal((await d.cli(['config', 'check'])).code, 0);
  const file = write(d, 'wrong.yaml', 'chat:\n  max_history: many\n  nonsense: 1\n  rate_limit_per_minute: 2000000000\n  auth: perhaps\nturns:\n  lease: 3 parsecs\nmcp:\n  servers: [1, 2]\n');
  const r = await d.cli(['--config', file, 'config', 'check']).then(x => x.code === 2 ? x : d.cli(['config', 'check', '--config', file]));
  assert.equal(r.code, 2, r.stdout + r.stderr);
  const text = r.stdout + r.stderr;
  for (const [key, line] of [['chat.max_history', 2], ['nonsense', 3], ['rate_limit_per_minute', 4], ['chat.auth', 5], ['turns.lease', 7]]) {
    assert.ok(text.includes(key), `${key} in ${text}`);
    assert.ok(new RegExp(`wrong\\.yaml:${line}\\b`).test(text), `line ${line} in ${text}`);
  }
});

s.test('config check: what the HTTP client would refuse as a worker starts, and names that it does not read', async d => {
  const check = env => d.cli(['config', 'check'], { env });
  for (const [env, error] of [
    [{ DRAGOMAN_CA_FILE: d.file('not-there.pem') }, /error: .*not-there\.pem: http\.ca_file: No such file/],
    [{ DRAGOMAN_CA_FILE: write(d, 'no.pem', 'x') }, /http\.ca_file: it holds no whole certificates/],
    [{ HTTPS_PROXY: 'socks5://127.0.0.1:1080' }, /error: .*http\.proxy: it must be http:\/\/HOST:PORT/],
  ]) {
    const r = await check(env);
    assert.equal(r.code, 2, r.stdout);
    assert.match(r.stdout, error);
  }
  const guessed = await check({ HTTP_CA_FILE: '/etc/ssl/ca.pem' });
  assert.equal(guessed.code, 0, guessed.stdout);
  assert.match(guessed.stdout, /warning: environment: HTTP_CA_FILE is not used: write DRAGOMAN_CA_FILE/);
});

/* Workers that end as they start, with 2. */
const bare = sharedStack({ nginx: false, edges: 0, turns: 0, ready: false, expect: { exits: [2] } });

/* What stops the worker is told before it is started. */
const ENTRY = { url: 'http://127.0.0.1:9/mcp' };
for (const [what, given, error] of [
  ['an unset variable', { MCP_SERVERS: JSON.stringify({ w: { ...ENTRY, headers: { Authorization: 'Bearer ${MY_TOKEN}' } } }) }, /mcp\.servers: w: headers\.Authorization: \$\{MY_TOKEN\} is not set/],
  ['an address without a scheme', { MCP_SERVERS: '{"w":{"url":"host/mcp"}}' }, /w: url: expected a URL that begins with http/],
  ['no address', { MCP_SERVERS: '{"w":{}}' }, /w: expected "url"/],
  ['a number', { MCP_SERVERS: '{"w":{"url":12}}' }, /w: url: expected a text/],
  ['a bad name', { MCP_SERVERS: '{"a b":{"url":"http://x/mcp"}}' }, /a b: a name is 1 to 64/],
  ['no mapping', { MCP_SERVERS: 'http://x/mcp' }, /mcp\.servers: expected a mapping \{"NAME"/],
  ['a name in both places', { MCP_SERVERS: JSON.stringify({ w: ENTRY }), MCP_CONFIG: JSON.stringify({ mcpServers: { w: ENTRY } }) }, /w: named twice/],
  ['a name twice in the file', { MCP_CONFIG: '{"mcpServers":{"w":{"url":"http://x"},"w":{"url":"http://y"}}}' }, /not JSON: duplicate/],
])
  bare.test(`MCP servers: config check, doctor and the worker tell of ${what}`, async d => {
    const env = { ...given };
    if (env.MCP_CONFIG !== undefined)
      env.MCP_CONFIG = write(d, 'servers.json', env.MCP_CONFIG);
    const t = d.startTurn(env);
    await until(() => t.ended !== null);
    const told = JSON.parse(fs.readFileSync(t.log, 'utf8').split('\n').find(l => /config_refused/.test(l))).what;
    assert.match(told, error);
    const check = await d.cli(['--json', 'config', 'check'], { env });
    assert.equal(check.code, 2);
    assert.deepEqual(JSON.parse(check.stdout).errors, [told]);
    const doctor = await d.cli(['--json', 'doctor'], { env });
    const found = JSON.parse(doctor.stdout).findings.filter(f => f.area === 'configuration');
    assert.deepEqual(found.map(f => [f.level, f.finding]), [['error', told]]);
    assert.match(told, /"url": "https:\/\/HOST\/mcp"|duplicate/);
    /* Who asks no server needs none of its variables. */
    assert.equal((await d.cli(['config', 'show'], { env })).code, /expected a mapping \{/.test(told) ? 2 : 0);
  });

s.test('a broken YAML, a missing file, a wrong variable', async d => {
  const run = async (args, env) => d.cli(args, { env });
  const broken = write(d, 'broken.yaml', 'chat:\n  model: "x\n');
  assert.equal((await run(['config', 'check'], { DRAGOMAN_CONFIG: broken })).code, 2);
  const r = await run(['config', 'check'], { DRAGOMAN_CONFIG: d.file('not-there.yaml') });
  assert.equal(r.code, 2);
  assert.match(r.stdout + r.stderr, /not-there/);
  const v = await run(['config', 'check'], { CHAT_MAX_HISTORY: 'lots' });
  assert.equal(v.code, 2);
  assert.match(v.stdout + v.stderr, /CHAT_MAX_HISTORY/);
  const k = await run(['config', 'check'], { ENCRYPTION_KEY: 'too-short' });
  assert.equal(k.code, 2);
  assert.match(k.stdout + k.stderr, /ENCRYPTION_KEY|encryption_key/);
  assert.doesNotMatch(k.stdout + k.stderr, /too-short/, 'no secret is shown');
});

s.test('config show: values, origins, no secrets', async d => {
  const r = await d.cli(['config', 'show']);
  assert.equal(r.code, 0, r.stderr);
  assert.match(r.stdout, /chat\.persona\.name.*Old Name.*dragoman\.yaml/);
  assert.match(r.stdout, /proxy_secret.*\(set\).*PROXY_SECRET/);
  assert.match(r.stdout, /chat\.max_history.*10.*default/);
  assert.ok(!r.stdout.includes(d.key) && !r.stdout.includes(d.headersOf({})['x-proxy-secret']));
  const j = await d.cli(['config', 'show', '--json']);
  assert.ok(j.json, j.stdout.slice(0, 200));
});

s.test('the environment wins over the file; _FILE and credentials for secrets', async d => {
  const show = async env => (await d.cli(['config', 'show'], { env })).stdout;
  assert.match(await show({ CHAT_PERSONA_NAME: 'From Env' }), /chat\.persona\.name.*From Env.*CHAT_PERSONA_NAME/);
  const file = write(d, 'secret-file', 'from-a-file\n');
  assert.match(await show({ PROXY_SECRET: undefined, PROXY_SECRET_FILE: file }), /proxy_secret.*\(set\).*PROXY_SECRET_FILE/);
  fs.mkdirSync(d.file('creds'), { recursive: true });
  write(d, 'creds/proxy_secret', 'from-credentials');
  assert.match(await show({ PROXY_SECRET: undefined, CREDENTIALS_DIRECTORY: d.file('creds') }), /proxy_secret.*\(set\)/);
  const envFile = write(d, 'my.env', '# comment\nCHAT_PERSONA_NAME="In Env File"\nexport CHAT_MAX_HISTORY=7\n');
  const r = await d.cli(['--env-file', envFile, 'config', 'show']).then(x => x.code === 0 ? x : d.cli(['config', 'show', '--env-file', envFile]));
  assert.match(r.stdout, /In Env File/);
  assert.match(r.stdout, /chat\.max_history.*7/);
});

s.test('names that users know; ignored ones warn', async d => {
  const r = await d.cli(['config', 'check'], { env: { DATABASE_URL: 'postgres://u:pw-planted@h/db', SLACK_APP_TOKEN: 'xapp-planted', CHAT_DB_PATH: '/x' } });
  assert.equal(r.code, 0, r.stderr);
  const text = r.stdout + r.stderr;
  assert.match(text, /DATABASE_URL/);
  assert.match(text, /SLACK_APP_TOKEN/);
  assert.doesNotMatch(text, /pw-planted|xapp-planted/);
  const tech = write(d, 'config.tech.yaml', 'server:\n  port: 9001\n  other: x\nchat:\n  model: gpt-tech\n  host: openai\n  db_path: data/proxy.db\nunknown_section:\n  a: 1\n');
  const t = await d.cli(['config', 'show'], { env: { DRAGOMAN_CONFIG: undefined, CONFIG_PATH: tech }, config: true });
  assert.equal(t.code, 0, t.stderr);
  assert.match(t.stdout, /chat\.model.*gpt-tech/);
  assert.match(t.stdout, /server\.port.*9001/);
});

s.test('encryption keys: url-safe base64, a password instead, and its warnings', async d => {
  const check = env => d.cli(['config', 'check'], { env });
  assert.equal((await check({ ENCRYPTION_KEY: Buffer.alloc(32, 0xfb).toString('base64url') })).code, 0);
  assert.equal((await check({ ENCRYPTION_KEY: Buffer.alloc(32, 0xfb).toString('base64') })).code, 0);
  const weak = await check({ ENCRYPTION_KEY: undefined, MASTER_PASSWORD: 'abc' });
  assert.equal(weak.code, 0, weak.stderr);
  assert.match(weak.stdout + weak.stderr, /MASTER_PASSWORD|master_password/);
  assert.match(weak.stdout + weak.stderr, /salt/i);
  const none = await check({ ENCRYPTION_KEY: undefined });
  assert.notEqual(none.code, 0, 'nothing to seal with');
});

s.test('several keys and an undecided model is an error', async d => {
  const r = await d.cli(['config', 'check'], { env: { DRAGOMAN_CONFIG: write(d, 'none.yaml', 'log: {level: info}\n'), LLM_MODEL: 'mystery-9' } });
  assert.equal(r.code, 2, r.stdout + r.stderr);
  assert.match(r.stdout + r.stderr, /chat\.host|CHAT_HOST/);
});

s.test('SIGHUP reads it again; a wrong one is refused and the old one stays', async d => {
  const system = async () => { d.model.clear(); await d.say('hup', 'x'); return d.model.last().system; };
  assert.match(await system(), /Old Name/);
  d.options.settings.chat.persona.name = 'New Name';
  d.writeSettings();
  for (const w of [...d.edges, ...d.turns]) w.signal('SIGHUP');
  await until(async () => /New Name/.test(await system()), { every: 100 });
  d.writeSettings('chat:\n  persona:\n    name: Wrong\n  max_history: many\n');
  for (const w of [...d.edges, ...d.turns]) w.signal('SIGHUP');
  await until(() => ['edge', 'turn'].every(n => d.logs(n).some(l => l.level === 'error' && /max_history/.test(JSON.stringify(l)))), { what: 'the error is logged' });
  assert.match(await system(), /New Name/);
  for (const w of [...d.edges, ...d.turns]) assert.equal(w.ended, null);
  d.options.settings.chat.persona.name = 'Old Name';
  d.writeSettings(); /* as it was */
  for (const w of [...d.edges, ...d.turns]) w.signal('SIGHUP');
  await until(async () => /Old Name/.test(await system()), { every: 100 });
});

bare.test('programs with a wrong configuration end with 2 and say why', async d => {
  const env = { LOG_LEVLE: 'debug', DRAGOMAN_CONFIG: write(d, 'many.yaml', 'chat:\n  max_history: many\n') };
  const t = d.startTurn(env);
  const e = d.startEdge(env);
  await until(() => t.ended !== null && e.ended !== null);
  assert.equal(t.ended, 2);
  assert.equal(e.ended, 2);
  for (const w of [t, e]) {
    /* JSON from the first line on; the last one says what to do. */
    const lines = fs.readFileSync(w.log, 'utf8').trim().split('\n').map(l => JSON.parse(l));
    assert.ok(lines.some(l => l.event === 'config_refused' && /max_history/.test(l.what)));
    assert.equal(lines.at(-1).level, 'error');
    assert.match(lines.at(-1).remedy, /config check/);
    assert.ok(lines.some(l => l.event === 'config_warned' && /LOG_LEVLE.*did you mean LOG_LEVEL/.test(l.what)));
  }
});

bare.test('a log file that cannot be written is told at the start', async d => {
  const e = d.startEdge({ LOG_FILE: '/nowhere/dragoman.log' });
  await until(() => /"event":"log_failed"/.test(fs.readFileSync(e.log, 'utf8')), { what: 'it is logged' });
  assert.match(fs.readFileSync(e.log, 'utf8'), /"event":"log_failed".*"file":"\/nowhere\/dragoman\.log".*"remedy":"give/);
  const check = await d.cli(['config', 'check'], { env: { LOG_FILE: '/nowhere/dragoman.log' } });
  assert.match(check.stdout, /warning: .*log\.file: \/nowhere\/dragoman\.log cannot be written: No such file/);
});

s.test('a worker with another sealing key ends with 2 and writes nothing', async d => {
  await d.say('key', 'x');
  const w = d.startTurn({ ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') });
  await until(() => w.ended !== null);
  assert.equal(w.ended, 2);
  d.turns = d.turns.filter(t => t !== w);
  assert.match(fs.readFileSync(w.log, 'utf8'), /key/i);
});

testWith({ edges: 1, turns: 1, env: { SQL_ECHO: 'true' } }, 'SQL_ECHO logs commands and keys, no values', async d => {
  await d.say('echoed', 'a planted secret text');
  const text = fs.readdirSync(d.file('log')).map(f => fs.readFileSync(d.file(`log/${f}`), 'utf8')).join('');
  assert.match(text, /:chat:default\/http\/echoed/);
  assert.ok(!text.includes('planted secret text'));
});
