/*
 * deploy/quickstart and what others have made: the words of a stranger or of
 * a model's server on the operator's terminal, a state that another user has
 * begun, names in env files that are the script's own, a key that is gone.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Model, OPENAI_KEY } from '../doubles/model.mjs';
import { freePort, TOP, until } from './dragoman.mjs';
import { bare, get, QUICKSTART, quickstart, ROOT, run, start, startsSlowly, states, stop, top } from './quickstart.mjs';

const file = (name, text, mode = 0o644) => {
  const p = path.join(top, name);
  fs.mkdirSync(path.dirname(p), { recursive: true });
  fs.writeFileSync(p, text, { mode });
  return p;
};
/* What no check before a start sees: a server that takes five seconds to not
 * tell its models, when two are allowed.  As these stand in an env file, the
 * start that follows has more. */
const tooSoon = () => ['--env-file', file('too-soon.env', 'QUICKSTART_WAIT=2\n')];
/* Control characters but line ends and tabs, C1, marks of direction. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/;

test("a stranger's and a model server's control characters do not reach the terminal", { timeout: 400000 }, async () => {
  const state = path.join(top, 'controls');
  const model = await Model.start();
  try {
    model.models = ['evil\x1b]0;pwned\x07\u009b32m\u202etxt'];
    const { port, err } = await start(state, [], { env: { LLM_BASE_URL: model.openai, OPENAI_API_KEY: OPENAI_KEY }, ms: 280000 });
    assert.doesNotMatch(err, CONTROLS);
    /* nginx logs the header of a refused request as it came. */
    await new Promise(resolve => {
      const s = net.connect(port, '127.0.0.1', () => s.write(Buffer.concat([
        Buffer.from(`POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99000000\r\nReferer: red\x1b]0;PWNED\x07\x1b[31m é\u009b32m \u202e\u2066 `),
        /* what is removed must not join a C1 control */
        Buffer.from([0xc2, 0x1b, 0x9b, 0xc2, 0xc2, 0x9b, 0x9b, 0xe0, 0x82, 0x9b, 0xff]), Buffer.from(' end\r\n\r\n')])));
      s.on('data', () => s.end());
      s.on('close', resolve);
      s.on('error', resolve);
    });
    await until(() => /PWNED/.test(fs.readFileSync(path.join(state, 'nginx/nginx.log'), 'latin1')), { what: 'nginx has logged it' });
    assert.match(fs.readFileSync(path.join(state, 'nginx/nginx.log'), 'latin1'), /\x1b\]0;PWNED/, 'nginx logs it raw');
    fs.appendFileSync(path.join(state, 'supervisor/edge.err'), 'not JSON \x1b[2J\u009b\n');
    const logs = await quickstart(state, ['--logs']);
    assert.match(logs.out, /red\]0;PWNED\[31m é32m/, 'the rest is shown');
    assert.match(logs.out, /not JSON \[2J$/m);
    assert.doesNotMatch(logs.out, CONTROLS);
    /* The tails of --verbose, when a start fails. */
    await stop(state);
    states.add(state);
    const failed = await quickstart(state, ['--restart', '--verbose', ...tooSoon()], { env: await startsSlowly(), ms: 60000 });
    assert.equal(failed.code, 1, failed.err);
    assert.match(failed.err, /What the programs said:[^]*PWNED/);
    assert.doesNotMatch(failed.err, CONTROLS);
  } finally {
    await model.stop();
  }
});

