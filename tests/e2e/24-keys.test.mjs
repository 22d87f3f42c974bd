/*
 * Sealing keys change while everything runs: the four steps of `dragoman keys`,
 * each made known to the workers by SIGHUP, with people writing all the time.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { randomBytes } from 'node:crypto';
import { until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ env: { ENCRYPTION_KEY: '', ENCRYPTION_KEY_FILE: 'encryption_key' }, before: d => {
  fs.writeFileSync(d.file('encryption_key'), `${d.key}\n`, { mode: 0o600 });
} });

const keyIds = async d => (await d.cli(['keys', 'list', '--json'])).json.keys.map(k => k.id);

async function readAgain(d, event) {
  const workers = [...d.edges, ...d.turns].filter(w => w.ended === null);
  const before = d.logs().filter(l => l.event === event).length;
  for (const w of workers) w.signal('SIGHUP');
  await until(() => d.logs().filter(l => l.event === event).length === before + workers.length,
    { what: `${workers.length} workers log ${event}` });
}

async function step(d, ...args) {
  const r = await d.cli(args);
  assert.equal(r.code, 0, `${args.join(' ')}: ${r.stdout}${r.stderr}`);
  return r;
}

s.test('a rotation from the first step to the last, under load', async d => {
  let asked = 0, stop = false;
  const people = Array.from({ length: 4 }, async (_, i) => {
    while (!stop) {
      const r = await d.chat({ chat_id: `person-${i}`, message: `number ${asked++}` });
      assert.equal(r.status, 200, r.text);
      assert.match(r.json.reply, /number/);
    }
  });
  const failed = Promise.all(people);
  failed.catch(() => { stop = true; });
  await until(() => stop || asked > 20);
  const [old] = await keyIds(d);
  await step(d, 'keys', 'rotate', '--prepare');
  const [, fresh] = await keyIds(d);
  await readAgain(d, 'keys_changed');
  await step(d, 'keys', 'rotate', '--activate');
  assert.deepEqual(await keyIds(d), [fresh, old]);
  await readAgain(d, 'keys_changed');
  assert.equal(d.logs().filter(l => l.event === 'keys_changed').at(-1).first, fresh);
  await step(d, 'keys', 'reseal');
  await step(d, 'keys', 'rotate', '--retire');
  await readAgain(d, 'keys_changed');
  assert.deepEqual(await keyIds(d), [fresh]);
  const late = await d.cli(['turns', 'list'], { env: { ENCRYPTION_KEY: d.key } });
  assert.equal(late.code, 2, 'who has the retired key alone is told so');
  assert.match(late.stderr, /another key/);
  const so_far = asked;
  await until(() => stop || asked > so_far + 20);
  stop = true;
  await failed;
  await d.settled();
  assert.equal((await d.cli(['keys', 'reseal', '--json'])).json.resealed, 0, 'nobody seals with the old key');
  assert.deepEqual(d.news().filter(l => l.level === 'error'), []);
});

s.test('a step at the wrong time, or twice, is refused and changes nothing', async d => {
  const refused = async (arg, message) => {
    const kept = fs.readFileSync(d.file('encryption_key'), 'utf8');
    const r = await d.cli(['keys', 'rotate', arg]);
    assert.equal(r.code, 1, r.stdout);
    assert.match(r.stderr, message);
    assert.equal(fs.readFileSync(d.file('encryption_key'), 'utf8'), kept);
  };
  await refused('--activate', /there is one key only; begin with/);
  await refused('--retire', /one key only/);
  await step(d, 'keys', 'rotate', '--prepare');
  const [old, fresh] = await keyIds(d);
  await readAgain(d, 'keys_changed');
  await refused('--retire', new RegExp(`${fresh} was prepared and never activated`));
  await step(d, 'keys', 'rotate', '--activate');
  assert.deepEqual(await keyIds(d), [fresh, old]);
  await refused('--activate', /no key waits to be activated/);
  await readAgain(d, 'keys_changed');
  await refused('--activate', /no key waits to be activated/);
  await step(d, 'keys', 'reseal');
  await step(d, 'keys', 'rotate', '--retire');
  assert.deepEqual(await keyIds(d), [fresh]);
  await readAgain(d, 'keys_changed');
});

s.test('keys that open nothing here are not taken', async d => {
  const kept = fs.readFileSync(d.file('encryption_key'), 'utf8');
  fs.writeFileSync(d.file('encryption_key'), `${randomBytes(32).toString('base64')}\n`);
  await readAgain(d, 'keys_kept');
  assert.ok(d.logs().filter(l => l.event === 'keys_kept').every(l => l.remedy.length > 0));
  assert.match((await d.say('kept', 'still here?')).reply, /still here/);
  fs.writeFileSync(d.file('encryption_key'), kept);
  await readAgain(d, 'config_loaded');
  assert.match((await d.say('kept', 'and now?')).reply, /and now/);
});
