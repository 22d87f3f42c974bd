/*
 * stacks: the installations (dragoman.mjs) that tests look at.
 *
 *   const s = sharedStack({ edges: 1, turns: 1, settings: {...} });
 *   s.test('a message gets a reply', async d => { ... });
 *
 * Tests of a file that want the same settings share a stack.  It starts with
 * the first of them that runs and ends after the last.  Each begins as if it
 * were alone: its chats are its own (one of another test is an error), d.model
 * and d.memcp do as new ones and have heard nothing, d.events() and the logs of a
 * failure are of this test.  What else it changes (a pause, a setting), it takes
 * back; what only grows (a counter), it compares with before.  After a failure
 * the next test gets a new stack.
 *
 *   testWith({...}, 'a worker is killed', async d => { ... });
 *
 * A stack of its own has a test that kills, stops, fills or wears out what it
 * looks at, or whose settings no other one wants.
 *
 * Options are those of dragoman(), or a function that gives them.  With
 * E2E_ORDER=reverse the tests of a file run from the last to the first: none
 * may need another.
 */
import nodeTest, { after } from 'node:test';
import { dragoman } from './dragoman.mjs';

const REGISTERED_MS = 50; /* by then a file has named its tests */

/* Settings that a test changes are its stack's. */
async function start(options) {
  const o = typeof options === 'function' ? await options() : options;
  return dragoman({ ...o, settings: structuredClone(o.settings) });
}

const backwards = [];

function register(name, fn) {
  if (process.env.E2E_ORDER !== 'reverse') return nodeTest(name, fn);
  if (backwards.push([name, fn]) === 1)
    setTimeout(() => { for (const t of backwards.splice(0).reverse()) nodeTest(...t); }, REGISTERED_MS);
  return undefined;
}

/* ${fn} on ${d}: if it fails, with what was logged meanwhile. */
async function look(d, name, fn, t) {
  try {
    await fn(d, t);
    d.sound();
  } catch (err) {
    console.error(`\n=== ${name}: logs of ${d.dir}\n${d.tails()}\n===`);
    throw err;
  }
}

/* A failure of the test says more than one of the end after it. */
async function endAfter(failed, d) {
  try {
    await d.end();
  } catch (err) {
    throw failed ?? err;
  }
  if (failed) throw failed;
}

export function sharedStack(options = {}) {
  let d = null, left = 0, broken = null;
  const end = async failed => {
    const old = d;
    d = null;
    if (old) await endAfter(failed, old);
  };
  after(() => end(null)); /* those that are left are not asked for */
  return {
    test(name, fn) {
      left++;
      register(name, async t => {
        left--;
        if (broken) throw new Error('the stack did not start', { cause: broken });
        d ??= await start(options).catch(err => { broken = err; throw err; });
        d.begin(name);
        const failed = await look(d, name, fn, t).then(() => null, err => err);
        if (failed || left === 0) await end(failed);
      });
    },
  };
}

export function testWith(options, name, fn) {
  register(name, async t => {
    const d = await start(options);
    await endAfter(await look(d, name, fn, t).then(() => null, err => err), d);
  });
}
