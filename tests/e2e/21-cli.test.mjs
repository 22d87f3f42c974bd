/*
 * The dragoman command: each word of it, as text and as --json.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { randomBytes } from 'node:crypto';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ settings: { turns: { lease: '1s' } } });

s.test('version, help, and what is no command', async d => {
  const v = await d.cli(['version']);
  assert.equal(v.code, 0);
  assert.match(v.stdout, /\d+\.\d+\.\d+/);
  assert.match((await d.cli(['version', '--json'])).json.version, /^\d+\.\d+\.\d+/);
  assert.equal((await d.cli(['--help'])).code, 0);
  const r = await d.cli(['frobnicate']);
  assert.ok(r.code !== 0);
  assert.match(r.stderr, /frobnicate/);
  assert.doesNotMatch(v.stdout + r.stderr, /\u001b\[/, 'no colours off a terminal');
});

s.test('init makes secrets that only their user reads, and does not overwrite', async d => {
  const dir = d.file('init');
  fs.mkdirSync(dir);
  const r = await d.cli(['init', dir]).then(async x => x.code === 0 ? x : d.cli(['init', '--dir', dir]));
  assert.equal(r.code, 0, r.stdout + r.stderr);
  const files = fs.readdirSync(dir, { recursive: true }).map(f => `${dir}/${f}`).filter(f => fs.statSync(f).isFile());
  assert.ok(files.length > 0);
  for (const f of files.filter(x => /secret|key/i.test(x))) assert.equal(fs.statSync(f).mode & 0o077, 0, f);
  const before = files.map(f => fs.readFileSync(f, 'utf8'));
  await d.cli(['init', dir]);
  assert.deepEqual(files.map(f => fs.readFileSync(f, 'utf8')), before);
});

s.test('doctor says what is well and what is not, with a remedy', async d => {
  const r = await d.cli(['doctor']);
  assert.ok([0, 1].includes(r.code), r.stdout + r.stderr);
  assert.match(r.stdout, /redis/i);
  const j = await d.cli(['doctor', '--json']);
  assert.ok(j.json, j.stdout.slice(0, 300));
  await d.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const bad = await d.cli(['doctor']);
  assert.match(bad.stdout, /noeviction/);
  assert.notEqual(bad.code, 0);
  await d.redis.config('SET', 'maxmemory-policy', 'noeviction');
  const down = await d.cli(['doctor'], { env: { REDIS_URL: 'unix:///nowhere/redis.sock' } });
  assert.notEqual(down.code, 0);
  assert.match(down.stdout + down.stderr, /redis/i);
});

s.test('doctor sees versions that differ, of edges and of turn workers', async d => {
  const { version } = (await d.cli(['version', '--json'])).json;
  const commits = async () => (await d.cli(['doctor', '--json'])).json.findings.filter(f => /is version/.test(f.finding));
  await until(async () => (await d.redis.zcard('{fleet}:edges')) === 2, { what: 'both edges report' });
  assert.deepEqual(await commits(), [], 'all are one version');
  assert.match((await d.cli(['doctor'])).stdout, /@\S+ runs: \d+ requests wait in it/);
  const other = `${version.split('+')[0]}+0123456789ab`;
  for (const [list, kind] of [['edges', 'edge'], ['workers', 'worker']]) {
    await d.redis.zadd(`{fleet}:${list}`, Date.now() + 60000, `older-${kind}`);
    await d.redis.set(`{fleet}:${kind}:older-${kind}`, JSON.stringify({ id: `older-${kind}`, host: 'h', version: other, format: 2 }), 'PX', 60000);
  }
  const found = await commits();
  assert.deepEqual(found.map(f => [f.level, f.area]).sort(), [['warning', 'edge'], ['warning', 'workers']]);
  for (const f of found) assert.ok(f.finding.includes(`is version ${other}, this is ${version}`), f.finding);
  for (const [list, kind] of [['edges', 'edge'], ['workers', 'worker']]) {
    await d.redis.zrem(`{fleet}:${list}`, `older-${kind}`);
    await d.redis.del(`{fleet}:${kind}:older-${kind}`);
  }
});

/* What doctor finds with ${env}; each finding that is no ok has a remedy, which is not the finding. */
const findings = async (d, env = {}) => {
  const r = await d.cli(['doctor', '--json'], { env });
  assert.ok(r.json, r.stdout + r.stderr);
  for (const f of r.json.findings.filter(x => x.level !== 'ok'))
    assert.ok(f.advice && !f.finding.includes(f.advice), JSON.stringify(f));
  return r.json.findings;
};
const find = (list, what) => list.find(f => what.test(f.finding)) ?? assert.fail(`${what} is not in ${JSON.stringify(list, null, 1)}`);

