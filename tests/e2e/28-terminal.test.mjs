/*
 * The dragoman command on a real terminal (script(1) makes one): colours, and
 * what is shown of long work.  The chat is 39-terminal-chat's.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BUILD, until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ edges: 1, turns: 1, env: { ENCRYPTION_KEY: '', ENCRYPTION_KEY_FILE: 'encryption_key' }, before: d => {
  fs.writeFileSync(d.file('encryption_key'), `${d.key}\n`, { mode: 0o600 });
} });

/* ${line} of a shell, on a terminal: {out, end}. */
function terminal(d, line, env = {}) {
  const p = spawn('script', ['-qefc', line.includes('|') ? line : `exec ${line}`, '/dev/null'], {
    env: { ...d.turnEnv(), TERM: 'xterm', PATH: `${BUILD}:${process.env.PATH}`, SHELL: '/bin/sh', DRAGOMAN_URL: `http://127.0.0.1:${d.port}`, ...env },
    cwd: d.dir, stdio: ['pipe', 'pipe', 'inherit'],
  });
  const t = { out: '' };
  p.stdin.on('error', () => {});
  p.stdout.on('data', c => { t.out += c; });
  t.end = new Promise((resolve, reject) => { p.on('error', reject); p.on('close', resolve); });
  return t;
}
/* Its output, when it needs no typing. */
async function shown(d, line, env) {
  const t = terminal(d, line, env);
  await t.end;
  fs.appendFileSync(d.file('log/terminal'), t.out);
  return t.out;
}

s.test('colours on a terminal, unless they are not wanted', async d => {
  assert.match(await shown(d, 'dragoman doctor'), /\u001b\[32mok/);
  assert.match(await shown(d, 'dragoman bogus'), /\u001b\[31mdragoman:/);
  for (const [line, env] of [['dragoman --no-color doctor', {}], ['dragoman doctor', { NO_COLOR: '1' }], ['dragoman doctor', { TERM: 'dumb' }], ['dragoman --json doctor', {}], ['dragoman --json bogus', {}], ['dragoman doctor | cat', {}]])
    assert.doesNotMatch(await shown(d, line, env), /\u001b\[/, `${line} ${JSON.stringify(env)}`);
});

s.test('a reader that leaves: no further message is sent', async d => {
  d.model.clear();
  const p = spawn('bash', ['-c', 'set -o pipefail; yes again | head -n 500 | dragoman chat | head -n 1'], {
    env: { ...d.turnEnv(), PATH: `${BUILD}:${process.env.PATH}`, DRAGOMAN_URL: `http://127.0.0.1:${d.port}` }, cwd: d.dir, stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  p.stdout.on('data', c => { out += c; });
  await new Promise(resolve => p.on('close', resolve));
  assert.match(out, /You said: again/);
  assert.ok(d.model.requests.length <= 5, `${d.model.requests.length} messages were sent for a reader that left after one`);
  await d.settled();
});

s.test('resealing shows how far it is, on a terminal only', async d => {
  for (const step of ['--prepare', '--activate'])
    assert.equal((await d.cli(['keys', 'rotate', step])).code, 0);
  for (const w of [...d.edges, ...d.turns]) w.signal('SIGHUP');
  await until(() => d.logs().filter(l => l.event === 'keys_changed').length === 2);
  assert.match(await shown(d, 'dragoman keys reseal'), /looked at, \d+ encrypted anew/);
  const quiet = await d.cli(['keys', 'reseal']);
  assert.equal(quiet.code, 0);
  assert.equal(quiet.stderr, '');
});
