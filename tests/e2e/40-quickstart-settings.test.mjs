/*
 * deploy/quickstart and its settings: env files are read as the programs read
 * them, a start goes on with what the last one was given, a wrong setting
 * stops nothing and names the user's own file, and a failure leaves nothing.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { TOP, freePort, until } from './dragoman.mjs';
import { bare, get, QUICKSTART, quickstart, ROOT, run, start, startsSlowly, states, stop, top } from './quickstart.mjs';

const file = (name, text, mode = 0o644) => {
  const p = path.join(top, name);
  fs.mkdirSync(path.dirname(p), { recursive: true });
  fs.writeFileSync(p, text, { mode });
  return p;
};
const dragoman = (state, ...args) => quickstart(state, ['--exec', '--', 'dragoman', ...args]);
const values = text => Object.fromEntries(Object.entries(JSON.parse(text)).map(([k, v]) => [k, v.value]));
/* In a terminal: what it said by then. */
function terminal(args, env) {
  const p = spawn('script', ['-qec', `'${QUICKSTART}' ${args}`, '/dev/null'], { env: bare(env), cwd: top, stdio: ['pipe', 'pipe', 'inherit'] });
  const t = { out: '', type: keys => p.stdin.write(keys), kill: () => p.kill('SIGKILL') };
  p.stdout.on('data', c => { t.out += c; });
  t.end = new Promise(resolve => p.on('exit', resolve));
  t.says = (what, pattern) => until(() => pattern.test(t.out), { ms: 60000, what: `${what}: ${t.out}` });
  return t;
}

test('an env file means the same to the quickstart and to the programs', { timeout: 400000 }, async () => {
  const state = path.join(top, 'same');
  const lines = file('same.env', [
    'LLM_ROUNDS=4', 'LLM_ROUNDS=6', /* the last one counts, as in a shell */
    'CHAT_MAX_HISTORY=3', 'CHAT_MAX_HISTORY=', /* an empty one, too */
    'CHAT_PERSONA_NAME=a\t#b #c', 'export\tCHAT_PERSONA_TONE="say \\"a\\\\b\\" \\x"  # c',
    "CHAT_PERSONA_TAGLINE='# it is $HOME'", 'PROXY_SECRET_FILE=/nowhere/secret', 'PROXY_SECRET=by-value',
    'LLM_MAX_TOKENS = 17 #', '1ST=first', 'SOME-THING=x', ''].join('\n'));
  await start(state, ['--env-file', lines], { ms: 280000 });
  const shown = values((await dragoman(state, '--json', 'config', 'show')).out);
  const meant = values((await run('env', [`ENCRYPTION_KEY=${'A'.repeat(43)}=`, path.join(TOP, 'build/release/dragoman'), '--env-file', lines, '--json', 'config', 'show'])).out);
  for (const key of ['llm.rounds', 'chat.max_history', 'chat.persona.name', 'chat.persona.tone', 'chat.persona.tagline', 'llm.max_tokens', 'proxy_secret'])
    assert.equal(shown[key], meant[key], key);
  assert.equal(shown['llm.rounds'], '6');
  assert.equal(shown['chat.persona.name'], 'a');
  assert.equal((await quickstart(state, ['--exec', '--', 'printenv', 'PROXY_SECRET'])).out, 'by-value\n');

  /* A correction below the mistake is one. */
  fs.appendFileSync(lines, 'LLM_ROUNDS=8\n');
  assert.equal((await quickstart(state, ['--restart'], { ms: 60000 })).code, 0);
  assert.equal(values((await dragoman(state, '--json', 'config', 'show')).out)['llm.rounds'], '8');
  await stop(state);
});

