/*
 * All on a Redis that is a cluster: it refuses commands, scripts and channels
 * that touch two hash slots.
 */
import assert from 'node:assert/strict';
import { suite, until } from './dragoman.mjs';

const s = suite({ cluster: true, settings: { chat: { wait: '20s', max_history: 5 } } });

s.test('chats with tools, streams, commands', async d => {
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'ping' } }] }, { text: 'pong' });
  assert.equal((await d.say('one', 'go')).reply, 'pong');
  const stream = d.stream({ chat_id: 'two', message: 'hello' });
  await stream.done;
  assert.ok((await d.say('two', '/status')).reply.includes('Waiting: 0'));
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => d.say(`c${i}`, 'x')));
  for (const r of all) assert.equal(r.reply, 'You said: x');
  assert.equal((await d.settled()).unaccounted, 0);
});

s.test('/stop, pause, forget, reseal, doctor', async d => {
  d.model.push({ hang: true });
  const waiting = d.chat({ chat_id: 'stop', message: 'long' });
  await until(async () => (await d.say('stop', '/status')).reply.includes('working'), { what: 'it runs' }).catch(() => {});
  await d.say('stop', '/stop');
  assert.match((await waiting).json.reply, /[Ss]topped/);
  for (const args of [['pause'], ['resume'], ['keys', 'reseal'], ['chats', 'list'], ['turns', 'list'], ['chats', 'forget', 'default/http/one', '--yes']]) {
    const r = await d.cli(args);
    assert.equal(r.code, 0, `${args.join(' ')}: ${r.stderr}`);
  }
  const r = await d.cli(['doctor', '--json']);
  assert.ok(!/CROSSSLOT|damaged|should be/.test(r.stdout), r.stdout);
  assert.equal((await d.settled()).unaccounted, 0);
});

s.test('turn workers are woken: nothing waits for the look of each second', async d => {
  const free = await Promise.all(Array.from({ length: 16 }, (_, p) => d.redis.scard(`{p${p}}:free`)));
  assert.deepEqual(free, Array(16).fill(2), 'both workers want to be woken everywhere');
  const took = [];
  for (let i = 0; i < 20; i++) {
    const begun = performance.now();
    await d.say(`w${i}`, 'x');
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  assert.ok(took[10] < 400, `half of them took longer than ${took[10]} ms`);
});

s.test('the cluster refused nothing', async d => {
  const { kinds, commands } = await d.redisErrors();
  assert.deepEqual(kinds.filter(k => k !== 'errorstat_NOSCRIPT'), [], commands.join('\n'));
});
