/*
 * times: how long each test file took, from its process's start to its end, and
 * how many stacks it started.
 *
 *   node --import ./tests/e2e/times.mjs --test ...
 *
 * A line a file, "NAME SECONDS STACKS", is added to $E2E_TIMES; tests/run shows
 * them beside tests/e2e/budgets.
 */
import fs from 'node:fs';
import path from 'node:path';

export const times = { stacks: 0 };

const file = process.argv[1] ?? '';
if (process.env.E2E_TIMES && file.endsWith('.test.mjs'))
  process.on('exit', () => fs.appendFileSync(process.env.E2E_TIMES,
    `${path.basename(file, '.test.mjs')} ${Math.ceil(performance.now() / 1000)} ${times.stacks}\n`));