test('a start that is given nothing goes on as the last one; any other says what it leaves out', async () => {
  const state = path.join(top, 'goes-on');
  const { port } = await start(state, [], { env: { LLM_ROUNDS: '5', CHAT_PERSONA_NAME: 'Ann' } });
  const rounds = async () => values((await dragoman(state, '--json', 'config', 'show')).out)['llm.rounds'];
  await stop(state);
  states.add(state);
  const again = await quickstart(state, ['--detach', '--yes'], { ms: 60000 });
  assert.equal(again.code, 0, again.err);
  assert.match(again.err, new RegExp(`Dragoman runs: http://127\\.0\\.0\\.1:${port} `), 'its port, too');
  assert.match(again.err, /^Settings of the last start are used again: (?=.*LLM_ROUNDS)(?=.*CHAT_PERSONA_NAME)(?=.*--port)/m);
  assert.doesNotMatch(again.err, /--listen 127/);
  assert.equal(await rounds(), '5');
  await stop(state);
  const other = await start(state, [], { env: { LLM_ROUNDS: '7' } });
  assert.match(other.err, /^Settings of the last start that are not used now: CHAT_PERSONA_NAME\. .*\.env\.$/m);
  assert.equal(await rounds(), '7');
  await stop(state);
});

test('--restart looks at all before it stops anything, and remembers only what succeeded', async () => {
  const state = path.join(top, 'kept');
  /* Root's alone, if we are root: the workers get a copy. */
  const hidden = path.join(top, 'kept-hidden');
  fs.mkdirSync(hidden, { mode: 0o700 });
  const yaml = file('kept-hidden/mine.yaml', 'chat: {host: direct, max_history: 7}\n', 0o600);
  const { port } = await start(state, [], { env: { DRAGOMAN_CONFIG: yaml } });
  const supervisor = fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8');
  const taken = net.createServer();
  await new Promise(resolve => taken.listen(0, '127.0.0.1', resolve));
  const bad = file('kept-hidden/bad.yaml', 'chat:\n  hots: direct\n', 0o600);
  const mcp = file('kept-hidden/m.json', '{"mcpServers": nonsense}', 0o600);
  const cases = [
    ['a misspelt key', [], { DRAGOMAN_CONFIG: bad }, 2, new RegExp(`^error: +${bad}:2: chat\\.hots`, 'm')],
    ['JSON that is none', [], { MCP_CONFIG: mcp }, 2, new RegExp(`${mcp}`)],
    ['a taken port', ['--port', String(taken.address().port)], {}, 1, /is already used/],
    ['a foreign address', ['--listen', '192.0.2.1'], {}, 1, /nginx cannot serve 192\.0\.2\.1/],
    ['another key', [], { ENCRYPTION_KEY: `${'A'.repeat(43)}=` }, 1, /encrypted with another key/],
    ['our own address as the model', [], { LLM_BASE_URL: `http://127.0.0.1:${port}/v1` }, 2, /is the address of Dragoman itself\..*--port \d+/],
  ];
  try {
    for (const [what, args, env, code, message] of cases) {
      const r = await quickstart(state, ['--restart', ...args], { env });
      assert.equal(r.code, code, `${what}: ${r.err}`);
      assert.match(r.err, message, what);
      assert.match(r.err, /What runs was not stopped$/m, what);
      assert.doesNotMatch(r.err, /error.*config\/\d/, 'the copy is nobody\'s business');
      assert.equal(fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8'), supervisor, what);
    }
  } finally {
    taken.close();
  }
  /* The workers read their own copy again, not one of a file that was refused. */
  process.kill(Number(supervisor), 'SIGHUP');
  const log = () => fs.readFileSync(path.join(state, 'log/dragoman.log'), 'utf8');
  await until(() => (log().match(/"event":"config_(re)?loaded"/g) ?? []).length >= 2, { what: 'they read again' });
  assert.doesNotMatch(log(), /config_(kept|refused)/);
  /* Whether that is seen before or by the workers: it is not remembered. */
  const broken = file('kept-hidden/broken.json', '{"mcpServers": {"w": {"url": 12}}}', 0o600);
  const refused = await quickstart(state, ['--restart'], { env: { MCP_CONFIG: broken }, ms: 60000 });
  assert.notEqual(refused.code, 0, refused.err);
  assert.match(refused.err, new RegExp(`${broken}`));
  const r = await quickstart(state, ['--restart'], { ms: 60000 });
  assert.equal(r.code, 0, r.err);
  assert.equal(values((await dragoman(state, '--json', 'config', 'show')).out)['chat.max_history'], '7');
  if (ROOT) assert.equal(fs.readdirSync(path.join(state, 'config')).length, 1, 'copies of former starts are gone');
  await stop(state);
});

test('a first start that fails leaves no state; a file of /etc is not searched for', async () => {
  const state = path.join(top, 'nothing');
  for (const [args, code] of [[['--listen', '192.0.2.1'], 1], [['--port', '0'], 2]]) {
    assert.equal((await quickstart(state, ['--detach', '--yes', ...args])).code, code);
    assert.ok(!fs.existsSync(state), `${args}`);
  }
  states.delete(state);
  const none = await run(QUICKSTART, ['--detach', '--yes', '--state', '/proc/x']);
  assert.match(none.err, /^quickstart: (\/proc\/x cannot be made: there is no disk|cannot write \/proc)/m);
  const etc = path.join(top, 'etc');
  await start(etc);
  assert.match((await dragoman(etc, 'config', 'check')).out, /^right; no file was found$/m, 'neither for the workers nor for --exec');
  await stop(etc);
});

test('root does not take over the state of somebody else', async t => {
  if (!ROOT || (await run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', 'test', '-x', QUICKSTART])).code !== 0) return t.skip('not root, or a private clone');
  const home = path.join(top, 'anna');
  fs.mkdirSync(home);
  fs.chownSync(home, 65534, 65534);
  const state = path.join(home, 'state');
  const as = args => run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', QUICKSTART, '--state', state, ...args], { env: { HOME: home }, ms: 60000 });
  const port = ['--port', String(await freePort())];
  assert.equal((await as(['--detach', ...port])).code, 0);
  assert.equal((await quickstart(state, ['--restart'])).code, 1);
  assert.equal((await as(['--stop'])).code, 0);
  const r = await quickstart(state, ['--detach', '--yes', ...port]);
  assert.equal(r.code, 1);
  assert.match(r.err, /belongs to nobody, and root uses nothing that another user made\. Run this as nobody; or, .*chown -hR root: /);
  const back = await as(['--detach']);
  assert.equal(back.code, 0, back.err);
  assert.equal((await as(['--stop'])).code, 0);
  /* Whoever wants that does it by that line. */
  assert.equal((await run('bash', ['-c', /chown -hR root: .*$/m.exec(r.err)[0]])).code, 0);
  const above = await quickstart(state, ['--detach', '--yes', ...port]);
  assert.equal(above.code, 1);
  assert.match(above.err, /other users can change .*anna \(it belongs to nobody, mode 755\), so root uses no state there/);
  assert.equal((await run('bash', ['-c', /chown root: .*$/m.exec(above.err)[0]])).code, 0);
  assert.equal((await quickstart(state, ['--detach', '--yes', ...port], { ms: 60000 })).code, 0);
  await stop(state);
});

/* A copy of the clone as somebody gets it: nothing is built, and what builds
 * is ours, so that it takes as long as the test wants. */
function clone(name) {
  const to = path.join(top, name);
  fs.mkdirSync(to);
  for (const entry of fs.readdirSync(TOP))
    if (!['build', 'state', '.git', 'tests', 'node_modules'].includes(entry))
      fs.cpSync(path.join(TOP, entry), path.join(to, entry), { recursive: true, preserveTimestamps: true });
  return to;
}

test('what is written into .env after a start wins over what that start was given', async () => {
  const to = clone('with env');
  fs.symlinkSync(path.join(TOP, 'build'), path.join(to, 'build'));
  /* What is built is of this commit: nothing is to be built for another. */
  fs.writeFileSync(path.join(to, 'version_commit'), (await run('sh', [path.join(TOP, 'base/version_commit.sh'), TOP])).out);
  const state = path.join(to, 'state'), dotenv = path.join(to, '.env');
  const call = (args, env) => run(path.join(to, 'deploy/quickstart'), args, { env, ms: 60000 });
  const show = async () => {
    const r = await call(['--exec', '--', 'dragoman', '--json', 'config', 'show']);
    assert.equal(r.code, 0, r.err);
    return values(r.out);
  };
  fs.writeFileSync(dotenv, 'LLM_ROUNDS=3\nCHAT_MAX_HISTORY=3\n');
  states.add(state);
  const first = await call(['--detach', '--yes', '--port', String(await freePort())], { LLM_ROUNDS: '5' });
  assert.equal(first.code, 0, first.err);
  assert.deepEqual([(await show())['llm.rounds'], (await show())['chat.max_history']], ['5', '3']);
  assert.equal((await call(['--restart'])).code, 0);
  assert.equal((await show())['llm.rounds'], '5', 'it was there before');
  fs.writeFileSync(dotenv, 'LLM_ROUNDS=4\n');
  assert.equal((await call(['--restart'])).code, 0);
  assert.equal((await show())['llm.rounds'], '4');
  await stop(state);
  if (fs.existsSync(path.join(TOP, '.git')))
    assert.equal((await run('git', ['-C', TOP, '-c', 'safe.directory=*', 'check-ignore', '.env'])).code, 0, 'it may hold a key');
});

test('a clone that may not be written, with nothing built; optional packages; Ctrl-C while it builds', async t => {
  const to = clone('read only');
  const bin = path.join(top, 'doubles');
  const program = (name, text) => file(`doubles/${name}`, `#!/bin/sh\n${text}\n`, 0o755);
  program('dpkg-query', 'case "$*" in *" $LACKS") echo not-installed ;; *) echo "install ok installed" ;; esac');
  program('autoreconf', `echo begun >&2; while [ ! -e '${bin}/go' ]; do sleep 0.05; done; exit 1`);
  const env = { PATH: `${bin}:${process.env.PATH}`, LACKS: 'libedit-dev' };
  const nobody = (args, options) => ROOT ? run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', ...args], options) : run(args[0], args.slice(1), options);
  const call = [path.join(to, 'deploy/quickstart'), '--detach', '--state', path.join(top, 'ro-home/state')];
  fs.mkdirSync(path.join(top, 'ro-home'));
  if (ROOT) fs.chownSync(path.join(top, 'ro-home'), 65534, 65534);
  if (ROOT && (await nobody(['test', '-x', call[0]])).code === 0) {
    const r = await nobody(call, { env });
    assert.equal(r.code, 1);
    assert.match(r.err, /^quickstart: nothing is built in .*read only yet, and you may not write there\. Clone the repository to a folder of your own, or let root run .* once$/m);
    assert.equal(r.err.trim().split('\n').length, 1, r.err);
    fs.mkdirSync(path.join(to, 'build'));
    fs.chownSync(path.join(to, 'build'), 65534, 65534);
    const p = nobody(call, { env });
    await until(() => fs.existsSync(path.join(to, 'build/release/autoreconf.log')), { what: 'it goes on without libedit-dev' });
    fs.writeFileSync(`${bin}/go`, '');
    assert.match((await p).err, /Optional, not installed: libedit-dev[^]*making configure failed/);
    fs.rmSync(`${bin}/go`);
    fs.rmSync(path.join(to, 'build'), { recursive: true });
  }
  if (ROOT) { /* whose apt-get finds no server */
    fs.chownSync(path.join(top, 'ro-home'), 0, 0);
    program('apt-get', 'case "$*" in *install*) echo no server >&2; exit 100 ;; esac');
    fs.writeFileSync(`${bin}/go`, '');
    const r = await run(call[0], [...call.slice(1), '--yes'], { env });
    assert.match(r.err + r.out, /no server[^]*Going on without: libedit-dev \(optional\)[^]*making configure failed/);
    fs.rmSync(`${bin}/go`);
    fs.rmSync(path.join(to, 'build'), { recursive: true });
  }
  if (!fs.existsSync('/usr/bin/script')) return t.skip('no script(1)');
  const log = path.join(to, 'build/release/autoreconf.log');
  const p = spawn('script', ['-qec', call.map(a => `'${a}'`).join(' '), '/dev/null'], { env: bare({ ...env, LACKS: 'nothing' }), cwd: top, stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  p.stdout.on('data', c => { out += c; });
  const end = new Promise(resolve => p.on('exit', resolve));
  await until(() => fs.existsSync(log) && /begun/.test(fs.readFileSync(log, 'utf8')), { what: 'it builds' });
  p.stdin.write('\x03');
  assert.equal(await end, 130, out);
  assert.match(out, /interrupted while making configure; run the command again to go on/);
  assert.doesNotMatch(out, /failed/);
});

test('Ctrl-C while apt-get runs is answered at once, and ends after it', async t => {
  if (!ROOT || !fs.existsSync('/usr/bin/script')) return t.skip('not root, or no script(1)');
  const bin = path.join(top, 'apt');
  const program = (name, text) => file(`apt/${name}`, `#!/bin/sh\n${text}\n`, 0o755);
  program('dpkg-query', 'case "$*" in *" make") echo not-installed ;; *) echo "install ok installed" ;; esac');
  program('apt-get', `case "$*" in *install*) touch '${bin}/runs'; while [ ! -e '${bin}/go' ]; do sleep 0.05; done; touch '${bin}/ended' ;; esac`);
  const env = { PATH: `${bin}:${process.env.PATH}` };
  const state = path.join(top, 'apt-state');
  for (let i = 0; i < 5; i++) { /* so soon that it may not wait for an answer yet */
    const no = terminal(`--detach --state '${state}'`, env);
    await no.says('it asks', /Go on\?/);
    no.type('\x03');
    assert.equal(await no.end, 130);
    assert.match(no.out, /nothing was changed/);
  }
  const says_n = terminal(`--detach --state '${state}'`, env);
  await says_n.says('it asks', /Go on\?/);
  says_n.type('n\r');
  assert.equal(await says_n.end, 1);
  assert.match(says_n.out, /nothing was changed/);

  const yes = terminal(`--detach --yes --state '${state}'`, env);
  await until(() => fs.existsSync(`${bin}/runs`), { what: 'apt-get runs' });
  yes.type('\x03');
  await yes.says('it answers', /waiting for apt-get to end/);
  assert.ok(!fs.existsSync(`${bin}/ended`));
  fs.writeFileSync(`${bin}/go`, '');
  assert.equal(await yes.end, 130, yes.out);
  assert.ok(fs.existsSync(`${bin}/ended`));
  assert.match(yes.out, /interrupted while installing 1 packages/);
  assert.doesNotMatch(yes.out, /failed|making configure|building/);
  assert.ok(!fs.existsSync(state));
});

test('Ctrl-C while it starts leaves nothing running', async () => {
  const state = path.join(top, 'starting');
  states.add(state);
  const p = spawn(QUICKSTART, ['--state', state, '--yes', '--detach', '--port', String(await freePort())],
    { env: bare(await startsSlowly()), cwd: top, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  p.stderr.on('data', c => { err += c; });
  const end = new Promise(resolve => p.on('exit', (code, signal) => resolve(code ?? signal)));
  await until(() => fs.existsSync(path.join(state, 'supervisor.pid')) && fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8') !== '', { ms: 30000, what: 'it starts' });
  p.kill('SIGINT');
  assert.equal(await end, 130, err);
  assert.match(err, /interrupted while starting; stopping what was started/);
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  states.delete(state);
});

test('what runs is said in the words of dragoman status, also when it is not well', async () => {
  const state = path.join(top, 'words');
  const { port } = await start(state, [], { env: { LLM_BASE_URL: 'http://127.0.0.1:1/v1', LLM_MODEL: 'm[1]' } });
  await until(async () => /"degraded":\["/.test((await get(port, '/ready')).text), { what: 'it is degraded' });
  const [mine, theirs] = [await quickstart(state, ['--status']), await dragoman(state, 'status')];
  assert.equal(mine.code, 1);
  assert.equal(mine.out.replace(/^supervisor: process \d+\n/m, ''), theirs.out);
  assert.match(mine.out, /^ready, but degraded: [^]*openai\/m\[1\]: /m, 'the whole name');
  await stop(state);
});