s.test('doctor: what Redis must be, and the line that makes it so', async d => {
  const cli = `redis-cli -s ${d.file('redis.sock')} `;
  const list = await findings(d, { REDIS_DURABILITY: 'replica' });
  const none = find(list, /no replica is connected: every message is refused/);
  assert.equal(none.level, 'error');
  assert.match(none.advice, /^start the replica .* redis\.durability \(REDIS_DURABILITY\) to aof$/);
  assert.match(find(list, /min-replicas-to-write is not set/).advice, /CONFIG SET min-replicas-to-write 1, and the same line/);
  await d.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await d.redis.config('SET', 'appendonly', 'no');
  const bad = await findings(d);
  for (const [what, line] of [[/maxmemory-policy/, 'maxmemory-policy noeviction'], [/appendonly/, 'appendonly yes']]) {
    const { advice } = find(bad, what);
    assert.ok(advice.startsWith(`${cli}CONFIG SET ${line}, `), advice);
    assert.equal((await d.redis.call(...advice.slice(cli.length).split(',')[0].split(' '))), 'OK');
  }
  assert.deepEqual((await findings(d)).filter(f => f.area === 'redis' && f.level !== 'ok'), []);
});

s.test('doctor names the way in which this installation was started, and no other', async d => {
  const line = '/opt/dragoman/deploy/quickstart --state /tmp/q';
  const list = await findings(d, { DRAGOMAN_STATE: '/tmp/q', DRAGOMAN_QUICKSTART: line, REDIS_PREFIX: 'elsewhere:' });
  assert.equal(find(list, /no turn worker runs/).advice, `${line} --restart; ${line} --logs says why it ends`);
  assert.match(find(list, /they do not see each other/).advice, new RegExp(`, then: ${line} --restart$`));
  for (const f of list.filter(x => x.advice))
    assert.doesNotMatch(f.advice.replaceAll(line, ''), /quickstart|systemctl|dragoman-turn --config/, f.advice);
  const hand = await findings(d, { REDIS_PREFIX: 'elsewhere:' });
  for (const f of hand.filter(x => x.advice)) assert.doesNotMatch(f.advice, /quickstart/, f.advice);
});

s.test('doctor asks the model\'s server, at no cost', async d => {
  const of = async env => (await d.cli(['doctor', '--json'], { env })).json.findings.filter(f => f.area === 'model');
  const asked = d.model.requests.length;
  assert.deepEqual((await of({})).map(f => [f.level, f.finding]), [['ok', 'openai answers for gpt-test']]);
  d.model.models = ['gpt-other', 'llama3:latest'];
  assert.match((await of({ LLM_MODEL: 'gpt-never-asked' }))[0].finding, /does not list gpt-never-asked/);
  assert.equal((await of({ LLM_MODEL: 'llama3' }))[0].level, 'ok');
  d.model.models = [];
  const denied = (await of({ OPENAI_API_KEY: 'sk-mistyped-0000' }))[0];
  assert.equal(denied.level, 'error');
  assert.match(denied.finding, /rejects the API key/);
  assert.match(denied.advice, /OPENAI_API_KEY/);
  assert.deepEqual(await of({ OPENAI_API_KEY: undefined }), [], 'who has no key cannot tell');
  const gone = (await of({ LLM_BASE_URL: 'http://127.0.0.1:9/v1' }))[0];
  assert.equal(gone.level, 'error');
  assert.match(gone.finding, /does not answer/);
  const claude = { CHAT_HOST: 'anthropic', LLM_MODEL: 'claude-test', LLM_BASE_URL: d.model.anthropic };
  assert.equal((await of(claude))[0].finding, 'anthropic answers for claude-test');
  assert.equal(d.model.requests.length, asked, 'no question, no tokens');
  const none = { LLM_BASE_URL: `${d.model.url}/api/chat` };
  const [wrong] = await of(none);
  assert.equal(wrong.level, 'error');
  assert.match(wrong.finding, /address is wrong: no list of models \(status 404\)/);
  assert.equal(wrong.advice, `set llm.base_url (LLM_BASE_URL) to ${d.model.openai}: tried, it answers there`);
  assert.equal((await of({ LLM_BASE_URL: `${none.LLM_BASE_URL}?api-version=7` }))[0].level, 'ok', 'Azure has no list');
  d.model.clear(); /* what it refused was meant */
});