test('as root nothing of a state that another user has made is used', async t => {
  if (!ROOT) return t.skip('not root');
  const home = path.join(top, 'theirs');
  fs.mkdirSync(home);
  fs.chmodSync(home, 0o1777);
  const state = path.join(home, 'state'), ran = path.join(home, 'ran'), precious = file('precious', 'mine\n', 0o600);
  const commands = [['--exec', '--', 'true'], ['--restart'], ['--detach'], ['--status'], ['--stop'], ['--logs'], ['--upgrade'], ['--remove', '--yes']];
  const refused = async (pattern, what) => {
    for (const args of commands) {
      const r = await quickstart(state, args);
      assert.equal(r.code, 1, `${what} ${args}: ${r.err}`);
      assert.match(r.err, pattern, `${what} ${args}`);
    }
    assert.ok(!fs.existsSync(ran), what);
    assert.equal(fs.readFileSync(precious, 'utf8'), 'mine\n', what);
  };
  const anew = () => { fs.rmSync(state, { recursive: true, force: true }); fs.mkdirSync(state); file('theirs/state/.dragoman', ''); };
  const script = `touch '${ran}'\n`;

  anew();
  for (const name of ['given', 'environment', 'processes']) file(`theirs/state/${name}`, script);
  for (const name of ['', '.dragoman', 'given', 'environment', 'processes']) fs.chownSync(path.join(state, name), 65534, 65534);
  await refused(/state belongs to nobody, and root uses nothing that another user made\. Run this as nobody; or, .*chown -hR root: /, 'all is theirs');
  fs.chownSync(state, 0, 0);
  await refused(/state\/\S+ belongs to nobody, and root uses nothing/, 'the folder is ours');

  for (const [what, make, pattern] of [
    ['a key of theirs', () => { file('theirs/state/secrets/encryption_key', 'A'.repeat(43)); fs.chownSync(path.join(state, 'secrets/encryption_key'), 65534, 65534); }, /secrets\/encryption_key belongs to nobody/],
    ['a link to a file', () => fs.symlinkSync(precious, path.join(state, 'address')), /address is a link \(of root\), and root follows none/],
    ['a link to a folder', () => fs.symlinkSync(home, path.join(state, 'supervisor')), /supervisor is a link/],
    ['a link below', () => { fs.mkdirSync(path.join(state, 'nginx')); fs.symlinkSync(precious, path.join(state, 'nginx/nginx.conf')); }, /nginx\/nginx\.conf is a link/],
    ["a file of a worker's", () => { file('theirs/state/environment', script); fs.chownSync(path.join(state, 'environment'), 1, 1); }, /environment belongs to daemon/],
  ]) {
    anew();
    make();
    await refused(pattern, what);
  }
  /* A link of theirs to a folder of ours, and an empty folder of theirs. */
  fs.rmSync(state, { recursive: true });
  file('ours/.dragoman', '');
  fs.symlinkSync(path.join(top, 'ours'), state);
  fs.lchownSync(state, 65534, 65534);
  await refused(/state belongs to nobody/, 'a link of theirs');
  fs.rmSync(state);
  fs.mkdirSync(state);
  fs.chownSync(state, 65534, 65534);
  const empty = await quickstart(state, ['--detach', '--yes']);
  assert.equal(empty.code, 1);
  assert.match(empty.err, /state belongs to nobody, not to root; choose another folder with --state/);
  states.delete(state);
});

