/*
 * What the tests of deploy/quickstart share: runs of it with nothing of the
 * tester's own, in states that are stopped at the end.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { freePort, SLOW, TOP } from './dragoman.mjs';

export const ROOT = process.getuid() === 0;
export const QUICKSTART = path.join(TOP, 'deploy/quickstart');
/* An edge and a turn worker for two cores, as the quickstart counts them. */
export const WORKERS = 2 * Math.ceil(Number(execFileSync('nproc', { env: { PATH: process.env.PATH } })) / 2);
export const top = fs.mkdtempSync(path.join(os.tmpdir(), 'dq-'));
fs.chmodSync(top, 0o755);
export const states = new Set();

/* Nothing of ours but what a test gives: no key of the tester's own. */
export function bare(env = {}) {
  return { PATH: process.env.PATH, HOME: top, TERM: 'dumb', ...env };
}

export function run(file, args, { env, ms = 30000, cwd = top, input } = {}) {
  return new Promise((resolve, reject) => {
    const p = spawn(file, args, { env: bare(env), cwd, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const timer = setTimeout(() => { p.kill('SIGKILL'); reject(new Error(`${file} ${args.join(' ')}: not within ${ms} ms\n${err}`)); }, ms * SLOW);
    let out = '', err = '';
    p.stdout.on('data', c => { out += c; });
    p.stderr.on('data', c => { err += c; });
    p.on('error', reject);
    if (input !== undefined) p.stdin.end(input);
    p.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? signal, out, err });
    });
  });
}

export function quickstart(state, args, options) {
  states.add(state);
  return run(QUICKSTART, ['--state', state, ...args], options);
}

export async function start(state, args = [], options = {}) {
  const port = await freePort();
  const r = await quickstart(state, ['--yes', '--detach', '--port', String(port), ...args], { ms: 120000, ...options });
  assert.equal(r.code, 0, r.err);
  return { port, err: r.err, curl: /^ {2}(?:printf|curl)[^]*?'$/m.exec(r.err)[0] };
}

/* Settings of a start that takes five seconds, as a model's server does not tell
 * its models. */
export async function startsSlowly() {
  const silent = http.createServer(() => {});
  await new Promise(resolve => silent.listen(0, '127.0.0.1', resolve));
  silent.unref();
  return { LLM_BASE_URL: `http://127.0.0.1:${silent.address().port}/v1` };
}

export async function stop(state) {
  const r = await quickstart(state, ['--stop']);
  assert.equal(r.code, 0, r.err);
  assert.equal((await quickstart(state, ['--status'])).code, 3);
  states.delete(state);
}

export function get(port, url) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: url, agent: false }, res => {
      let text = '';
      res.on('data', c => { text += c; });
      res.on('end', () => resolve({ status: res.statusCode, text }));
    }).on('error', reject);
  });
}

after(async () => {
  for (const state of states) await quickstart(state, ['--stop']).catch(() => {});
  fs.rmSync(top, { recursive: true, force: true });
});
