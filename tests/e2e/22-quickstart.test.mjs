/*
 * deploy/quickstart: one command from a clone to a served message, and all its
 * options.  It builds into the clone's build/release, which is shared and
 * locked, so that only the first test here waits for a compiler.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Model, OPENAI_KEY } from '../doubles/model.mjs';
import { freePort, SLOW, TOP, until } from './dragoman.mjs';
import { bare, get, QUICKSTART, quickstart, ROOT, run, start, states, stop, top, WORKERS } from './quickstart.mjs';

test('detached: serves, its curl line works as pasted, all commands know it', async () => {
  const state = path.join(top, 'first');
  const before = fs.readdirSync(TOP).sort();
  const { port, curl, err } = await start(state, [], { ms: 280000 });
  assert.match(err, new RegExp(`Dragoman runs: http://127\\.0\\.0\\.1:${port} `));
  assert.match(err, /--listen 0\.0\.0\.0/, 'says how to admit others');
  /* Of the clone only build/ was written. */
  assert.deepEqual(fs.readdirSync(TOP).filter(n => n !== 'build').sort(), before.filter(n => n !== 'build'));

  const said = await run('bash', ['-c', curl]);
  assert.match(JSON.parse(said.out).reply, /message is a command/);

  const status = await quickstart(state, ['--status']);
  assert.equal(status.code, 0);
  assert.match(status.out, new RegExp(`^ready: http://127\\.0\\.0\\.1:${port} `));

  const doctor = await quickstart(state, ['--exec', '--', 'dragoman', '--json', 'doctor']);
  assert.equal(doctor.code, 0, doctor.out + doctor.err);
  JSON.parse(doctor.out); /* nothing of the quickstart's is between */
  if (process.getuid() === 0) { /* others may not look at processes' files */
    const findings = async () => JSON.parse((await quickstart(state, ['--exec', '--', 'dragoman', '--json', 'doctor'])).out).findings.filter(f => f.area === 'logs');
    assert.deepEqual((await findings()).map(f => f.level), ['ok']);
    fs.renameSync(path.join(state, 'log/dragoman.log'), path.join(state, 'log/dragoman.log.1'));
    const lost = await findings();
    assert.equal(lost.length, WORKERS, 'only the processes of this state, each of them');
    for (const f of lost) assert.match(f.finding, /^dragoman-(edge|turn) \(process \d+\) does not write to its log file log\/dragoman\.log$/);
    process.kill(Number(fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8')), 'SIGHUP');
    for (const until = Date.now() + 30000; (await findings())[0].level !== 'ok';) assert.ok(Date.now() < until);
  }
  const show = await quickstart(state, ['--exec', '--', 'dragoman', 'config', 'show'], { env: { LOG_LEVEL: 'debug' } });
  assert.match(show.out, new RegExp(`^server\\.port +${port} `, 'm'));
  assert.match(show.out, /^log\.level +info /m, "the state's environment, not the caller's");
  assert.equal((await quickstart(state, ['--exec', '--', 'sh', '-c', 'exit 7'])).code, 7);

  for (const name of ['encryption_key', 'proxy_secret']) {
    assert.equal(fs.statSync(path.join(state, 'secrets', name)).mode & 0o777, 0o600);
    assert.ok(fs.readFileSync(path.join(state, 'secrets', name)).length >= 43);
  }
  assert.ok(fs.readdirSync(path.join(state, 'redis/appendonlydir')).length > 0);
  assert.ok(fs.statSync(path.join(state, 'log/dragoman.log')).size > 0);
  /* Field 41 of proc(5)'s stat: SCHED_BATCH. */
  const supervisor = fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8').trim();
  const children = fs.readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
  assert.ok(children.length >= WORKERS + 2);
  for (const pid of children)
    assert.equal(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[38], '3');

  /* A second run finds it, a third one after the stop reuses all of it. */
  const again = await quickstart(state, ['--yes', '--detach', '--port', String(port)]);
  assert.equal(again.code, 0);
  assert.match(again.err, /already running/);
  const secret = fs.readFileSync(path.join(state, 'secrets/proxy_secret'), 'utf8');
  await stop(state);
  const third = await start(state);
  assert.equal(fs.readFileSync(path.join(state, 'secrets/proxy_secret'), 'utf8'), secret);
  assert.doesNotMatch(third.err, /building|configuring/);
  await stop(state);
});