s.test('chat: one message by argument or pipe, streamed or not', async d => {
  const url = { SERVER_PUBLIC_URL: `http://127.0.0.1:${d.port}`, SERVER_PORT: String(d.port) };
  for (const args of [['chat'], ['chat', '--stream']]) {
    const r = await d.cli(args, { env: url, input: 'hello from a pipe\n' });
    assert.equal(r.code, 0, r.stdout + r.stderr);
    assert.match(r.stdout, /You said: hello from a pipe/);
    assert.doesNotMatch(r.stdout, /\u001b\[/);
  }
  d.model.push({ text: 'evil \u001b[31mred\u001b[0m \u0007bell' });
  const r = await d.cli(['chat'], { env: url, input: 'x\n' });
  assert.doesNotMatch(r.stdout, /\u001b|\u0007/, 'control characters are stripped');
  assert.match(r.stdout, /evil/);
  const text = 'c1 \u009b31m \u0085 and \u202ebidi, \u6f22\u5b57';
  d.model.push({ text });
  const j = await d.cli(['chat', '--json'], { env: url, input: 'x\n' });
  assert.doesNotMatch(j.stdout, /[\u0080-\u009f\u202e]/, 'nor does JSON rule a terminal');
  assert.equal(JSON.parse(j.stdout).reply, text);
  assert.match(j.stdout, /\u6f22\u5b57/);
});

s.test('turns list and show, while one runs', async d => {
  let go;
  d.model.clear();
  d.model.push({ text: 'x', hang: new Promise(resolve => { go = resolve; }) });
  const running = d.chat({ chat_id: 'shown', message: 'secret words' });
  await until(() => d.model.requests.length === 1);
  const list = await d.cli(['turns', 'list']);
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /default\/http\/shown/);
  const j = await d.cli(['turns', 'list', '--json']);
  assert.match(JSON.stringify(j.json), /default\/http\/shown/);
  const show = await d.cli(['turns', 'show', 'default/http/shown']);
  assert.equal(show.code, 0, show.stderr);
  assert.doesNotMatch(show.stdout, /secret words/);
  assert.match(show.stdout, /^state +active$/m, 'as /chat says');
  go();
  await running;
  assert.notEqual((await d.cli(['turns', 'show', 'not a chat name'])).code, 0);
});

s.test('dead letters: listed, replayed dry and for good', async d => {
  /* Its worker has died as often as one may: 11-kill does so. */
  assert.equal((await d.cli(['pause'])).code, 0);
  const answer = d.chat({ chat_id: 'letter', message: 'kill me' }, { ms: 120000 });
  await until(async () => (await d.counts()).waiting === 1);
  const [record] = await d.redis.keys('*:chat:default/http/letter');
  await d.redis.hset(record, 'crashes', 5);
  assert.equal((await d.cli(['resume'])).code, 0);
  assert.match((await answer).json.reply, /^Sorry/);
  assert.equal(d.model.requests.length, 0);
  const dead = await d.cli(['turns', 'dead', '--json']);
  assert.equal(dead.code, 0, dead.stderr);
  const letters = Array.isArray(dead.json) ? dead.json : dead.json.dead ?? dead.json.letters ?? Object.values(dead.json)[0];
  const letter = letters.find(l => l.chat === 'default/http/letter');
  assert.ok(letter, dead.stdout);
  assert.match((await d.cli(['turns', 'dead'])).stdout, /letter/);
  const dry = await d.cli(['turns', 'replay', letter.id, '--dry-run']);
  assert.equal(dry.code, 0, dry.stdout + dry.stderr);
  assert.equal((await d.counts()).waiting, 0);
  const other = await d.cli(['turns', 'replay', letter.id, '--dry-run', '--model', 'gpt-other', '--json']);
  assert.equal(other.code, 0, other.stdout + other.stderr);
  assert.equal(other.json.backend, 'openai/gpt-other');
  assert.match(other.json.reply, /kill me/);
  assert.equal(d.model.last().body.model, 'gpt-other');
  assert.equal((await d.cli(['turns', 'replay', letter.id, '--model', 'gpt-other'])).code, 2, 'a real one goes to the model of the workers');
  assert.equal(d.events('turn_done').filter(l => l.chat === 'default/http/letter' && l.end === 'replied').length, 0);
  const r = await d.cli(['turns', 'replay', letter.id]);
  assert.equal(r.code, 0, r.stdout + r.stderr);
  await d.settled();
  assert.equal(d.model.last().lastUser, 'kill me');
  assert.notEqual((await d.cli(['turns', 'replay', '1-1'])).code, 0);
});

