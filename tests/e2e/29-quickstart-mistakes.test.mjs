/*
 * deploy/quickstart when something is wrong: one sentence with what, where and
 * the remedy, at once, and no line of a log.  And what helps then: --restart,
 * --logs, --remove; which model is meant; files that the workers cannot reach.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Model, OPENAI_KEY } from '../doubles/model.mjs';
import { freePort, SLOW, until } from './dragoman.mjs';
import { bare, get, QUICKSTART, quickstart, ROOT, run, start, states, stop, top } from './quickstart.mjs';

const file = (name, text, mode = 0o644) => {
  const p = path.join(top, name);
  fs.mkdirSync(path.dirname(p), { recursive: true });
  fs.writeFileSync(p, text, { mode });
  return p;
};
const dragoman = (state, ...args) => quickstart(state, ['--exec', '--', 'dragoman', ...args]);
const say = async (state, port, message) => {
  const secret = fs.readFileSync(path.join(state, 'secrets/proxy_secret'), 'utf8');
  const r = await run('curl', ['-s', '-m', '25', `http://127.0.0.1:${port}/chat`, '-H', `X-Proxy-Secret: ${secret}`,
    '-H', 'Content-Type: application/json', '-d', JSON.stringify({ chat_id: 'me', message })]);
  return JSON.parse(r.out).reply;
};

/* One sentence of ours at the end, nothing of the programs' own. */
function oneSentence(r, code, message, what) {
  assert.equal(r.code, code, `${what}: ${r.code}\n${r.err}`);
  assert.match(r.err, message, what);
  assert.match(r.err.trim().split('\n').at(-1), /^quickstart: /, what);
  assert.doesNotMatch(r.err, /^\{"time"/m, what);
}

/* Minutes of trying would not be waited for. */
const AT_ONCE = 30000;

test('a start that cannot succeed ends at once, with one sentence', async () => {
  const state = path.join(top, 'none');
  const key = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
  const taken = net.createServer();
  await new Promise(resolve => taken.listen(0, '127.0.0.1', resolve));
  const cases = [
    ['a Redis that is not there', [], { REDIS_URL: 'redis://127.0.0.1:1' }, 1, /Redis does not answer at redis\.url\. Start it or correct REDIS_URL/],
    ['a short key', [], { ENCRYPTION_KEY: 'short' }, 2, /expected base64 of 32 bytes.*it has 5 characters, a key has 43 or 44\. `openssl rand -base64 32` prints/],
    ['YAML that is none', [], { DRAGOMAN_CONFIG: file('wrong.yaml', 'chat: [\n') }, 2, /^error: +\S+wrong\.yaml:2: file: expected YAML.*\nquickstart: the configuration is wrong\. Correct the lines above/m],
    ['a taken port', ['--port', String(taken.address().port)], {}, 1, /port \d+ is already used by \S+ \(process \d+\)\. Choose another port with --port \d+/],
    ['an address of another machine', ['--listen', '192.0.2.1'], {}, 1, /nginx cannot serve 192\.0\.2\.1:\d+: .*choose another with --listen/],
  ];
  try {
    /* The programs are there: only the first of all waits for a compiler. */
    await start(path.join(top, 'first'), [], { ms: 280000 });
    await stop(path.join(top, 'first'));
    for (const [what, args, env, code, message] of cases) {
      const port = args.includes('--port') ? [] : ['--port', String(await freePort())];
      oneSentence(await quickstart(state, ['--yes', '--detach', ...port, ...args], { env, ms: AT_ONCE }), code, message, what);
    }
  } finally {
    taken.close();
  }
  /* What was sealed with a key is not given to another one. */
  const sealed = path.join(top, 'sealed');
  await start(sealed, [], { env: { ENCRYPTION_KEY: key } });
  await stop(sealed);
  const other = await quickstart(sealed, ['--yes', '--detach', '--port', String(await freePort())], { env: { ENCRYPTION_KEY: key.replace('MDE', 'MTE') }, ms: AT_ONCE });
  oneSentence(other, 1, /could not be started: .*encrypted with another ENCRYPTION_KEY[:;] give that one/, 'another key');
  assert.equal((await quickstart(sealed, ['--status'])).code, 3);
  /* A Redis of its own that does not start. */
  const manifest = fs.readdirSync(path.join(sealed, 'redis/appendonlydir')).find(n => n.endsWith('.manifest'));
  fs.writeFileSync(path.join(sealed, 'redis/appendonlydir', manifest), 'nonsense\n');
  oneSentence(await quickstart(sealed, ['--yes', '--detach', '--port', String(await freePort())], { env: { ENCRYPTION_KEY: key }, ms: AT_ONCE }),
    1, /could not be started: redis ended: .*manifest/, 'a damaged Redis');
  states.delete(state);
  states.delete(sealed);
});

test('before anything is built: folders, disks and programs', async t => {
  const state = path.join(top, 'early');
  const theirs = path.dirname(file('theirs/file', ''));
  oneSentence(await quickstart(theirs, ['--yes', '--detach']), 2, /theirs is there and not a state of the quickstart; choose another folder with --state/, "somebody else's folder");
  assert.deepEqual(fs.readdirSync(theirs), ['file']);

  /* Every program of this machine but a few. */
  const bin = path.join(top, 'bin');
  const without = new Set(['apt-get', 'dpkg-query', 'redis-server', 'df']);
  fs.mkdirSync(bin);
  for (const folder of ['/usr/bin', '/bin', path.dirname(process.execPath)])
    for (const name of fs.readdirSync(folder))
      if (!without.has(name) && !fs.existsSync(path.join(bin, name)))
        fs.symlinkSync(path.join(folder, name), path.join(bin, name));
  const env = { PATH: bin };
  oneSentence(await quickstart(state, ['--detach'], { env }), 1, /these programs are missing: redis-server\. This system has no apt-get: install them with its own tools/, 'no apt');
  fs.symlinkSync('/bin/true', path.join(bin, 'redis-server'));
  file('bin/df', '#!/bin/sh\necho head\necho "disk 100 88 12 88% /"\n', 0o755);
  oneSentence(await quickstart(state, ['--detach'], { env }), 1, /: only 12 MB are free there, .* needs \d+ MB; make room/, 'no room');
  assert.ok(!fs.existsSync(state));
  states.delete(state);
  states.delete(theirs);

  if (!ROOT || (await run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', 'test', '-x', QUICKSTART])).code !== 0) return t.skip('not root, or a private clone');
  const private_ = path.join(top, 'private');
  fs.mkdirSync(private_, { mode: 0o755 });
  oneSentence(await run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', QUICKSTART, '--detach', '--state', path.join(private_, 'x')]),
    1, /cannot write \S+private, which belongs to root; choose another folder with --state/, 'an unwritable folder');
});

test('misspelt names are told with what was meant, and nothing else is lost', async () => {
  const state = path.join(top, 'misspelt');
  const lines = file('misspelt.env', 'LOG_LEVLE=debug\nSOME_THING=1\nCHAT_MAX_HISTORY=3\n');
  const { err, port } = await start(state, ['--env-file', lines], { env: { CHAT_HSOT: 'openai' } });
  assert.match(err, /^warning: environment: CHAT_HSOT: is not a setting; did you mean CHAT_HOST\?$/m);
  assert.match(err, /^warning: \S+misspelt\.env:1: LOG_LEVLE: is not a setting; did you mean LOG_LEVEL\?$/m);
  assert.match(err, /^warning: \S+misspelt\.env:2: SOME_THING: is not a setting$/m);
  assert.equal(err.match(/LOG_LEVLE/g).length, 1);
  const log = fs.readFileSync(path.join(state, 'log/dragoman.log'), 'utf8');
  for (const worker of ['edge', 'turn'])
    assert.match(log, new RegExp(`"event":"config_warned","worker":"${worker}".*CHAT_HSOT: is not a setting; did you mean CHAT_HOST`));
  assert.doesNotMatch(log, /readiness_lost/, 'nothing was ready before');
  assert.doesNotMatch(log, /"level":"error"/, 'a start like any other');

  /* No model: said by the start, the first answer, /status, /help, doctor. */
  assert.match(err, /^No language model is set, .*\n.*start it with one of:\n {2}OPENAI_API_KEY=sk-\.\.\. .* --restart\n {2}LLM_BASE_URL=http:\/\/HOST:PORT\/v1 .* --restart$/m);
  for (const message of ['hello', '/status', '/help'])
    assert.match(await say(state, port, message), /No language model is set[^]*LLM_BASE_URL=http:\/\/HOST:PORT\/v1/, message);
  assert.match((await dragoman(state, 'doctor')).out, /model +no model is set[^]*OPENAI_API_KEY/);

  /* The same settings, but for what is given now; the file is read again. */
  fs.writeFileSync(lines, 'CHAT_MAX_HISTORY=4\nLLM_ROUNDS=6\n');
  const again = await quickstart(state, ['--restart'], { env: { LLM_ROUNDS: '7' }, ms: 60000 });
  assert.equal(again.code, 0, again.err);
  assert.match(again.err, new RegExp(`Dragoman runs: http://127\\.0\\.0\\.1:${port} `));
  const show = (await dragoman(state, 'config', 'show')).out;
  assert.match(show, /^chat\.max_history +4 /m);
  assert.match(show, /^llm\.rounds +7 /m);
  /* A wrong one stops nothing. */
  oneSentence(await quickstart(state, ['--restart'], { env: { LLM_ROUNDS: 'many' } }), 2, /llm\.rounds: expected a whole number/, 'a wrong restart');
  assert.equal((await get(port, '/ready')).status, 200);

  const logs = await quickstart(state, ['--logs']);
  assert.equal(logs.code, 0);
  /* For people, each line once, and nothing that alarms. */
  assert.match(logs.out, /dragoman\.log[^]*\n20\d\d-\d\d-\d\d \d\d:\d\d:\d\d info worker_started worker="edge" pid=\d+ /);
  assert.equal(logs.out.match(/ worker_started worker="edge"/g).length, fs.readFileSync(path.join(state, 'log/dragoman.log'), 'utf8').match(/worker_started","worker":"edge"/g).length);
  assert.doesNotMatch(logs.out, /redis_failed|Ready to accept connections|\{"time"/);

  assert.equal((await quickstart(state, ['--remove'])).code, 2, 'without a terminal it wants --yes');
  fs.writeFileSync(path.join(state, 'mine'), '');
  const kept = await quickstart(state, ['--remove', '--yes']);
  assert.equal(kept.code, 1, 'what is not ours is left');
  assert.deepEqual(fs.readdirSync(state), ['mine']);
  fs.rmSync(path.join(state, 'mine'));
  fs.rmdirSync(state);
  assert.equal((await quickstart(state, ['--remove', '--yes'])).code, 0);
  states.delete(state);
});

test('LLM_BASE_URL alone: the only model of the server is asked, of several the names are told', async () => {
  const state = path.join(top, 'base-url');
  const model = await Model.start();
  try {
    model.models = ['qwen3-8b', 'nomic-embed-text'];
    const { err, port } = await start(state, [], { env: { LLM_BASE_URL: model.openai, OPENAI_API_KEY: OPENAI_KEY } });
    assert.match(err, /^Model: openai\/qwen3-8b$/m);
    model.push({ text: 'I am asked' });
    assert.equal(await say(state, port, 'who?'), 'I am asked');
    assert.equal(model.last().body.model, 'qwen3-8b');
    assert.match((await dragoman(state, 'models')).out, /^openai\/qwen3-8b\/.* listed$/m);
    assert.match(fs.readFileSync(path.join(state, 'log/dragoman.log'), 'utf8'), /"event":"model_chosen".*"model":"qwen3-8b"/);

    model.models = ['qwen3-8b', 'llama3'];
    const several = await quickstart(state, ['--restart', '--detach'], { ms: 60000 });
    assert.equal(several.code, 0, several.err);
    assert.match(several.err, /^error +model .*has several: qwen3-8b, llama3\n.*choose one, for example LLM_MODEL=qwen3-8b$/m);
    const told = await dragoman(state, 'models');
    assert.equal(told.code, 1);
    assert.match(told.err, /has several: qwen3-8b, llama3: choose one, for example LLM_MODEL=qwen3-8b/);
    const one = await quickstart(state, ['--restart'], { env: { LLM_MODEL: 'llama3' }, ms: 60000 });
    assert.match(one.err, /^Model: openai\/llama3$/m);
    assert.doesNotMatch(one.err, /^error/m);
    await stop(state);
  } finally {
    await model.stop();
  }
});

test('what the YAML file names is reached and kept: key files, and ${NAME}s', async () => {
  const state = path.join(top, 'named');
  const model = await Model.start();
  try {
    /* Root's alone, if we are root. */
    const hidden = path.join(top, 'named-hidden');
    fs.mkdirSync(hidden, { mode: 0o700 });
    file('named-hidden/key of b', `${OPENAI_KEY}\n`, 0o600);
    file('named-elsewhere/key', `${OPENAI_KEY}\n`, 0o600);
    const yaml = file('named-hidden/dragoman.yaml', [
      'chat: {host: openai, model: gpt-test}',
      'llm:',
      '  base_url: http://127.0.0.1:1/v1 # nobody is there',
      '  headers: {X-Of-The-Test: "${OF_THE_TEST}"}',
      '  connect: 1s',
      '  fallback: [b, c]',
      '  backends:',
      `    b: {host: openai, model: gpt-test, base_url: "${model.openai}", api_key_file: 'key of b'}`,
      `    c: {host: openai, model: gpt-test, base_url: "${model.openai}", api_key_file: ${top}/named-elsewhere/key}`,
      'mcp:',
      '  servers:',
      '    s: {url: "http://127.0.0.1:1/mcp", headers: {Authorization: "Bearer ${OF_A_SERVER}"}}',
      ''].join('\n'), 0o600);
    const { port, err } = await start(state, [], { env: { DRAGOMAN_CONFIG: yaml, OF_THE_TEST: 'kept', OF_A_SERVER: 'of a server' } });
    if (ROOT) assert.match(err, /the workers cannot read \S+dragoman\.yaml or a file that it names/);
    model.push({ text: 'by b' });
    assert.equal(await say(state, port, 'hello'), 'by b');
    /* The command finds them, too. */
    const check = await dragoman(state, 'config', 'check');
    assert.equal(check.code, 0, check.out);
    assert.equal((await quickstart(state, ['--exec', '--', 'printenv', 'OF_THE_TEST'])).out, 'kept\n');
    /* It may be a model's key: the edge, which strangers reach, has none.  Keys of tools' servers it has. */
    const edges = fs.readFileSync(path.join(state, 'processes'), 'utf8').split('\n').find(l => l.startsWith('worker\tedge'));
    for (const name of ['*_API_KEY', '*_API_KEY_FILE', 'LLM_BACKENDS', 'LLM_HEADERS', 'OF_THE_TEST'])
      assert.ok(edges.split('\t')[4].split(',').includes(name), `${name} in ${edges}`);
    for (const name of ['MCP_SERVERS', 'OF_A_SERVER'])
      assert.ok(!edges.split('\t')[4].split(',').includes(name), `${name} in ${edges}`);
    assert.equal((await quickstart(state, ['--restart'], { ms: 60000 })).code, 0);
    assert.equal((await quickstart(state, ['--exec', '--', 'printenv', 'OF_THE_TEST'])).out, 'kept\n');
    await stop(state);
  } finally {
    await model.stop();
  }
});

test('open to the network without TLS is warned of', async () => {
  const state = path.join(top, 'open');
  const { err } = await start(state, ['--listen', '0.0.0.0']);
  assert.match(err, /^warning: 0\.0\.0\.0:\d+ is plain HTTP: .*Put TLS in front of it/m);
  await stop(state);
});

test('in a terminal --remove asks, and Enter keeps all', async t => {
  if (!fs.existsSync('/usr/bin/script')) return t.skip('no script(1)');
  const state = path.join(top, 'asked');
  await start(state);
  const p = spawn('script', ['-qec', `'${QUICKSTART}' --remove --state '${state}'`, '/dev/null'], { env: bare(), cwd: top, stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  p.stdout.on('data', c => { out += c; });
  const end = new Promise(resolve => p.on('exit', resolve));
  await until(() => /\[y\/N\]/.test(out), { what: 'it asks', ms: 20000 * SLOW });
  p.stdin.write('\r');
  assert.equal(await end, 1, out);
  assert.equal((await quickstart(state, ['--status'])).code, 0);
  assert.equal((await quickstart(state, ['--remove', '--yes'])).code, 0);
  assert.ok(!fs.existsSync(state));
  states.delete(state);
});