test('a state of 89 characters below a folder of root alone, with blanks and quotes', async () => {
  const parent = path.join(top, 'private');
  fs.mkdirSync(parent, { mode: 0o700 });
  const state = `${path.join(parent, 'it\'s a "state" $x %41 ')}${'x'.repeat(100)}`.slice(0, 89);
  const { curl, err } = await start(state);
  const said = await run('bash', ['-c', curl]);
  assert.match(JSON.parse(said.out).reply, /message is a command/);
  const doctor = await quickstart(state, ['--exec', '--', 'dragoman', 'doctor']);
  assert.equal(doctor.code, 0, doctor.out);
  const prefix = async () => /^redis\.prefix +(\S+) /m.exec((await quickstart(state, ['--exec', '--', 'dragoman', 'config', 'show'])).out)?.[1];
  assert.equal(await prefix(), 'dragoman:', 'a new state has a prefix');
  const line = /^Stop it with: (.*)$/m.exec(err)[1];
  assert.equal((await run('bash', ['-c', line])).code, 0);
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  /* One from before there were any goes on without. */
  fs.rmSync(path.join(state, 'redis_prefix'));
  await start(state);
  assert.notEqual(await prefix(), 'dragoman:');
  await stop(state);

  const long = await quickstart(`${state}x`, ['--detach']);
  assert.equal(long.code, 2);
  assert.match(long.err, /longer than 89/);
});

test('several beside each other; a taken port names its owner and proposes a free one', async () => {
  const [a, b] = [path.join(top, 'a'), path.join(top, 'b')];
  const first = await start(a);
  const taken = await quickstart(b, ['--yes', '--detach', '--port', String(first.port)]);
  assert.equal(taken.code, 1);
  const said = new RegExp(`port ${first.port} is already used by nginx \\(process \\d+\\)\\. Choose another port with --port (\\d+), or stop`).exec(taken.err);
  assert.ok(said, taken.err);
  await new Promise((resolve, reject) => {
    const s = net.createServer().on('error', reject);
    s.listen(Number(said[1]), '127.0.0.1', () => s.close(resolve));
  });
  const second = await start(b);
  assert.equal((await get(first.port, '/ready')).status, 200);
  assert.equal((await get(second.port, '/ready')).status, 200);
  await stop(a);
  assert.equal((await get(second.port, '/ready')).status, 200);
  await stop(b);
});

