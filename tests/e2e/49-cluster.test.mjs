/*
 * All on a Redis that is a cluster: it refuses commands, scripts and channels
 * that touch two hash slots.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { testWith } from './stacks.mjs';

testWith({ cluster: true, settings: { chat: { wait: '20s', max_history: 5 } } }, 'the whole stack keeps to one slot', async d => {
  /* Both want to be woken everywhere. */
  await until(async () => {
    for (let p = 0; p < 16; p++) assert.equal(await d.redis.scard(`{p${p}}:free`), 2);
    return true;
  }, { what: 'both turn workers are in all sets' });
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'ping' } }] }, { text: 'pong' });
  assert.equal((await d.say('one', 'go')).reply, 'pong');
  const stream = d.stream({ chat_id: 'two', message: 'hello' });
  await stream.done;
  assert.ok((await d.say('two', '/status')).reply.includes('Waiting: 0'));
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => d.say(`c${i}`, 'x')));
  for (const r of all) assert.equal(r.reply, 'You said: x');

  const asked = d.model.requests.length;
  d.model.push({ hang: true });
  const waiting = d.chat({ chat_id: 'stop', message: 'long' });
  await until(() => d.model.requests.length === asked + 1, { what: 'it runs' });
  await d.say('stop', '/stop');
  assert.match((await waiting).json.reply, /[Ss]topped/);
  for (const args of [['pause'], ['resume'], ['keys', 'reseal'], ['chats', 'list'], ['turns', 'list'], ['chats', 'forget', 'default/http/one', '--yes']]) {
    const r = await d.cli(args);
    assert.equal(r.code, 0, `${args.join(' ')}: ${r.stderr}`);
  }
  const r = await d.cli(['doctor', '--json']);
  assert.ok(!/CROSSSLOT|damaged|should be/.test(r.stdout), r.stdout);

  /* Woken: none of these waits for the look of each second. */
  const took = [];
  for (let i = 0; i < 21; i++) {
    const begun = performance.now();
    await d.say(`w${i}`, 'x');
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  assert.ok(took[10] < 400, `half of them took longer than ${took[10]} ms`);
  assert.equal((await d.settled()).unaccounted, 0);

  const { kinds, commands } = await d.redisErrors();
  assert.deepEqual(kinds.filter(k => k !== 'errorstat_NOSCRIPT'), [], commands.join('\n'));
});
