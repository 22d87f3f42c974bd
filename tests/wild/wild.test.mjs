/*
 * What real model and tool servers sent, and what other programs made of it:
 * each file of cases/ is one such input with its right value, asked through
 * the whole product.  WILD names the cases to run; default: all.
 */
import { after, before, test } from 'node:test';
import { readCases, runsOf, Wild } from './harness.mjs';

const names = (process.env.WILD ?? '').split(/[ ,]+/).filter(Boolean);
const { cases, chosen } = await readCases(names);
const runs = runsOf(chosen);
let wild = null;

/* "recorded" means the other file. */
if (!runs.length && !names.includes('recorded')) throw new Error(`no case of that name: ${names}`);

before(async () => { if (runs.length) wild = await Wild.start(cases, runs); });

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
