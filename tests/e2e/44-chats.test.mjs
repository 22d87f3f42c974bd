/*
 * dragoman chats: all conversations, those at rest too; one with what was said;
 * and one that is forgotten, of which nothing stays.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ edges: 1, turns: 1, settings: { chat: { reply_keep: '10m' } } });
const NAME = name => `default/http/${name}`;
/* Of these, as listed: other tests have theirs. */
const listed = (chats, names) => chats.filter(c => names.map(NAME).includes(c.chat));

s.test('list and show', async d => {
  const names = ['anna', 'bea', 'carl'];
  for (const chat of names) await d.say(chat, `hello from ${chat}`);
  await d.say('anna', 'once more');

  const { chats: all, whole } = (await d.cli(['chats', 'list', '--json'])).json;
  const chats = listed(all, names);
  assert.deepEqual(chats.map(c => c.chat), ['anna', 'carl', 'bea'].map(NAME));
  assert.equal(whole, true, 'an empty Redis had none before');
  assert.deepEqual([chats[0].messages, chats[0].turns, chats[0].waiting], [2, 2, 0]);
  assert.ok(chats[0].tokens_in > 0 && chats[0].tokens_out > 0);
  assert.ok(Math.abs(Date.now() - chats[0].seen_ms) < 60000);
  const text = (await d.cli(['chats', 'list', '--max', '2'])).stdout;
  assert.match(text, /^CHAT +LAST SEEN +MESSAGES[^]*default\/http\/anna .* ago +2 [^]*last 2; for more: --max/);
  assert.doesNotMatch(text, /bea|not listed yet/);

  const shown = await d.cli(['chats', 'show', 'anna']);
  assert.match(shown.stdout, /messages +2\n/);
  assert.doesNotMatch(shown.stdout, /hello from/);
  assert.equal((await d.cli(['chats', 'show', 'nobody'])).code, 1);
});

s.test('what was said is shown, and who looked is logged', async d => {
  const file = d.file('cli.log');
  const env = { LOG_FILE: file };
  for (const message of ['hello from eva', 'once more']) await d.say('eva', message);
  const r = await d.cli(['chats', 'show', 'eva', '--contents'], { env });
  assert.equal(r.code, 0, r.stderr);
  assert.match(r.stdout, /person\nhello from eva\n[^]*answer\nYou said: hello from eva/);
  const line = JSON.parse(fs.readFileSync(file, 'utf8').trim().split('\n').at(-1));
  assert.deepEqual([line.event, line.chat, line.uid], ['chat_contents_shown', NAME('eva'), process.getuid()]);
  const json = (await d.cli(['chats', 'show', NAME('eva'), '--contents', '--json'], { env })).json;
  assert.equal(json.exchanges.length, 2);

  const nowhere = await d.cli(['chats', 'show', 'eva', '--contents'], { env: { LOG_FILE: '/nowhere/cli.log' } });
  assert.equal(nowhere.code, 1, 'no line, no contents');
  assert.equal(nowhere.stdout, '');
});

s.test('forget asks, and leaves nothing', async d => {
  const names = ['fritz', 'greta', 'hugo'];
  for (const chat of names) await d.say(chat, `hello from ${chat}`);
  const asked = await d.cli(['chats', 'forget', 'fritz']);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /--yes/);
  assert.equal((await d.cli(['chats', 'show', 'fritz'])).code, 0, 'it is there');

  const keys = async () => (await d.redis.keys('*')).sort();
  const before = await keys();
  const replies = all => all.filter(k => k.includes(':reply:'));
  assert.ok(before.some(k => k.endsWith(NAME('fritz'))));
  const r = await d.cli(['chats', 'forget', 'fritz', '--yes']);
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual((await keys()).filter(k => k.includes('fritz')), []);
  for (const other of ['greta', 'hugo'])
    assert.deepEqual((await keys()).filter(k => k.includes(other)), before.filter(k => k.includes(other)));
  assert.equal(replies(await keys()).length, replies(before).length - 1, 'those of all others');
  assert.equal((await d.cli(['chats', 'forget', 'fritz', '--yes'])).code, 1);
  const { chats } = (await d.cli(['chats', 'list', '--json'])).json;
  assert.deepEqual(listed(chats, names).map(c => c.chat), ['hugo', 'greta'].map(NAME));
  assert.match((await d.say('fritz', 'who am I')).reply, /You said: who am I/);
  assert.equal((await d.cli(['chats', 'show', 'fritz', '--json'])).json.messages, 1);
});

s.test('forget while its turn runs: who waits is told, no reply is kept', async d => {
  let go;
  d.model.push({ text: 'too late', hang: new Promise(resolve => { go = resolve; }) });
  const waiting = d.chat({ chat_id: 'dora', message: 'slow' });
  await until(async () => (await d.cli(['chats', 'show', 'dora', '--json'])).json?.running, { what: 'it runs' });
  assert.equal((await d.cli(['chats', 'forget', 'dora', '--yes', '--json'])).json.waiting, 1);
  const r = await waiting;
  go();
  assert.deepEqual([r.status, r.json.reply], [200, 'This conversation was deleted.']);
  await until(async () => (await d.cli(['turns', 'list', '--json'])).json.unaccounted === 0, { what: 'all are accounted for' });
  assert.deepEqual((await d.redis.keys('*dora*')), []);
});