test('settings: environment, --env-file, and files that the workers cannot reach', async () => {
  const state = path.join(top, 'settings');
  const hidden = path.join(top, 'hidden');
  fs.mkdirSync(hidden, { mode: 0o700 });
  const file = (name, text) => { fs.writeFileSync(path.join(hidden, name), text, { mode: 0o600 }); return path.join(hidden, name); };
  const yaml = file('dragoman.yaml', 'chat:\n  host: direct\n  max_history: 7\n  persona: {name: Ann}\nllm: {rounds: 3}\n');
  file('servers_config.json', '{"mcpServers": {"near": {"url": "http://127.0.0.1:1/mcp", "headers": {"X-T": "${TOKEN_OF_NEAR}"}}}}');
  const env_file = file('my.env', [
    '# a comment', 'export CHAT_MAX_HISTORY=9 # more', "CHAT_PERSONA_TONE='calm # not loud'", 'CHAT_PERSONA_TAGLINE="says \\"no\\""',
    'LLM_ROUNDS=4', 'TOKEN_OF_NEAR=t'].join('\n'));
  const { curl, port } = await start(state, ['--env-file', env_file],
    { env: { DRAGOMAN_CONFIG: yaml, PROXY_SECRET_FILE: file('secret', 'first,second\n'), LLM_ROUNDS: '5' } });
  const said = await run('bash', ['-c', curl]);
  assert.match(JSON.parse(said.out).reply, /message is a command/);
  const show = JSON.parse((await quickstart(state, ['--exec', '--', 'dragoman', '--json', 'config', 'show'])).out);
  const values = Object.fromEntries(Object.entries(show).map(([k, v]) => [k, v.value]));
  assert.equal(values['chat.max_history'], '9');
  assert.equal(values['chat.persona.name'], 'Ann');
  assert.equal(values['chat.persona.tone'], 'calm # not loud');
  assert.equal(values['chat.persona.tagline'], 'says "no"');
  assert.equal(values['llm.rounds'], '5', 'the environment wins');
  assert.match(values['mcp.config'], /servers_config\.json$/);
  /* The workers read it: they know the server, which is not there. */
  await until(async () => /"near"/.test((await get(port, '/ready')).text), { what: '/ready names the server' });
  await stop(state);
});

test('--upgrade: other workers, and nobody waits for those that end', async () => {
  const state = path.join(top, 'upgraded');
  const model = await Model.start();
  try {
    const { port } = await start(state, [], { env: { CHAT_HOST: 'openai', LLM_MODEL: 'gpt-test', LLM_BASE_URL: model.openai, OPENAI_API_KEY: OPENAI_KEY } });
    const supervisor = fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8').trim();
    const workers = () => fs.readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ')
      .filter(pid => /^dragoman-/.test(fs.readFileSync(`/proc/${pid}/comm`, 'utf8')));
    const secret = fs.readFileSync(path.join(state, 'secrets/proxy_secret'), 'utf8');
    const chat = (chat_id, message) => run('curl', ['-s', '-m', '25', `http://127.0.0.1:${port}/chat`, '-H', `X-Proxy-Secret: ${secret}`,
      '-H', 'Content-Type: application/json', '-d', JSON.stringify({ chat_id, message })]).then(r => JSON.parse(r.out));
    const former = workers();
    assert.equal(former.length, WORKERS);

    let go;
    model.push({ text: 'slow', hang: new Promise(resolve => { go = resolve; }) });
    const slow = chat('slow', 'think');
    await until(() => model.last()?.lastUser === 'think', { what: 'the model is asked' });
    const upgrade = quickstart(state, ['--upgrade'], { ms: 120000 });
    await until(() => workers().length === WORKERS + former.length, { what: 'both generations', ms: 60000 });
    await until(() => /follows/.test(fs.readFileSync(path.join(state, 'supervisor/log'), 'utf8')), { what: 'the former are told to end' });
    model.push({ text: 'quick' });
    assert.equal((await chat('quick', 'hello')).reply, 'quick');
    assert.ok(workers().some(pid => former.includes(pid)), 'while a former one still ends');
    go();
    assert.equal((await slow).reply, 'slow');
    const r = await upgrade;
    assert.equal(r.code, 0, r.err);
    assert.match(r.err, new RegExp(`Dragoman runs: http://127\\.0\\.0\\.1:${port} `));
    assert.equal(workers().length, WORKERS);
    assert.ok(!workers().some(pid => former.includes(pid)));

    /* Workers that cannot start replace nobody, and their trying is no harm. */
    const second = workers();
    const key = path.join(state, 'secrets/encryption_key');
    const kept = fs.readFileSync(key);
    fs.writeFileSync(key, `${'A'.repeat(43)}=\n`);
    const failed = await quickstart(state, ['--upgrade'], { env: { QUICKSTART_WAIT: '3' } });
    assert.equal(failed.code, 1, failed.err);
    assert.match(failed.err, /dragoman-edge \d+ goes on[^]*not all workers could be changed: this Redis was encrypted with another ENCRYPTION_KEY: give that one/);
    assert.ok(second.every(pid => workers().includes(pid)));
    assert.equal((await chat('quick', 'hello again')).state, 'active');
    fs.writeFileSync(key, kept);
    await until(() => !workers().some(pid => second.includes(pid)), { what: 'the next try serves' });

    /* Stopped in the middle: what runs ends first. */
    model.push({ text: 'late', hang: new Promise(resolve => { go = resolve; }) });
    const late = chat('slow', 'again');
    await until(() => model.last()?.lastUser === 'again', { what: 'the model is asked' });
    const cut = quickstart(state, ['--upgrade']);
    await until(() => fs.readFileSync(path.join(state, 'supervisor/log'), 'utf8').split('follows').length === 3 * WORKERS + 1, { what: 'the former are told to end' });
    const stopped = stop(state);
    await until(() => fs.readFileSync(path.join(state, 'supervisor/log'), 'utf8').includes('stopping'), { what: 'it stops' });
    go();
    assert.equal((await late).reply, 'late');
    await stopped;
    /* It was done a moment before, or says that nobody serves. */
    const last = await cut;
    assert.ok(last.code === 0 || /the supervisor has ended|no message can be answered/.test(last.err), last.err);
  } finally {
    await model.stop();
  }
});

