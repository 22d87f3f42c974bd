/*
 * times: how long each test file took, from its process's start to its end.
 *
 *   node --import ./tests/e2e/times.mjs --test ...
 *
 * A line a file, "NAME SECONDS", is added to $E2E_TIMES; tests/run shows them
 * beside tests/e2e/budgets.
 */
import fs from 'node:fs';
import path from 'node:path';

const file = process.argv[1] ?? '';
if (process.env.E2E_TIMES && file.endsWith('.test.mjs'))
  process.on('exit', () => fs.appendFileSync(process.env.E2E_TIMES,
    `${path.basename(file, '.test.mjs')} ${Math.ceil(performance.now() / 1000)}\n`));
