/*
 * Others write to this Redis: one damaged chat stops nobody else, a damaged key
 * of a partition is named by dragoman doctor, and deleting it heals.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ turns: 2, settings: { chat: { wait: '20s' } } });

/* A new chat in each partition: its name there. */
let series = 0;
function everywhere() {
  const names = [];
  series++;
  for (let i = 0; names.filter(Boolean).length < 16; i++) {
    const name = `default/http/e${series}-${i}`;
    let crc = 0;
    for (const b of Buffer.from(name)) {
      crc ^= b << 8;
      for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    names[crc % 16] ??= `e${series}-${i}`;
  }
  return names;
}

const doctor = async d => JSON.parse((await d.cli(['doctor', '--json'])).stdout);
const named = async (d, key) => JSON.stringify(await doctor(d)).includes(key);

s.test('a damaged chat is told so, and all others are answered', async d => {
  const names = everywhere(), name = 'default/http/victim';
  await d.say('victim', 'first');
  const [key] = await d.redis.keys(`*:chat:${name}`);
  const p = key.slice(0, key.indexOf(':'));
  await d.cli(['pause']);
  const waiting = d.chat({ chat_id: 'victim', message: 'second' });
  const others = names.map(n => d.chat({ chat_id: n, message: 'hello' }));
  await until(async () => (await d.counts()).waiting === 17);
  await d.redis.hset(key, 'crashes', 'x');
  await d.cli(['resume']);
  for (const r of await Promise.all(others)) assert.equal(r.json.reply, 'You said: hello');
  assert.match((await waiting).json.reply, /could not be answered/);
  const dead = JSON.parse((await d.cli(['turns', 'dead', '--json'])).stdout);
  assert.ok(JSON.stringify(dead).includes('damaged: crashes'), JSON.stringify(dead));
  assert.ok(await named(d, `${key} crashes`));
  /* The inbox gone under it, too: the next message is answered. */
  await d.redis.set(`${p}:inbox:${name}`, 'x');
  assert.equal((await d.say('victim', 'third')).reply, 'You said: third');
  assert.ok(await named(d, `${p}:damaged:inbox:${name}`));
  const counted = () => d.metrics().then(m => m.get('dragoman_damaged_keys'));
  await until(async () => await counted() === 2, { what: 'both are counted' });
  await d.redis.del(`${p}:damaged:inbox:${name}`);
  assert.ok(!await named(d, `${p}:damaged:inbox:${name}`));
  await d.redis.del(`${p}:damaged`);
  await until(async () => await counted() === 0, { what: 'forgotten, as the operator says' });
  assert.equal((await d.settled()).unaccounted, 0);
});

for (const noun of ['due', 'free', 'counts', 'dead'])
  s.test(`a damaged {p3}:${noun}: the other partitions go on, doctor names it, deleting it heals`, async d => {
    const names = everywhere(), key = `{p3}:${noun}`;
    d.model.clear();
    await d.redis.set(key, 'x');
    const others = names.filter((_, p) => p !== 3 || noun !== 'due');
    for (const r of await Promise.all(others.map(n => d.chat({ chat_id: n, message: 'on' })))) assert.equal(r.json?.reply, 'You said: on', r.text);
    if (noun === 'due') {
      const r = await d.chat({ chat_id: names[3], message: 'refused' });
      assert.equal(r.status, 503, 'nothing is accepted that would not be found');
    }
    assert.ok(await named(d, d.prefix + key));
    await d.redis.del(key);
    assert.equal((await d.say(names[3], 'again')).reply, 'You said: again');
    assert.ok(!await named(d, d.prefix + key));
    assert.equal((await d.settled()).unaccounted, 0);
  });

s.test('what waited while due was damaged is answered once it is deleted', async d => {
  const names = everywhere();
  await d.cli(['pause']);
  const waiting = d.chat({ chat_id: names[5], message: 'patient' });
  await until(async () => (await d.counts()).waiting === 1);
  await d.redis.set('{p5}:due', 'x');
  await d.cli(['resume']);
  await d.redis.del('{p5}:due');
  assert.equal((await waiting).json.reply, 'You said: patient');
  assert.equal((await d.settled()).unaccounted, 0);
});

s.test('an emptied Redis has its canary again within a heartbeat', async d => {
  const canary = await d.redis.hkeys('canary'), format = await d.redis.get('{fleet}:format');
  await d.redis.flushall();
  await until(async () => (await d.redis.hkeys('canary')).length === canary.length, { ms: 5000, what: 'the canary is back' });
  assert.deepEqual(await d.redis.hkeys('canary'), canary);
  assert.equal(await d.redis.get('{fleet}:format'), format);
  assert.equal((await d.say('new', 'hello')).reply, 'You said: hello');
});