test('as root no state is used below a folder where others can rename', async t => {
  if (!ROOT) return t.skip('not root');
  const ran = path.join(top, 'ran');
  const parent = (name, mode, uid = 0, gid = 0) => {
    const folder = path.join(top, name);
    fs.mkdirSync(folder);
    fs.chownSync(folder, uid, gid);
    fs.chmodSync(folder, mode);
    return folder;
  };
  const made = state => {
    fs.mkdirSync(state, { mode: 0o711 });
    fs.writeFileSync(path.join(state, '.dragoman'), '');
    for (const name of ['environment', 'given']) fs.writeFileSync(path.join(state, name), `touch '${ran}'\n`);
  };
  const nobodys = parent('nobodys', 0o755, 65534, 65534);
  made(path.join(nobodys, 'state'));
  fs.mkdirSync(path.join(nobodys, 'deep/er'), { recursive: true });
  made(path.join(nobodys, 'deep/er/state'));
  fs.symlinkSync(path.join(nobodys, 'state'), path.join(top, 'to-nobodys'));
  for (const [state, folder] of [
    [path.join(nobodys, 'state'), nobodys],
    [path.join(nobodys, 'new'), nobodys],
    [path.join(nobodys, 'deep/er/state'), nobodys],
    [path.join(top, 'to-nobodys'), nobodys],
    [path.join(parent('everybodys', 0o777), 'state'), path.join(top, 'everybodys')],
    [path.join(parent('groups', 0o775, 0, 1), 'state'), path.join(top, 'groups')],
    [parent('empty', 0o1777), path.join(top, 'empty')],
  ]) {
    for (const args of [['--exec', '--', 'true'], ['--detach', '--yes'], ['--remove', '--yes'], ['--status']]) {
      const r = await quickstart(state, args);
      assert.equal(r.code, 1, `${state} ${args}: ${r.err}`);
      assert.ok(r.err.startsWith(`quickstart: other users can change ${folder} (it belongs to `), r.err);
      assert.match(r.err, /choose another folder with --state; or, if it is to be root's alone, first run: chown root: \S+ && chmod go-w /);
    }
    states.delete(state);
  }
  assert.ok(!fs.existsSync(ran));
  /* What only root can change, sticky ones, and a group of root alone. */
  for (const folder of [parent('roots', 0o755), parent('sticky', 0o1777), parent('rootgroup', 0o775)]) {
    const state = path.join(folder, 'state');
    made(state);
    const r = await quickstart(state, ['--exec', '--', 'true']);
    assert.equal(r.code, 0, r.err);
    assert.ok(fs.existsSync(ran), folder);
    fs.rmSync(ran);
    states.delete(state);
  }
});

test('as root: what another user makes of the state after the first look is not taken', async t => {
  if (!ROOT) return t.skip('not root');
  const home = path.join(top, 'window');
  fs.mkdirSync(home);
  fs.chmodSync(home, 0o1777);
  const precious = file('window-precious', 'mine\n', 0o600), fresh = path.join(top, 'window-new');
  /* A command that the start asks between its look and the making: theirs is
   * there by then. */
  const state = path.join(home, 'state');
  const made = [`mkdir -m 755 '${state}'`, `ln -s '${fresh}' '${state}/.dragoman'`, `ln -s '${precious}' '${state}/processes'`,
    `ln -s '${precious}' '${state}/given.new'`, `chown -hR nobody '${state}'`].join('; ');
  file('window-bin/make', `#!/bin/sh\n[ -e '${state}' ] || { ${made}; }\nexec /usr/bin/make "$@"\n`, 0o755);
  const r = await quickstart(state, ['--detach', '--yes'], { env: { PATH: `${path.join(top, 'window-bin')}:${process.env.PATH}` }, ms: 60000 });
  assert.ok(fs.existsSync(state), 'theirs was made');
  assert.equal(r.code, 1, r.err);
  assert.match(r.err, /window\/state belongs to nobody, and root uses nothing that another user made/);
  assert.equal(fs.readFileSync(precious, 'utf8'), 'mine\n');
  assert.ok(!fs.existsSync(fresh));
  assert.equal(fs.statSync(state).mode & 0o777, 0o755);
  states.delete(state);
});

test('--remove: through a link, and beside a start', async () => {
  const real = path.join(top, 'real'), link = path.join(top, 'link');
  await start(real);
  fs.symlinkSync(real, link);
  const r = await quickstart(link, ['--remove', '--yes']);
  assert.equal(r.code, 0, r.err);
  assert.ok(!fs.existsSync(real) && !fs.lstatSync(link, { throwIfNoEntry: false }));
  states.delete(real);
  states.delete(link);

  /* A start in its middle. */
  const state = path.join(top, 'beside');
  const starting = quickstart(state, ['--yes', '--detach', '--port', String(await freePort())], { env: await startsSlowly(), ms: 60000 });
  await until(() => fs.existsSync(path.join(state, 'supervisor.pid')) && fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8') !== '', { ms: 30000, what: 'it starts' });
  const p = spawn(QUICKSTART, ['--state', state, '--remove', '--yes'], { env: bare(), cwd: top, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  p.stderr.on('data', c => { err += c; });
  const removed = new Promise(resolve => p.on('exit', resolve));
  await until(() => /waiting for another command that uses/.test(err), { what: 'it waits' });
  assert.equal((await starting).code, 0);
  assert.equal(await removed, 0, err);
  assert.ok(!fs.existsSync(state));
  states.delete(state);
});

test("an env file: the script's own names, a BOM, other encodings; QUICKSTART_WAIT", async () => {
  const state = path.join(top, 'names');
  const lines = file('names.env', '\ufeffLLM_ROUNDS=7\nlisten=0.0.0.0\nport=1\nGLOBIGNORE=*\nUID=5\nSTATE_PARTS=x\nMAKEFLAGS=--eval=x\n');
  fs.appendFileSync(lines, Buffer.from('# caf\xe9\n', 'latin1'));
  const { err, port } = await start(state, ['--env-file', lines]);
  assert.match(err, /names\.env:2: the quickstart takes only names of capital letters, digits and _: this line is not used$/m);
  for (const name of ['GLOBIGNORE', 'UID', 'STATE_PARTS', 'MAKEFLAGS'])
    assert.match(err, new RegExp(`names\\.env:\\d: ${name} is a variable of the shell: this line is not used`));
  assert.equal(fs.readFileSync(path.join(state, 'address'), 'utf8'), `127.0.0.1:${port}\n`);
  assert.match(fs.readFileSync(path.join(state, 'nginx/nginx.conf'), 'utf8'), new RegExp(`listen 127\\.0\\.0\\.1:${port} `));
  assert.match((await quickstart(state, ['--exec', '--', 'dragoman', 'config', 'show'])).out, /^llm\.rounds +7 /m);
  for (const wait of ['abc', '0', `PATH[$(touch ${top}/waited)]`]) {
    const r = await quickstart(state, ['--restart'], { env: { QUICKSTART_WAIT: wait } });
    assert.equal(r.code, 2, r.err);
    assert.match(r.err, /^quickstart: QUICKSTART_WAIT: expected a whole number of seconds/m);
  }
  assert.ok(!fs.existsSync(path.join(top, 'waited')));
  assert.equal((await get(port, '/ready')).status, 200);
  await stop(state);
  for (const text of [Buffer.from('CHAT_PERSONA_NAME=caf\xe9\n', 'latin1'), Buffer.from('\ufeffLLM_ROUNDS=7\n', 'utf16le')]) {
    fs.writeFileSync(lines, text);
    const r = await quickstart(state, ['--detach', '--env-file', lines]);
    assert.equal(r.code, 2);
    assert.match(r.err, /^quickstart: \S+names\.env:1: expected UTF-8: save the file in this encoding$/m);
  }
  states.delete(state);
});

test("a ${NAME} in the configuration that is the script's or the shell's own is refused", async () => {
  const state = path.join(top, 'named');
  for (const [name, why] of [
    ...['user', 'port', 'state', 'mode', 'name', 'theirs'].map(n => [n, 'the quickstart takes only names of capital letters, digits and _']),
    ...['UID', 'HOSTNAME', 'RANDOM', 'SHLVL', 'OPTIONS', 'STATE_PARTS'].map(n => [n, 'this is a variable of the shell']),
  ]) {
    const config = file('named.yaml', `mcp: {servers: {x: {url: "http://127.0.0.1:1/mcp", headers: {X: "v-\${${name}}"}}}}\n`);
    const r = await quickstart(state, ['--detach', '--yes', '--port', String(await freePort())], { env: { DRAGOMAN_CONFIG: config, [name]: '5' }, ms: 60000 });
    assert.equal(r.code, 2, `${name}: ${r.err}`);
    assert.ok(r.err.includes(`quickstart: the configuration names \${${name}}: ${why}. Choose another name, and set that`), r.err);
    assert.ok(!fs.existsSync(state), name);
  }
  /* Others stay as they were given. */
  const config = file('named.yaml', 'mcp: {servers: {x: {url: "http://127.0.0.1:1/mcp", headers: {X: "v-${TOKEN_OF_X}"}}}}\n');
  await start(state, [], { env: { DRAGOMAN_CONFIG: config, TOKEN_OF_X: 'a b\'c' } });
  const has = async () => (await quickstart(state, ['--exec', '--', 'printenv', 'TOKEN_OF_X'])).out;
  assert.equal(await has(), "a b'c\n");
  assert.equal((await quickstart(state, ['--restart'], { ms: 60000 })).code, 0);
  assert.equal(await has(), "a b'c\n");
  await stop(state);
});

test('https_proxy and no_proxy in lower case are kept as the others are', async () => {
  const state = path.join(top, 'proxies');
  await start(state, [], { env: { https_proxy: 'http://127.0.0.1:1', no_proxy: '.example' } });
  const show = async () => (await quickstart(state, ['--exec', '--', 'dragoman', 'config', 'show'])).out;
  assert.match(await show(), /^http\.proxy +http:\/\/127\.0\.0\.1:1 /m);
  assert.equal((await quickstart(state, ['--restart'], { ms: 60000 })).code, 0);
  assert.match(await show(), /^http\.proxy +http:\/\/127\.0\.0\.1:1 /m);
  assert.match(await show(), /^http\.no_proxy +\.example /m);
  assert.equal((await quickstart(state, ['--restart'], { env: { HTTPS_PROXY: 'http://127.0.0.1:2' }, ms: 60000 })).code, 0);
  assert.match(await show(), /^http\.proxy +http:\/\/127\.0\.0\.1:2 /m, 'one setting, two names');
  await stop(state);
});

test('a key that is gone or another one: no new one beside data, and a remedy that the quickstart has', async () => {
  const state = path.join(top, 'lost');
  await start(state);
  const key = path.join(state, 'secrets/encryption_key');
  const kept = fs.readFileSync(key, 'utf8');
  fs.rmSync(key);
  const running = await quickstart(state, ['--restart']);
  assert.equal(running.code, 2);
  assert.match(running.err, /missing\. Put \S+secrets\/encryption_key back from a backup, .*another --state, or delete this one: .* --remove\. What runs was not stopped$/m);
  await stop(state);
  states.add(state);
  assert.equal((await quickstart(state, ['--detach', '--yes'])).code, 2);
  assert.ok(!fs.existsSync(key), 'none was made');
  fs.writeFileSync(key, `${'A'.repeat(43)}`);
  const other = await quickstart(state, ['--detach', '--yes'], { ms: 60000 });
  assert.equal(other.code, 1);
  assert.match(other.err, /encrypted with another ENCRYPTION_KEY.* keeps its key in \S+secrets\/encryption_key: put that file back from a backup\. .*--remove/);
  fs.writeFileSync(key, kept);
  assert.equal((await quickstart(state, ['--detach', '--yes'], { ms: 60000 })).code, 0);
  await stop(state);
});

test('a --restart whose new processes do not start goes back to the former settings', async () => {
  const state = path.join(top, 'back');
  const { port } = await start(state, [], { env: { LLM_ROUNDS: '5' } });
  const r = await quickstart(state, ['--restart', ...tooSoon()], { env: { ...await startsSlowly(), LLM_ROUNDS: '6' }, ms: 90000 });
  assert.equal(r.code, 1, r.err);
  assert.match(r.err, /^starting again with the settings of the last start that succeeded$/m);
  assert.match(r.err.trim().split('\n').at(-1), /^quickstart: the new settings could not be started: .*Dragoman runs with the settings of the last start/);
  assert.equal((await get(port, '/ready')).status, 200);
  const show = (await quickstart(state, ['--exec', '--', 'dragoman', 'config', 'show'])).out;
  assert.match(show, /^llm\.rounds +5 /m);
  await stop(state);
});

test('a port that is taken on IPv6 alone is free for 127.0.0.1', async t => {
  const port = await freePort();
  const six = net.createServer();
  const ok = await new Promise(resolve => { six.on('error', () => resolve(false)); six.listen({ port, host: '::', ipv6Only: true }, () => resolve(true)); });
  if (!ok) return t.skip('no IPv6');
  const state = path.join(top, 'six');
  try {
    const r = await quickstart(state, ['--yes', '--detach', '--port', String(port)], { ms: 60000 });
    assert.equal(r.code, 0, r.err);
    await stop(state);
  } finally {
    six.close();
  }
  /* One that is for both is in the way. */
  const both = http.createServer((req, res) => res.end());
  await new Promise(resolve => both.listen({ port, host: '::' }, resolve));
  try {
    const r = await quickstart(state, ['--yes', '--detach', '--port', String(port)], { ms: 60000 });
    assert.equal(r.code, 1, r.err);
    assert.match(r.err, new RegExp(`port ${port} is already used by`));
  } finally {
    both.close();
  }
  states.delete(state);
});

test('the curl line has no secret among its arguments', async () => {
  const state = path.join(top, 'arguments');
  const { curl } = await start(state);
  const bin = path.join(top, 'curl');
  file('curl/curl', `#!/bin/sh\nprintf '%s\\n' "$@" >'${bin}/arguments'\nexec /usr/bin/curl "$@"\n`, 0o755);
  const said = await run('sh', ['-c', curl], { env: { PATH: `${bin}:${process.env.PATH}` } });
  assert.match(JSON.parse(said.out).reply, /message is a command/);
  const secret = fs.readFileSync(path.join(state, 'secrets/proxy_secret'), 'utf8').trim();
  assert.ok(!fs.readFileSync(path.join(bin, 'arguments'), 'utf8').includes(secret));
  await stop(state);
});

test('what a killed run left at policy-rc.d goes; what others put there stays', async () => {
  const policy = path.join(top, 'policy-rc.d');
  const dead = spawn('true');
  await new Promise(resolve => dead.on('exit', resolve));
  const script = `. '${path.join(TOP, 'deploy/quickstart.d/packages.sh')}'; POLICY='${policy}'; drop_left_policy; step() { shift 2; "$@"; }; apt_install() { cat $POLICY; }; `;
  const drop = rest => run('bash', ['-euo', 'pipefail', '-c', script + rest]);
  for (const [text, stays] of [[`#!/bin/sh\n# of deploy/quickstart, process ${dead.pid}\nexit 101\n`, false],
    [`#!/bin/sh\n# of deploy/quickstart, process ${process.pid}\nexit 101\n`, true], ['#!/bin/sh\nexit 101\n', true]]) {
    fs.writeFileSync(policy, text, { mode: 0o755 });
    assert.equal((await drop('true')).code, 0);
    assert.equal(fs.existsSync(policy), stays, text);
  }
  /* What it writes itself is known, and goes at the end. */
  fs.rmSync(policy);
  const r = await drop('verbose=0; install_packages none');
  assert.match(r.out + r.err, /^#!\/bin\/sh\n# of deploy\/quickstart, process \d+\nexit 101$/m);
  assert.ok(!fs.existsSync(policy));
});
