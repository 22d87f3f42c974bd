/*
 * again: a second question in the chat of a run, for what must be remembered.
 */
import assert from 'node:assert/strict';

/* The next question of the same chat takes ${n} requests. */
export function again(n, reply = 'right answer') {
  return async run => {
    const before = run.requests.length;
    const r = await run.lane.d.say(run.key.replaceAll('/', '.'), `And again. [wild:${run.key}]`);
    assert.ok(r.reply.includes(reply), r.reply);
    assert.equal(run.requests.length - before, n, 'requests of the second question');
  };
}
