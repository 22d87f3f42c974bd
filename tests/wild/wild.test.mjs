/*
 * What real model and tool servers sent, and what other programs made of it:
 * each file of cases/ is one such input with its right value, asked through
 * the whole product.  WILD names the cases to run; default: all.
 */
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { readCases, runsOf, Wild } from './harness.mjs';

const names = (process.env.WILD ?? '').split(/[ ,]+/).filter(Boolean);
const { cases, chosen } = await readCases(names);
const all = runsOf(chosen);
const runs = all.filter(run => !isDamaged(run));
let wild = null;

/* libcurl 8.5 and newer goes by the label of an encoding alone: base/http_coding. */
function isDamaged(run) {
  const mislabelled = ['mcp-odd-bodies encoding-utf8', 'reach-odd-heads encoding-utf8', 'reach-odd-heads encoding-chunked', 'stream-encodings plain'];
  if (!mislabelled.includes(`${run.case.name} ${run.variant}`)) return false;
  const [major, minor] = execFileSync('pkg-config', ['--modversion', 'libcurl'], { encoding: 'utf8' }).split('.').map(Number);
  return major > 8 || (major === 8 && minor >= 5);
}

/* "recorded" means the other file. */
if (!runs.length && !names.includes('recorded')) throw new Error(`no case of that name: ${names}`);

before(async () => { if (runs.length) wild = await Wild.start(cases, runs); });

for (const run of all.filter(r => !runs.includes(r)))
  test(run.name, { skip: 'this libcurl goes by the label' }, () => {});

for (const run of runs)
  test(run.name, async t => {
    const { error } = await run.end;
    t.diagnostic(`${run.ms ?? '?'} ms`);
    if (error) throw error;
  });

if (runs.length)
  test('no worker was harmed', async () => {
    await wild.done;
    await wild.stop();
    wild = null;
  });

after(async () => { await wild?.stop().catch(() => {}); });
