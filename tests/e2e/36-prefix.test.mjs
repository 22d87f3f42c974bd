/*
 * redis.prefix: two installations share one Redis, each as a user that Redis
 * itself keeps to its prefix, and don't see each other; processes that differ
 * are an error of doctor; data moves from one prefix to another.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { dragoman, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const user = d => `unix://${d.prefix.replace(':', '')}:pw@${d.file('redis.sock')}`;

async function admit(d, prefix) {
  await d.redis.call('ACL', 'SETUSER', prefix.replace(':', ''), 'reset', 'on', '>pw', `~${prefix}*`, `&${prefix}*`, '+@all');
}

let other = null;
const s = sharedStack({ prefix: 'one:', edges: 1, turns: 1 });
after(async () => { await other?.end(); });

s.test('two installations on one Redis answer their own people alone', async d => {
  await admit(d, 'one:');
  await admit(d, 'two:');
  for (const w of [...d.edges, ...d.turns]) await d.stopAndWait(w);
  d.edges.length = d.turns.length = 0;
  d.options.env = { REDIS_URL: user(d) };
  d.startEdge();
  d.startTurn();
  await d.ready();
  other = await dragoman({ prefix: 'two:', edges: 1, turns: 1, redisUrl: user(d).replace('one:pw', 'two:pw'),
    settings: { chat: { persona: { name: 'Two' } } } });

  assert.equal((await d.say('me', 'to the first')).reply, 'You said: to the first');
  assert.equal((await other.say('me', 'to the second')).reply, 'You said: to the second');
  const stream = other.stream({ chat_id: 'me', message: 'a stream' });
  await stream.done;
  assert.equal(stream.of('reply')[0]?.reply, 'You said: a stream', stream.raw);
  assert.equal(d.model.requests.length, 1, 'each model heard its own');
  for (const [one, n] of [[d, 1], [other, 2]]) {
    const shown = await one.cli(['turns', 'show', 'me', '--json']);
    assert.equal(shown.json.turns, n, shown.stdout);
    const doctor = await one.cli(['doctor', '--json']);
    assert.doesNotMatch(doctor.stdout, /prefix/);
  }
  /* A pause, and a stop, are of one. */
  await other.cli(['pause']);
  assert.equal((await d.say('me', 'not paused')).reply, 'You said: not paused');
  await other.cli(['resume']);
  const all = await d.redis.call('KEYS', '*');
  assert.deepEqual(all.filter(k => !/^(one|two):/.test(k)), []);
});

testWith({ edges: 1, turns: 1 }, 'processes that differ are an error of doctor', async d => {
  assert.equal((await d.say('me', 'hello')).reply, 'You said: hello');
  const right = await d.cli(['doctor']);
  assert.doesNotMatch(right.stdout, /prefix/);
  const wrong = await d.cli(['doctor', '--json'], { env: { REDIS_PREFIX: 'other:' } });
  const found = wrong.json.findings.filter(f => /do not see each other/.test(f.what ?? f.text ?? JSON.stringify(f)));
  assert.equal(found.length, 1, JSON.stringify(found));
  assert.match(JSON.stringify(found), /1 turn workers and 1 edges use the prefix \\"dragoman:\\", this configuration has the prefix \\"other:\\"/);
  assert.equal(wrong.code, 2);
});

testWith({ edges: 1, turns: 1, prefix: '' }, 'what is stored moves to a prefix, and back', async d => {
  assert.equal((await d.say('me', 'hello')).reply, 'You said: hello');
  await d.redis.set('somebody', 'x');
  const busy = await d.cli(['prefix', 'move', ''], { env: { REDIS_PREFIX: 'new:' } });
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /stop all of them/);
  for (const w of [...d.edges, ...d.turns]) await d.stopAndWait(w);
  d.edges.length = d.turns.length = 0;
  await until(async () => (await d.cli(['prefix', 'move', ''], { env: { REDIS_PREFIX: 'new:' } })).code === 0, { ms: 15000 });
  assert.deepEqual((await d.redis.call('KEYS', '*')).filter(k => !k.startsWith('new:')), ['somebody']);
  d.options.env = { REDIS_PREFIX: 'new:' };
  d.startEdge();
  d.startTurn();
  await d.ready();
  assert.equal((await d.say('me', 'still here')).reply, 'You said: still here');
  const shown = await d.cli(['turns', 'show', 'me', '--json']);
  assert.equal(shown.json.history, 2, 'the talk went along');

  for (const w of [...d.edges, ...d.turns]) await d.stopAndWait(w);
  d.edges.length = d.turns.length = 0;
  d.options.env = {};
  const back = await d.cli(['prefix', 'move', 'new:', '--json']);
  assert.equal(back.code, 0, back.stderr);
  assert.equal(back.json.left, 0);
  assert.equal((await d.cli(['turns', 'show', 'me', '--json'])).json.history, 2);
  for (const from of ['x y{', 'new:']) {
    const none = await d.cli(['prefix', 'move', from]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /nothing of this installation lies under/);
  }
});
