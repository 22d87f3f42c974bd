/*
 * Budgets of tokens: per turn, per chat, per day for all.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const llm = { max_tokens: 100 };
const spend = (d, tokens) => { d.model.handler = r => ({ text: `r:${r.lastUser}`, usage: { in: tokens - 10, out: 10 } }); };
const refused = (d, chat) => d.events('turn_done').filter(l => l.chat === `default/http/${chat}` && l.end === 'refused').length;

const small = sharedStack({ settings: { llm, budget: { chat: 5000 } } });
small.test('a chat that spent its budget is refused kindly; others are not', async d => {
  spend(d, 2400);
  for (let i = 0; i < 2; i++) assert.match((await d.say('rich', 'x')).reply, /^r:/);
  const n = d.model.requests.length;
  const r = await d.say('rich', 'more');
  assert.equal(r.state, 'active');
  assert.doesNotMatch(r.reply, /^r:/);
  assert.ok(r.reply.length > 10);
  assert.equal(d.model.requests.length, n, 'no call was made');
  await until(() => refused(d, 'rich') === 1);
  assert.match((await d.say('poor', 'x')).reply, /^r:/);
  assert.match((await d.say('rich', '/usage')).reply, /4[.,]?800/);
});

testWith({ settings: { llm, budget: { day: 5200 } } }, 'the day counts all chats', async d => {
  spend(d, 2500);
  assert.match((await d.say('one', 'x')).reply, /^r:/);
  assert.match((await d.say('two', 'x')).reply, /^r:/);
  assert.doesNotMatch((await d.say('three', 'x')).reply, /^r:/);
});

testWith({ settings: { llm, budget: { turn: 3000 } } }, 'a turn stops in the middle when it spent its own', async d => {
  let n = 0;
  d.model.handler = () => { n++; return { calls: [{ name: 'echo', arguments: { text: 'x' } }], usage: { in: 1200, out: 100 } }; };
  const r = await d.say('turn', 'x');
  assert.ok(n >= 1 && n <= 3, String(n));
  assert.equal(r.state, 'active');
  await until(() => refused(d, 'turn') === 1);
});

const wide = sharedStack({ settings: { llm: { ...llm, retry_for: '1s' }, budget: { chat: 100000 } } });
wide.test('what was reserved and not spent is given back', async d => {
  spend(d, 100);
  for (let i = 0; i < 30; i++) assert.match((await d.say('back', `x${i}`)).reply, /^r:/);
  const { reply } = await d.say('back', '/usage');
  assert.match(reply, /3[.,]?000 of 100[.,]?000/);
  d.model.handler = () => ({ status: 400 });
  await d.say('back', 'fails');
  assert.match((await d.say('back', '/usage')).reply, /3[.,]?000 of 100[.,]?000/, 'a failed call costs nothing');
});

/* The server counts them, too, though it does not come to say how many. */
wide.test('answers that break off are paid, each of them', async d => {
  const spent = async () => Number(/([\d.,]+) of 100/.exec((await d.say('cut', '/usage')).reply)[1].replace(/[.,]/g, ''));
  d.model.handler = () => ({ text: ['Half an ', 'answer', ' and more'], cut: 3 });
  assert.match((await d.say('cut', 'x')).reply, /^Half an answer/);
  const asked = d.model.requests.length;
  const paid = await spent();
  assert.ok(asked > 1 && paid >= 10 * asked && paid % asked === 0, `${paid} for ${asked} answers`);
  spend(d, 100);
  assert.match((await d.say('cut', 'again')).reply, /^r:/);
  assert.equal(await spent(), paid + 100);
});

small.test('many messages at once do not overdraw much', async d => {
  spend(d, 800);
  await Promise.all(Array.from({ length: 20 }, (_, i) => d.chat({ chat_id: 'many', message: `m${i}` })));
  assert.ok(d.model.requests.length <= 7, String(d.model.requests.length));
});

testWith({}, 'off by default', async d => {
  spend(d, 10_000_000);
  for (let i = 0; i < 3; i++) assert.match((await d.say('free', 'x')).reply, /^r:/);
});

const spent = async d => Number(await d.redis.get(`budget:${Math.floor(Date.now() / 86400000)}`));

wide.test('an empty answer and one that was stopped are paid for', async d => {
  const before = await spent(d);
  d.model.push({ text: '', usage: { in: 4000, out: 1000 } });
  d.model.push({ text: 'yes', usage: { in: 90, out: 10 } });
  assert.equal((await d.say('e', 'x')).reply, 'yes');
  await until(async () => await spent(d) === before + 5100, { what: 'both are spent' });
  d.model.push({ hang: true });
  const answer = d.say('s', 'x');
  await until(() => d.model.requests.length === 3);
  const reserved = await spent(d) - before - 5100;
  assert.ok(reserved > llm.max_tokens);
  await d.say('s', '/stop');
  await answer;
  await until(async () => await spent(d) === before + 5100 + reserved - llm.max_tokens, { what: 'what was asked is spent, the rest given back' });
});
