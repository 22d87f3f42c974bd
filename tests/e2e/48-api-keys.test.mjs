/*
 * dragoman key: API keys are made, listed, rotated and revoked; a key is shown
 * once, and is in no list, log, argument or byte of Redis.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { randomBytes } from 'node:crypto';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const KEY = /dm_default_[0-9A-Za-z]{43}(?![0-9A-Za-z])/g;
const T = '{tenant:default}:';
const s = sharedStack({ edges: 1, turns: 1, settings: { log: { level: 'debug' } }, env: { SQL_ECHO: 'true' } });

const made = [];
async function run(d, ...args) {
  const r = await d.cli(['key', ...args]);
  made.push(...r.stdout.match(KEY) ?? []);
  return r;
}
async function well(d, ...args) {
  const r = await run(d, ...args);
  assert.equal(r.code, 0, `${args.join(' ')}: ${r.stdout}${r.stderr}`);
  return r;
}
const list = async d => (await well(d, 'list', '--json')).json.keys;

s.test('none, made, listed', async d => {
  assert.match((await well(d, 'list')).stdout, /no API key; to make one: .*dragoman key create --name/);
  assert.deepEqual(await list(d), []);

  const r = await well(d, 'create', '--name', 'n8n', '--role', 'write');
  const keys = r.stdout.match(KEY);
  assert.equal(keys.length, 1, 'it is shown once');
  assert.match(r.stdout, /^API key n8n: role write, tools all, expires never\n/);
  /* What is to be pasted is JSON, with the address and the key. */
  const paste = JSON.parse(r.stdout.slice(r.stdout.indexOf('{')));
  assert.deepEqual(Object.keys(paste.mcpServers.dragoman), ['url', 'headers']);
  assert.match(paste.mcpServers.dragoman.url, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  assert.equal(paste.mcpServers.dragoman.headers.Authorization, `Bearer ${keys[0]}`);

  const last = await well(d, 'create', '--name', 'ci', '--role=read', '--tools', 'fs__*, echo', '--expires', '90d',
    '--allow', '10.0.0.0/8,2001:DB8::/32,::ffff:192.0.2.7', '--rate', '30', '--print-secret');
  assert.match(last.stdout.trimEnd().split('\n').at(-1), /^dm_default_[0-9A-Za-z]{43}$/);
  assert.equal(last.stdout.match(KEY).length, 1);

  const json = await well(d, 'create', '--name', 'boss', '--role', 'admin', '--rate', '0', '--json');
  assert.match(json.json.key, KEY);
  assert.deepEqual([json.json.name, json.json.role, json.json.rate], ['boss', 'admin', 0]);

  const all = await list(d);
  assert.deepEqual(all.map(k => k.name), ['boss', 'ci', 'n8n']);
  const ci = all[1];
  assert.deepEqual([ci.role, ci.tools, ci.allow, ci.rate], ['read', ['fs__*', 'echo'], ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'], 30]);
  assert.ok(Math.abs(ci.expires_ms - Date.now() - 90 * 86400e3) < 60e3);
  assert.deepEqual([ci.used_ms, ci.replaced, ci.ended, ci.damaged], [null, false, false, false]);
  assert.ok(Math.abs(ci.created_ms - Date.now()) < 60e3);
  assert.deepEqual([all[2].expires_ms, all[2].rate, all[2].tools], [null, null, []]);

  const text = (await well(d, 'list')).stdout;
  assert.match(text, /^NAME +ID +ROLE +CREATED +LAST USED +EXPIRES +TOOLS\n/);
  assert.match(text, new RegExp(`ci +${ci.id.slice(0, 8)} read .* never +in 89 d +fs__\\*,echo\n`));
  assert.match(text, /n8n .* write .* never +never +all\n/);
});

s.test('what is wrong is said, and makes no key', async d => {
  const before = await list(d);
  const cases = [
    [['create'], /--name is missing: dragoman key create --name n8n --role write/],
    [['create', '--name', 'x'], /--role is missing/],
    [['create', '--name', 'a b', '--role', 'read'], /letters, digits and _ \. -, found "a b"/],
    [['create', '--name', '', '--role', 'read'], /letters, digits/],
    [['create', '--name', 'x'.repeat(65), '--role', 'read'], /1 to 64 letters/],
    [['create', '--name', 'x\u001b[31m', '--role', 'read'], /letters, digits/],
    [['create', '--name', 'x', '--role', 'owner'], /--role: expected read, write or admin, found "owner"/],
    [['create', '--name', 'x', '--role', 'read', '--allow', '10.0.0.1/8'], /--allow: "10\.0\.0\.1\/8": the address does not begin the range/],
    [['create', '--name', 'x', '--role', 'read', '--allow', '10.0.0.0/8,here'], /--allow: "here": expected an address or a range, such as 10\.0\.0\.7/],
    [['create', '--name', 'x', '--role', 'read', '--allow', '::/129'], /from 0 to 128/],
    [['create', '--name', 'x', '--role', 'read', '--allow', ''], /--allow: ""/],
    [['create', '--name', 'x', '--role', 'read', '--tools', 'a,,b'], /--tools: "": expected a name/],
    [['create', '--name', 'x', '--role', 'read', '--tools', 'a b'], /--tools: "a b"/],
    [['create', '--name', 'x', '--role', 'read', '--tools', Array(65).fill('t').join()], /--tools: more than 64/],
    [['create', '--name', 'x', '--role', 'read', '--expires', 'soon'], /--expires: expected a time such as 12h or 90d/],
    [['create', '--name', 'x', '--role', 'read', '--expires', '10s'], /from 1m to 3650d/],
    [['create', '--name', 'x', '--role', 'read', '--rate', '-1'], /--rate: expected a whole number from 0/],
    [['create', '--name', 'x', '--role', 'read', 'more'], /does not take "more"/],
    [['rotate'], /usage: dragoman key rotate NAME/],
    [['rotate', 'n8n', '--overlap', 'long'], /--overlap: expected a time/],
    [['revoke'], /usage: dragoman key revoke NAME/],
    [['revoke', 'a b'], /letters, digits/],
    [['list', 'x'], /does not take "x"/],
  ];
  for (const [args, message] of cases) {
    const r = await run(d, ...args);
    assert.equal(r.code, 2, `${args.join(' ')}: ${r.stdout}${r.stderr}`);
    assert.match(r.stderr, message);
    assert.doesNotMatch(r.stderr, /\u001b\[31m/);
    assert.equal(r.stdout, '');
  }
  for (const [args, message] of [
    [['create', '--name', 'n8n', '--role', 'read'], /an API key named n8n already: choose another name, or replace that one: .*dragoman key rotate n8n/],
    [['rotate', 'nobody'], /no API key named nobody; .*dragoman key list names them/],
    [['revoke', 'nobody'], /no API key named nobody/],
  ]) {
    const r = await run(d, ...args);
    assert.equal(r.code, 1, r.stdout);
    assert.match(r.stderr, message);
  }
  assert.deepEqual(await list(d), before);
});

s.test('rotated and revoked', async d => {
  const version = async () => Number(await d.redis.hget(`${T}version`, 'keys'));
  const before = await version();
  const r = await well(d, 'rotate', 'ci', '--overlap', '2h', '--print-secret');
  assert.notEqual(r.stdout.match(KEY)[0], made[1]);
  const [fresh, old] = (await list(d)).filter(k => k.name === 'ci');
  assert.deepEqual([fresh.replaced, old.replaced], [false, true]);
  assert.deepEqual([fresh.role, fresh.tools, fresh.allow, fresh.rate], [old.role, old.tools, old.allow, old.rate]);
  assert.ok(Math.abs(old.ends_ms - Date.now() - 2 * 3600e3) < 60e3);
  assert.match((await well(d, 'list')).stdout, /ci .* in 1 h +fs__\*,echo {2}\(replaced\)\n/);
  await well(d, 'rotate', 'ci', '--overlap', '0');
  assert.ok((await list(d)).filter(k => k.name === 'ci').slice(1).every(k => k.ended));
  assert.equal(await version(), before + 2);

  const gone = await well(d, 'revoke', 'ci');
  assert.match(gone.stdout, /ci is revoked: the next request with it is refused/);
  assert.deepEqual((await list(d)).map(k => k.name), ['boss', 'n8n']);
  assert.equal(await version(), before + 3);
  await well(d, 'create', '--name', 'ci', '--role', 'read');
  assert.deepEqual((await well(d, 'revoke', 'ci', '--json')).json, { name: 'ci', revoked: 1 });
});

s.test('many at once make one of each name', async d => {
  const all = await Promise.all(Array.from({ length: 8 }, () => run(d, 'create', '--name', 'once', '--role', 'read')));
  assert.deepEqual(all.map(r => r.code).sort(), [0, 1, 1, 1, 1, 1, 1, 1]);
  const turned = await Promise.all(Array.from({ length: 3 }, () => run(d, 'rotate', 'once', '--overlap', '1h')));
  for (const r of turned) assert.ok(r.code === 0 || /try again/.test(r.stderr), r.stderr);
  const done = turned.filter(r => r.code === 0).length;
  assert.equal((await list(d)).filter(k => k.name === 'once').length, 1 + done);
  await well(d, 'revoke', 'once');
});

s.test('a key is nowhere but where it was shown', async d => {
  const secrets = [...new Set(made)].map(k => k.slice('dm_default_'.length));
  assert.ok(secrets.length >= 7, 'keys were made');
  const look = (where, text) => {
    for (const secret of secrets) assert.ok(!text.includes(secret), `a key is in ${where}`);
  };
  for (const f of fs.readdirSync(d.file('log'))) if (f !== 'cli') look(`log/${f}`, fs.readFileSync(d.file(`log/${f}`), 'latin1'));
  for (const key of await d.redis.keys('*')) {
    look('a name in Redis', key);
    look(key, (await d.redis.dumpBuffer(key))?.toString('latin1') ?? '');
  }
  const aof = execFileSync('find', [d.dir, '-path', '*appendonly*', '-type', 'f'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  assert.ok(aof.length > 0);
  for (const f of aof) look(f, fs.readFileSync(f, 'latin1'));
  for (const args of [['key', 'list'], ['key', 'list', '--json'], ['doctor', '--json'], ['config', 'show']]) {
    const r = await d.cli(args);
    look(args.join(' '), r.stdout + r.stderr);
  }
});

s.test('encryption keys change under them', async d => {
  const file = d.file('more_keys'), other = randomBytes(32).toString('base64');
  fs.writeFileSync(file, `${other},${d.key}\n`, { mode: 0o600 });
  const env = { ENCRYPTION_KEY: undefined, ENCRYPTION_KEY_FILE: file };
  const r = await d.cli(['keys', 'reseal', '--json'], { env });
  assert.equal(r.code, 0, r.stderr);
  assert.equal(r.json.resealed >= 2, true);
  fs.writeFileSync(file, `${other}\n`);
  const only = (await d.cli(['key', 'list', '--json'], { env })).json.keys;
  assert.deepEqual(only.map(k => [k.name, k.damaged]), [['boss', false], ['n8n', false]]);
  fs.writeFileSync(file, `${d.key},${other}\n`);
  assert.equal((await d.cli(['keys', 'reseal'], { env })).code, 0);
  assert.ok((await list(d)).every(k => !k.damaged));
});

s.test('what others wrote is named, and deleting it heals', async d => {
  const doctor = async () => JSON.stringify((await d.cli(['doctor', '--json'])).json);
  const n8n = (await list(d)).find(k => k.name === 'n8n');
  await d.redis.hset(`${T}key:${n8n.id}`, 'doc', 'forged');
  assert.match(await doctor(), new RegExp(`${T}key:${n8n.id}.*dragoman key revoke n8n`));
  assert.match((await well(d, 'list')).stdout, /n8n .*damaged: it is refused; .*dragoman doctor says more/);
  const turn = await run(d, 'rotate', 'n8n');
  assert.equal(turn.code, 1);
  assert.match(turn.stderr, /changed by somebody else: .*dragoman doctor/);
  await well(d, 'revoke', 'n8n');
  assert.doesNotMatch(await doctor(), new RegExp(n8n.id));

  const kept = await d.redis.hgetall(`${T}keys`);
  await d.redis.del(`${T}keys`);
  await d.redis.set(`${T}keys`, 'x');
  for (const args of [['list'], ['create', '--name', 'new', '--role', 'read'], ['rotate', 'boss'], ['revoke', 'boss']]) {
    const r = await run(d, ...args);
    assert.equal(r.code, 1, r.stdout);
    assert.match(r.stderr, /changed by somebody else: .*dragoman doctor shows what is damaged/);
  }
  assert.match(await doctor(), new RegExp(`${T}keys`));
  await d.redis.del(`${T}keys`);
  assert.deepEqual(await list(d), []);
  await d.redis.hset(`${T}keys`, kept);
  assert.deepEqual((await list(d)).map(k => k.name), ['boss']);
});

s.test('without Redis it says so', async d => {
  for (const args of [['list'], ['create', '--name', 'x', '--role', 'read'], ['revoke', 'boss']]) {
    const r = await d.cli(['key', ...args], { env: { REDIS_URL: `unix://${d.file('nowhere.sock')}` } });
    assert.equal(r.code, 3, r.stdout);
    assert.match(r.stderr, /Redis does not answer/);
  }
});

testWith({ edges: 1, turns: 1 }, 'they go along to another prefix', async d => {
  const r = await well(d, 'create', '--name', 'n8n', '--role', 'write');
  assert.equal(r.code, 0);
  for (const w of [...d.edges, ...d.turns]) await d.stopAndWait(w);
  const env = { REDIS_PREFIX: 'moved:' };
  await until(async () => (await d.cli(['prefix', 'move', d.prefix], { env })).code === 0, { ms: 20000, what: 'the workers are forgotten' });
  assert.deepEqual((await d.cli(['key', 'list', '--json'], { env })).json.keys.map(k => k.name), ['n8n']);
  assert.deepEqual(await d.redis.keys(`${T}*`), []);
});