s.test('pause and resume as JSON', async d => {
  assert.equal((await d.cli(['pause', '--json'])).json.paused, true);
  assert.equal((await d.cli(['resume', '--json'])).json.paused, false);
});

testWith({ edges: 1, turns: 1 }, 'format: what records are written as, raised once no older worker lives', async d => {
  const KEY = '{fleet}:format';
  const show = async () => (await d.cli(['format', 'show', '--json'])).json;
  assert.deepEqual(await show(), { stored: 3, written: 3, newest: 3 });
  assert.match((await d.cli(['format', 'show'])).stdout, /written as version 3; .* up to 3\n$/);
  for (const n of ['0', '4', 'two', '2x', '']) {
    const r = await d.cli(['format', 'set', n]);
    assert.equal(r.code, 2, n);
    assert.match(r.stderr, /from 1 to 3/);
  }

  const down = await d.cli(['format', 'set', '1']);
  assert.equal(down.code, 0, down.stderr);
  assert.match(down.stdout, /written as version 1;[^]*no worker of an older release[^]*format set 3/);
  assert.equal(await d.redis.get(KEY), '1');
  assert.match((await d.say('old', 'hi')).reply, /You said: hi/);

  /* A worker of the release before, which does not say what it reads. */
  await d.redis.zadd('{fleet}:workers', Date.now(), 'older');
  await d.redis.set('{fleet}:worker:older', JSON.stringify({ id: 'older', version: '0.0.9' }));
  const refused = await d.cli(['format', 'set', '2']);
  assert.equal(refused.code, 1, refused.stdout);
  assert.match(refused.stderr, /worker older reads versions up to 1 only/);
  assert.equal(await d.redis.get(KEY), '1', 'unchanged');
  assert.equal((await d.cli(['format', 'set', '2', '--force'])).code, 0);
  assert.equal(await d.redis.get(KEY), '2');
  await d.redis.del('{fleet}:worker:older');
  await d.redis.zrem('{fleet}:workers', 'older');

  await d.redis.set(KEY, '4');
  assert.match((await d.cli(['format', 'show'])).stdout, /version 4 is stored: a newer release/);
  await d.redis.set(KEY, 'x');
  const damaged = await d.cli(['format', 'show']);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /format set N/);
  assert.equal((await d.cli(['format', 'set', '2'])).code, 0, 'as it says');
  assert.equal((await show()).stored, 2);
  const gone = await d.cli(['format', 'show'], { env: { REDIS_URL: 'unix:///nowhere/redis.sock' } });
  assert.notEqual(gone.code, 0);
});

testWith({ edges: 1, turns: 1 }, 'sealing keys change while it runs, history stays readable', async d => {
  await d.say('keys', 'remember this');
  const old = d.key, fresh = randomBytes(32).toString('base64');
  const restart = async () => {
    for (const w of [...d.turns]) await d.stopAndWait(w);
    for (const e of [...d.edges]) await d.stopAndWait(e);
    d.turns = []; d.edges = [];
    d.startTurn(); d.startEdge();
    await d.ready();
  };
  d.key = `${old},${fresh}`;
  await restart();
  d.key = `${fresh},${old}`;
  await restart();
  await d.say('keys', 'and this');
  const r = await d.cli(['keys', 'reseal'], { env: { ENCRYPTION_KEY: d.key } });
  assert.equal(r.code, 0, r.stdout + r.stderr);
  const again = await d.cli(['keys', 'reseal', '--json'], { env: { ENCRYPTION_KEY: d.key } });
  assert.equal(again.code, 0, again.stderr);
  d.key = fresh;
  await restart();
  d.model.clear();
  await d.say('keys', 'what do you know?');
  const users = d.model.last().body.messages.filter(m => m.role === 'user').map(m => m.content);
  assert.deepEqual(users, ['remember this', 'and this', 'what do you know?']);
});
