/*
 * Limits: messages a minute, a full inbox, a full Redis.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ settings: { chat: { rate_limit_per_minute: 5, inbox_max: 30 } } });

s.test('the sixth message of a minute is a 429 with Retry-After, in all words', async d => {
  for (let i = 0; i < 5; i++) assert.equal((await d.chat({ chat_id: 'rate', message: `m${i}` })).status, 200);
  const r = await d.chat({ chat_id: 'rate', message: 'm5' });
  assert.equal(r.status, 429, r.text);
  assert.equal(r.json.detail, 'Rate limit exceeded: max 5 messages per minute in one chat');
  const after = Number(r.headers['retry-after']);
  assert.ok(Number.isInteger(after) && after >= 1 && after <= 60, r.headers['retry-after']);
});

s.test('other chats are not limited by it, and the limit holds over both edges', async d => {
  assert.equal((await d.chat({ chat_id: 'rate-2', message: 'x' })).status, 200);
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => d.chat({ chat_id: 'burst', message: `m${i}` }, { agent: false })));
  const count = n => all.filter(r => r.status === n).length;
  assert.deepEqual([count(200), count(429)], [5, 15], JSON.stringify(all.map(r => r.status)));
});

s.test('commands count; refused ones do not make it longer', async d => {
  for (let i = 0; i < 5; i++) assert.equal((await d.chat({ chat_id: 'cmds', message: '/status' })).status, 200);
  const first = await d.chat({ chat_id: 'cmds', message: '/status' });
  assert.equal(first.status, 429);
  for (let i = 0; i < 10; i++) await d.chat({ chat_id: 'cmds', message: 'x' });
  const last = await d.chat({ chat_id: 'cmds', message: 'x' });
  assert.ok(Number(last.headers['retry-after']) <= Number(first.headers['retry-after']));
});

s.test('a repeat of an accepted message is not limited', async d => {
  for (let i = 0; i < 5; i++) await d.say('repeat', `m${i}`, { message_id: `r${i}` });
  const r = await d.chat({ chat_id: 'repeat', message: 'm0', message_id: 'r0' });
  assert.equal(r.status, 200, r.text);
});

s.test('the order: 422 and 400 before 429', async d => {
  for (let i = 0; i < 6; i++) await d.chat({ chat_id: 'order', message: 'x' });
  assert.equal((await d.chat({ chat_id: 'order', message: 5 })).status, 422);
  assert.equal((await d.chat({ chat_id: 'order', message: '' })).status, 400);
  assert.equal((await d.chat({ chat_id: 'order', message: 'x' }, { secret: 'no' })).status, 401);
});

s.test('refused messages are counted by reason', async d => {
  const count = async reason => (await d.metrics()).get(`dragoman_refused_total{reason="${reason}"}`) ?? 0;
  const limited = await count('limited'), unauthenticated = await count('unauthenticated');
  for (let i = 0; i < 5; i++) await d.say('counted', 'x');
  assert.equal((await d.chat({ chat_id: 'counted', message: 'x' })).status, 429);
  assert.equal((await d.chat({ chat_id: 'counted', message: 'x' }, { secret: 'no' })).status, 401);
  await until(async () => await count('limited') === limited + 1 && await count('unauthenticated') === unauthenticated + 1, { what: 'each is counted once' });
});

testWith({ settings: { chat: { inbox_max: 3 } } }, 'a full inbox is a 503 with Retry-After; nothing accepted is lost', async d => {
  let go;
  d.model.handler = r => ({ text: `r:${r.lastUser}`, hang: new Promise(resolve => { go = resolve; }) });
  const waiting = [];
  for (let i = 0; i < 3; i++) {
    waiting.push(d.chat({ chat_id: 'full', message: `m${i}` }));
    await until(async () => (await d.counts()).accepted === i + 1);
  }
  await until(() => go);
  const r = await d.chat({ chat_id: 'full', message: 'm3' });
  assert.equal(r.status, 503, r.text);
  assert.ok(Number(r.headers['retry-after']) >= 1);
  assert.equal((await d.chat({ chat_id: 'full', message: '/status' })).status, 200, 'commands pass');
  d.model.handler = x => ({ text: `r:${x.lastUser}` });
  go();
  for (const [i, p] of waiting.entries()) assert.equal((await p).json.reply, `r:m${i}`);
  assert.equal((await d.settled()).accepted, 3);
});

testWith({ settings: { chat: { inbox_max: 1000, inbox_bytes: '64k', max_input_chars: 20000 } } }, 'an inbox full in bytes is refused too', async d => {
  let go;
  d.model.push({ text: 'first', hang: new Promise(resolve => { go = resolve; }) });
  const all = Array.from({ length: 12 }, () => d.chat({ chat_id: 'bytes', message: 'z'.repeat(15000) }));
  await until(() => go && d.model.requests.length);
  const r = await until(async () => {
    const x = await d.chat({ chat_id: 'bytes', message: 'z'.repeat(15000) }, { ms: 1500 }).catch(() => null);
    return x?.status === 503 && x;
  }, { every: 50 });
  assert.ok(r.headers['retry-after']);
  go();
  const done = await Promise.all(all);
  assert.ok(done.some(x => x.status === 200) && done.some(x => x.status === 503));
  await d.settled();
});

testWith({ redis: ['--maxmemory', '100mb'] }, 'a Redis that is nearly full: 503, and turns still drain', async d => {
  assert.equal((await d.say('mem', 'x')).reply, 'You said: x');
  const used = async () => Number(/used_memory:(\d+)/.exec(await d.redis.info('memory'))[1]);
  /* Over 80 %, with room for what a busy Redis only has for a moment. */
  while (await used() < 90 << 20) await d.redis.rpush('ballast', Buffer.alloc(200_000));
  const r = await until(async () => {
    const x = await d.chat({ chat_id: 'mem', message: 'y' });
    return x.status !== 200 && x;
  }, { every: 100 });
  assert.equal(r.status, 503, r.text);
  await d.redis.del('ballast');
  await until(async () => (await d.chat({ chat_id: 'mem', message: 'z' })).status === 200);
  assert.equal((await d.settled()).unaccounted, 0);
});
