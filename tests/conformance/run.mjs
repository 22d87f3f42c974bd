/*
 * The conformance suite of MCP against tests/conformance/start, at each
 * revision that it knows of; every checks.json is read, as the suite's own exit
 * code looks at a part of the scenarios only.
 *
 *   node tests/conformance/run.mjs [SCENARIO...]
 *
 * Needs Node 22.  A line for each scenario: "pass: REVISION SCENARIO" or "fail:
 * ...".  A FAILURE fails, and so does what only warns or was not tried, unless it
 * is EXPLAINED.  CONFORMANCE_BUILD is start's.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../e2e/dragoman.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CLI = path.join(HERE, '../node_modules/@modelcontextprotocol/conformance/dist/index.js');
/* How many scenarios each run has at least: fewer would be green by silence. */
const RUNS = [
  { revision: '2026-07-28', args: ['--requirements', '2026-07-28'], least: 50 },
  { revision: '2025-11-25', args: ['--requirements', '2025-11-25'], least: 33 },
  { revision: '2025-06-18', args: ['--suite', 'all', '--spec-version', '2025-06-18'], least: 27 },
  { revision: '2025-03-26', args: ['--suite', 'all', '--spec-version', '2025-03-26'], least: 1 },
];
/* What docs/MCP.md says more of. */
const EXPLAINED = new Set([
  'tasks-status-notifications', /* the suite has no code for it yet, and says so */
]);

const say = text => process.stdout.write(`${text}\n`);

function run(file, args, { ms = 180000, quiet = false, env = {} } = {}) {
  return new Promise(resolve => {
    const p = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const out = [];
    const timer = setTimeout(() => p.kill('SIGKILL'), ms);
    p.stdout.on('data', c => out.push(c));
    p.stderr.on('data', c => out.push(c));
    p.on('error', err => out.push(Buffer.from(err.message)));
    p.on('close', code => {
      clearTimeout(timer);
      const text = Buffer.concat(out).toString();
      if (code !== 0 && !quiet) say(text);
      resolve({ code, text });
    });
  });
}

/* The scenarios of a folder that the suite wrote: [NAME, checks]. */
function results(dir) {
  return fs.readdirSync(dir).sort().flatMap(name => {
    const m = /^server-(.+?)-\d{4}-\d\d-\d\dT/.exec(name);
    const file = path.join(dir, name, 'checks.json');
    if (!m || !fs.existsSync(file)) return [];
    return [[m[1], JSON.parse(fs.readFileSync(file, 'utf8'))]];
  });
}

const line = c => `    ${c.status} ${c.id}: ${(c.errorMessage ?? c.description ?? '').replace(/\s+/g, ' ').slice(0, 400)}`;

function judge(revision, scenario, checks) {
  const what = `${revision} ${scenario}`;
  const bad = checks.filter(c => c.status === 'FAILURE' || (c.status !== 'SUCCESS' && c.status !== 'INFO' && !EXPLAINED.has(c.id)));
  const tried = checks.some(c => c.status === 'SUCCESS') || checks.every(c => EXPLAINED.has(c.id));
  if (bad.length === 0 && tried) {
    say(`pass: ${what}`);
    return;
  }
  for (const c of tried ? bad : checks) say(line(c));
  say(`fail: ${what}`);
}

async function runOne({ revision, args, least }, url, dir, wanted) {
  const out = path.join(dir, revision);
  fs.mkdirSync(out);
  if (wanted.length === 0) {
    await run(process.execPath, [CLI, 'server', '--url', url, ...args, '-o', out], { quiet: true });
  } else {
    for (const s of wanted) await run(process.execPath, [CLI, 'server', '--url', url, '--scenario', s, '--spec-version', revision, '-o', out, '--verbose']);
  }
  const found = results(out);
  for (const [scenario, checks] of found) judge(revision, scenario, checks);
  if (wanted.length === 0 && found.length < least)
    say(`fail: ${revision}: ${found.length} scenarios ran, not ${least}`);
}

/* What the sanitizers say goes to the edge's standard error. */
function findings(state) {
  const dir = path.join(state, 'supervisor');
  for (const file of fs.readdirSync(dir)) {
    const text = fs.readFileSync(path.join(dir, file), 'utf8');
    const m = /ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error: |Assertion .* failed| ended: (exit [1-9]|signal)/.exec(text);
    if (m) say(`${text.slice(Math.max(0, m.index - 200), m.index + 2000)}\nfail: ${file}`);
  }
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
fs.chmodSync(dir, 0o711);
const env = { CONFORMANCE_STATE: path.join(fs.realpathSync(dir), 'state') };
try {
  const port = await freePort();
  const started = await run(path.join(HERE, 'start'), [String(port)], { env, ms: 600000 });
  if (started.code !== 0) {
    say('fail: tests/conformance/start');
  } else {
    for (const r of RUNS) await runOne(r, `http://localhost:${port}/mcp`, dir, process.argv.slice(2));
    const stopped = await run(path.join(HERE, 'stop'), [], { env });
    say(stopped.code === 0 ? 'pass: start and stop' : 'fail: tests/conformance/stop');
    findings(env.CONFORMANCE_STATE);
  }
} finally {
  await run(path.join(HERE, 'stop'), [], { env, quiet: true });
  if (process.env.E2E_KEEP) say(`kept: ${dir}`);
  else fs.rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