test('a model that does not answer, or not to this key, is told at the start', async () => {
  const state = path.join(top, 'model');
  const model = await Model.start();
  const env = { CHAT_HOST: 'openai', LLM_MODEL: 'gpt-test', LLM_BASE_URL: model.openai };
  try {
    assert.match((await start(state, [], { env: { ...env, OPENAI_API_KEY: 'sk-mistyped-0000' } })).err, /^error +model .*rejects the API key.*\n.*OPENAI_API_KEY\)$/m);
    /* At once: a script that asks next is not told that all is well. */
    const status = await quickstart(state, ['--status']);
    assert.equal(status.code, 1, status.out);
    assert.match(status.out, /openai\/gpt-test: the provider rejects the API key/);
    await stop(state);
    assert.doesNotMatch((await start(state, [], { env: { ...env, OPENAI_API_KEY: OPENAI_KEY } })).err, /^(error|warning)/m);
    await stop(state);
  } finally {
    await model.stop();
  }
  assert.match((await start(state, [], { env: { ...env, OPENAI_API_KEY: OPENAI_KEY } })).err, /^error +model .*does not answer/m);
  await stop(state);
});

test('the address: MCP_PORT and MCP_HOST, --listen, and a port of the configuration', async () => {
  const state = path.join(top, 'address');
  const port = await freePort();
  const r = await quickstart(state, ['--yes', '--detach'], { env: { MCP_PORT: String(port), MCP_HOST: '127.0.0.3', PROXY_SECRET: 'by value' } });
  assert.equal(r.code, 0, r.err);
  assert.match(r.err, new RegExp(`http://127\\.0\\.0\\.3:${port} `));
  const said = await run('bash', ['-c', /^ {2}(?:printf|curl)[^]*?'$/m.exec(r.err)[0]]);
  assert.match(JSON.parse(said.out).reply, /message is a command/);
  await stop(state);
});

test('a Redis of the caller is used, and none is started', async () => {
  const [own, state] = [path.join(top, 'redis'), path.join(top, 'with-redis')];
  fs.mkdirSync(own);
  fs.chmodSync(own, 0o755);
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', `${own}/s`, '--unixsocketperm', '777', '--dir', own, '--appendonly', 'yes'], { stdio: 'ignore' });
  try {
    await until(() => fs.existsSync(`${own}/s`), { what: 'Redis listens' });
    const { curl } = await start(state, [], { env: { REDIS_URL: `unix://${own}/s` } });
    const said = await run('bash', ['-c', curl]);
    assert.match(JSON.parse(said.out).reply, /message is a command/);
    assert.doesNotMatch(fs.readFileSync(path.join(state, 'processes'), 'utf8'), /redis-server/);
    await stop(state);
  } finally {
    server.kill('SIGTERM');
  }
});

test('what is wrong is said, with the exit code of it', async () => {
  const state = path.join(top, 'wrong');
  const yaml = path.join(top, 'wrong.yaml');
  fs.writeFileSync(yaml, 'chat:\n  host: nobody\n  max_histroy: 3\n');
  const lines = path.join(top, 'wrong.env');
  fs.writeFileSync(lines, 'A=1\nnonsense\n');
  const cases = [
    [['--detach'], { DRAGOMAN_CONFIG: yaml }, 2, /wrong\.yaml:2: chat\.host: expected direct[^]*wrong\.yaml:3: chat\.max_histroy/],
    [['--detach'], { DRAGOMAN_CONFIG: '/nowhere/d.yaml' }, 2, /DRAGOMAN_CONFIG: cannot read \/nowhere/],
    [['--detach'], { OPENAI_API_KEY_FILE: '/nowhere/key' }, 2, /OPENAI_API_KEY_FILE: cannot read/],
    [['--detach'], { LLM_ROUNDS: 'many' }, 2, /llm\.rounds: expected a whole number/],
    [['--detach', '--env-file', lines], {}, 2, /wrong\.env:2: expected NAME=value/],
    [['--detach', '--env-file', '/nowhere'], {}, 2, /cannot read/],
    [['--detach', '--port', '70000'], {}, 2, /--port: expected 1 to 65535/],
    [['--detach', '--listen', 'example.org'], {}, 2, /--listen: expected an address/],
    [['--detach', '--listen', '192.0.2.1'], {}, 1, /nginx cannot serve 192\.0\.2\.1/],
    [['--port'], {}, 2, /needs a value/],
    [['--exec'], {}, 2, /needs a command/],
    [['--unknown'], {}, 2, /^quickstart: there is no option --unknown \(--help lists them\)\n$/],
    [['--detatch'], {}, 2, /^quickstart: there is no option --detatch; did you mean --detach\?/],
    [['stop'], {}, 2, /^quickstart: there is no option stop; did you mean --stop\?/],
    [['--upgrade', '--detach'], {}, 2, /--upgrade and --detach: give only one of them/],
    [['--', 'true'], {}, 2, /a command needs --exec/],
    [['--stop'], {}, 0, /not running/],
    [['--status'], {}, 3, /^/],
    [['--upgrade'], {}, 3, /not running/],
    [['--upgrade', '--port', '8000'], {}, 2, /leaves the settings/],
  ];
  for (const [args, env, code, message] of cases) {
    const r = await quickstart(state, args.includes('--detach') ? ['--yes', ...args] : args, { env });
    assert.equal(r.code, code, `${args} ${JSON.stringify(env)}: ${r.code}\n${r.err}`);
    assert.match(r.err, message, `${args} ${JSON.stringify(env)}`);
  }
  states.delete(state);
  assert.equal((await quickstart(path.join(top, 'never'), ['--exec', '--', 'true'])).code, 3);
  fs.mkdirSync(path.join(top, 'theirs'));
  fs.writeFileSync(path.join(top, 'theirs/file'), '');
  const theirs = await quickstart(path.join(top, 'theirs'), ['--yes', '--detach']);
  assert.equal(theirs.code, 2);
  assert.match(theirs.err, /not a state of the quickstart/);
  assert.deepEqual(fs.readdirSync(path.join(top, 'theirs')), ['file']);
});

test('missing packages: listed, asked for on a terminal, installed without one; the exact line for who may not', async t => {
  /* A Debian that lacks make, and whose apt-get only notes what it is asked. */
  const [state, bin, asked] = [path.join(top, 'packages'), path.join(top, 'bin'), path.join(top, 'asked')];
  const policy = '/usr/sbin/policy-rc.d';
  const program = (name, text) => fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  fs.mkdirSync(bin, { mode: 0o755 });
  fs.chmodSync(bin, 0o755);
  program('dpkg-query', 'case "$*" in *" make") echo not-installed ;; *) echo "install ok installed" ;; esac');
  program('apt-get', `echo "$* $(test -x ${policy} && ${policy} redis-server start >/dev/null 2>&1; echo $?)" >>'${asked}'; case "$*" in *install*) exit 100 ;; esac`);
  const env = { PATH: `${bin}:${process.env.PATH}` };
  const line = `'${QUICKSTART}' --detach --state '${state}'`;
  const was = fs.existsSync(policy);
  const as = ROOT ? (args, options) => run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', ...args], options) : ([file, ...args], options) => run(file, args, options);
  if (!ROOT || (await as(['test', '-x', QUICKSTART])).code === 0) {
    const own = path.join(top, 'own');
    fs.mkdirSync(own, { mode: 0o777 });
    fs.chmodSync(own, 0o777);
    const r = await as([QUICKSTART, '--detach', '--state', path.join(own, 'state')], { env });
    assert.equal(r.code, 1);
    assert.match(r.err, /^ {2}apt-get update && apt-get install --no-install-recommends make$/m);
    assert.ok(!fs.existsSync(asked));
  }
  if (!ROOT) return t.skip('not root');
  const no = await run('script', ['-qec', line, '/dev/null'], { env, input: 'n\r' });
  assert.match(no.out, /will be installed:\s+make\s+Go on\?/);
  assert.equal(no.code, 1);
  assert.ok(!fs.existsSync(asked), 'who says no gets nothing');
  for (const go of [() => run(QUICKSTART, ['--detach', '--state', state], { env }), () => run('script', ['-qec', `${line} --yes`, '/dev/null'], { env, input: '' })]) {
    const r = await go();
    assert.equal(r.code, 1);
    assert.match(r.out + r.err, /will be installed:\s+make\s[^]*apt-get failed; the lines above say why/);
    assert.deepEqual(fs.readFileSync(asked, 'utf8').trim().split('\n'), ['-q update 101', '-qy install --no-install-recommends make 101'], 'no service may start');
    assert.equal(fs.existsSync(policy), was, 'what held them off is gone again');
    fs.rmSync(asked);
  }
  assert.ok(!fs.existsSync(state));
  states.delete(state);
});

test('kill -9 of each process, and of the supervisor', async () => {
  const state = path.join(top, 'killed');
  const { port, curl } = await start(state);
  const supervisor = () => Number(fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8'));
  const children = pid => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
  const lives = pid => {
    try {
      return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  const victims = children(supervisor());
  assert.equal(victims.length, WORKERS + 2);
  for (const victim of victims) {
    process.kill(victim, 'SIGKILL');
    await until(async () => {
      const now = children(supervisor());
      return now.length === WORKERS + 2 && !now.includes(victim) && (await get(port, '/ready')).status === 200;
    }, { what: `all is well after the end of ${victim}` });
  }
  const log = path.join(state, 'log/dragoman.log');
  /* A worker may still be starting: it is told when it serves. */
  fs.renameSync(log, `${log}.1`);
  process.kill(supervisor(), 'SIGHUP');
  await until(() => fs.existsSync(log) && fs.readFileSync(log, 'utf8').match(/config_(re)?loaded/g)?.length >= WORKERS, { what: 'all workers read again and log to a new file' });

  const all = children(supervisor()).flatMap(pid => [pid, ...children(pid)]);
  process.kill(supervisor(), 'SIGKILL');
  await until(() => !all.some(lives), { what: 'nobody is left behind' });
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  await start(state, ['--port', String(port)]);
  const said = await run('bash', ['-c', curl]);
  assert.match(JSON.parse(said.out).reply, /message is a command/);
  await stop(state);
});

test('Redis that does not answer: --detach says why and leaves nothing', { timeout: 120000 * SLOW }, async () => {
  const state = path.join(top, 'no-redis');
  const r = await quickstart(state, ['--yes', '--detach', '--port', String(await freePort())],
    { env: { REDIS_URL: 'redis://127.0.0.1:1', QUICKSTART_WAIT: '3' }, ms: 90000 });
  assert.equal(r.code, 1);
  assert.match(r.err, /Redis does not answer/);
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  states.delete(state);
});

test('paused before it was stopped: it runs, says so, and can be resumed', async () => {
  const state = path.join(top, 'paused');
  const { port } = await start(state);
  const dragoman = (...args) => quickstart(state, ['--exec', '--', 'dragoman', ...args]);
  assert.equal((await dragoman('pause')).code, 0);
  assert.equal((await quickstart(state, ['--stop'])).code, 0);
  const r = await quickstart(state, ['--yes', '--detach', '--port', String(port)], { ms: 120000 });
  assert.equal(r.code, 1, r.err);
  assert.match(r.err, /Turns are paused: .* --exec -- dragoman resume/);
  assert.match((await quickstart(state, ['--status'])).out, /^not ready: .*turns are paused/);
  assert.equal((await dragoman('resume')).code, 0);
  await until(async () => (await get(port, '/ready')).status === 200, { what: '/ready' });
  await stop(state);
});

test('in a terminal: a chat, whose end ends all', async t => {
  if (!fs.existsSync('/usr/bin/script')) return t.skip('no script(1)');
  const state = path.join(top, 'terminal');
  states.add(state);
  const port = await freePort();
  const p = spawn('script', ['-qec', `'${QUICKSTART}' --yes --state '${state}' --port ${port}`, '/dev/null'], { env: bare(), cwd: top, stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  p.stdout.on('data', c => { out += c; });
  const end = new Promise(resolve => p.on('exit', resolve));
  await until(() => /you>/.test(out), { ms: 60000, what: 'the chat opens' });
  p.stdin.write('echo text=hallo\n');
  await until(() => /\nhallo/.test(out), { what: `an answer: ${out}` });
  assert.equal((await quickstart(state, ['--status'])).code, 0);
  p.stdin.write('\x04');
  assert.equal(await end, 0, out);
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  states.delete(state);
});

test('without a terminal: goes on until it is told to end', async () => {
  const state = path.join(top, 'no-terminal');
  states.add(state);
  const p = spawn(QUICKSTART, ['--state', state, '--port', String(await freePort())], { env: bare(), cwd: top, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  p.stderr.on('data', c => { err += c; });
  const end = new Promise(resolve => p.on('exit', resolve));
  await until(() => /Ctrl-C ends it/.test(err), { ms: 60000, what: 'it runs' });
  p.kill('SIGTERM');
  await end;
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  states.delete(state);
});

test('nobody in particular runs it too', async t => {
  if (!ROOT || !fs.existsSync('/usr/bin/setpriv')) return t.skip('not root');
  /* What was built is root's and may lie where nobody may look. */
  const look = ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', 'test', '-x', QUICKSTART];
  if ((await run('setpriv', look)).code !== 0) return t.skip('the clone is private');
  const home = path.join(top, 'home');
  fs.mkdirSync(home);
  fs.chownSync(home, 65534, 65534);
  const state = path.join(home, 'state');
  const as = (args, options) => run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', QUICKSTART, '--state', state, ...args], options);
  const port = await freePort();
  try {
    const r = await as(['--detach', '--port', String(port)], { env: { HOME: home }, ms: 60000 });
    assert.equal(r.code, 0, r.err);
    assert.equal((await get(port, '/ready')).status, 200);
    assert.equal(fs.statSync(path.join(state, 'log/dragoman.log')).uid, 65534);
    const low = await as(['--status']);
    assert.equal(low.code, 0);
  } finally {
    assert.equal((await as(['--stop'])).code, 0);
  }
});
