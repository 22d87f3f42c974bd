/*
 * Fall-backs at other servers: each is asked at its own address, in its own
 * language, with its own key and headers, and no key is ever sent to another.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { ANTHROPIC_KEY, Model, OPENAI_KEY } from '../doubles/model.mjs';
import { freePort, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const one = { edges: 1, turns: 1 };
const OWN_KEY = 'sk-own-key-of-the-fallback-7731';
const HEADER = 'header-of-the-primary-7732', OWN_HEADER = 'header-of-the-fallback-7733';
const quick = { connect: '1s', first_byte: '5s', total: '10s', retry_for: '2s' };

/* A second server, and the row that names it. */
async function second(d, { api = 'anthropic', key = { api_key_file: 'own_key' }, model = `${api}-second`, down = false } = {}) {
  const m = await Model.start({ keys: [OWN_KEY] });
  fs.writeFileSync(d.file('own_key'), `${OWN_KEY}\n`);
  d.other = m;
  d.options.settings = {
    llm: {
      ...quick,
      ...(down ? { base_url: `http://127.0.0.1:${await freePort()}/v1` } : {}),
      headers: { 'x-primary': HEADER },
      fallback: ['second'],
      backends: { second: { host: api, model, base_url: m[api], ...key, headers: { 'x-second': '${OWN_HEADER}' } } },
    },
  };
  d.writeSettings();
}

/* A stack that has one; how to name a test that it is for. */
function withSecond(options = {}) {
  const s = sharedStack({ ...one, turnEnv: { OWN_KEY, OWN_HEADER }, before: d => second(d, options), ...options.with });
  return (name, test) => s.test(name, async d => {
    d.other.fresh();
    await test(d);
    const heard = r => JSON.stringify(r.headers);
    for (const r of d.other.requests) {
      assert.equal(r.headers['x-second'], OWN_HEADER);
      for (const word of [OPENAI_KEY, ANTHROPIC_KEY, HEADER]) assert.ok(!heard(r).includes(word), 'a secret of another');
    }
    for (const r of d.model.requests) for (const word of [OWN_KEY, OWN_HEADER]) assert.ok(!heard(r).includes(word), 'a secret of another');
    for (const file of fs.readdirSync(d.file('log'))) {
      const text = fs.readFileSync(d.file(`log/${file}`), 'utf8');
      for (const word of [OWN_KEY, OWN_HEADER, HEADER, OPENAI_KEY]) assert.ok(!text.includes(word), `a secret in ${file}`);
    }
  });
}

withSecond({ down: true })('nobody at the first address: another address, key and wire answers', async d => {
  d.other.push({ text: 'from the second' });
  assert.equal((await d.say('a', 'x')).reply, 'from the second');
  const [q] = d.other.requests;
  assert.equal(q.api, 'anthropic');
  assert.equal(q.headers['x-api-key'], OWN_KEY);
  assert.equal(q.headers.authorization, undefined);
  assert.equal(q.body.model, 'anthropic-second');
  const failed = d.events('model_failed')[0];
  assert.equal(failed.backend, 'openai/gpt-test');
  /* The other one fails, too: it is named as it is configured. */
  d.other.push({ status: 403 });
  await d.say('a', 'y');
  const line = await until(() => d.events('model_failed').find(l => l.kind === 'denied'));
  assert.equal(line.backend, 'anthropic/anthropic-second@second');
  assert.match(line.remedy, /key/);
});

const sameWire = withSecond({ api: 'openai', key: { api_key: '${OWN_KEY}' } });
sameWire('the same wire: a key from the environment', async d => {
  for (const fault of [{ status: 500 }, { status: 401 }, { quota: true }, { status: 404 }, { status: 400, code: 'content_filter', message: 'The response was filtered' }]) {
    d.model.push(fault);
    d.other.push({ text: 'second' });
    assert.equal((await d.say('b', 'x')).reply, 'second', JSON.stringify(fault));
  }
  assert.equal(d.other.requests.length, 5);
  for (const r of d.other.requests) assert.equal(r.headers.authorization, `Bearer ${OWN_KEY}`);
  for (const r of d.model.requests) assert.equal(r.headers.authorization, `Bearer ${OPENAI_KEY}`);
});

/* The first's window is too small, even for what was shortened: it is asked
 * twice, and not again in this turn. */
sameWire('too long for the first: another may take more', async d => {
  const full = { status: 400, code: 'context_length_exceeded', message: "This model's maximum context length is 4096 tokens." };
  d.model.push(full, full);
  d.other.push({ calls: [{ name: 'echo', arguments: { text: 'found' } }] }, { text: 'second' });
  assert.equal((await d.say('l', 'x')).reply, 'second');
  assert.equal(d.model.requests.length, 2);
  assert.equal(d.other.requests.length, 2);
  d.model.push(full, full);
  d.other.push(full);
  assert.match((await d.say('l', 'y')).reply, /too long/);
});

/* In the middle of a turn: what belongs to one wire stays there. */
const otherWire = withSecond();
otherWire('a turn that began with one wire goes on with the other', async d => {
  d.model.push({ type: 'application/json', body: { id: 'c', object: 'chat.completion', choices: [{ index: 0, finish_reason: 'tool_calls', message: {
    role: 'assistant', content: null, reasoning_content: 'thoughts-of-the-first',
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'echo', arguments: '{"text":"found"}' } }] } }], usage: { prompt_tokens: 5, completion_tokens: 5 } } },
  { status: 500 });
  d.other.push({ text: 'ended by the second' });
  assert.equal((await d.say('c', 'x')).reply, 'ended by the second');
  assert.match(JSON.stringify(d.model.requests[1].body.messages), /thoughts-of-the-first/, 'its own server gets them back');
  const q = d.other.requests[0];
  assert.equal(q.toolResults[0].text, 'found');
  assert.doesNotMatch(JSON.stringify(q.body), /thoughts-of-the-first|reasoning/);
  assert.deepEqual([...d.model.refusals, ...d.other.refusals], []);
});

withSecond({ api: 'openai', with: { model: 'anthropic' } })('and the other way round', async d => {
  d.model.push({ thinking: 'thoughts-of-the-first', calls: [{ name: 'echo', arguments: { text: 'found' } }] }, { status: 529 });
  d.other.push({ text: 'ended by the second' });
  assert.equal((await d.say('c', 'x')).reply, 'ended by the second');
  assert.match(JSON.stringify(d.model.requests[1].body.messages), /thoughts-of-the-first/);
  const q = d.other.requests[0];
  assert.equal(q.headers.authorization, `Bearer ${OWN_KEY}`);
  assert.equal(q.toolResults[0].text, 'found');
  assert.doesNotMatch(JSON.stringify(q.body), /thoughts-of-the-first|sig-double/);
  assert.deepEqual([...d.model.refusals, ...d.other.refusals], []);
});

/* The same model in two regions: one that is down closes itself alone. */
withSecond({ api: 'openai', model: 'gpt-test', down: true })('each has its own breaker', async d => {
  for (let i = 0; i < 8; i++) assert.equal((await d.say('d', `x${i}`)).reply, `You said: x${i}`);
  const open = async () => Object.fromEntries((await d.get('/ready')).json.model.backends.map(b => [b.name, b.breaker_open]));
  await until(async () => {
    const now = await open();
    return now['openai/gpt-test'] === true && now['openai/gpt-test@second'] === false;
  }, { ms: 15000, every: 100, what: 'one breaker is open, the other is not' });
});

otherWire('dragoman models, doctor and config show it', async d => {
  const list = await d.cli(['models', '--test', '--json']);
  assert.equal(list.code, 0, list.stderr);
  const [primary, other] = list.json;
  assert.equal(primary.name, undefined);
  assert.equal(other.name, 'second');
  assert.equal(other.address, `${d.other.anthropic}/v1/messages`);
  for (const m of list.json) assert.deepEqual(m.tests, { plain: 'ok', streamed: 'ok', tool: 'ok' });
  assert.equal(d.other.requests.length, 3, 'asked with its own key');
  assert.match((await d.cli(['models'])).stdout, / second {2}http/);
  assert.equal((await d.cli(['models', '--forget', 'second'])).code, 0);
  assert.match((await d.cli(['doctor'])).stdout, /anthropic answers for anthropic-second@second/);
  const shown = (await d.cli(['config', 'show'])).stdout;
  assert.match(shown, /anthropic-second/);
  const row = d.options.settings.llm.backends.second, { api_key_file: right } = row;
  row.api_key = 'sk-literal-7734';
  delete row.api_key_file;
  d.writeSettings();
  assert.doesNotMatch((await d.cli(['config', 'show'])).stdout, /sk-literal/);
  const denied = await d.cli(['doctor', '--json']);
  delete row.api_key;
  row.api_key_file = right;
  d.writeSettings();
  assert.match(JSON.stringify(denied.json.findings.filter(f => f.level === 'error')), /the API key of llm.backends.second/);
});

/* More models than there are rows, one SIGHUP after the other. */
testWith({ ...one, settings: { llm: quick } }, 'changed models find a row each time', async d => {
  for (let round = 0; round < 4; round++) {
    const names = Array.from({ length: 15 }, (_, i) => `gpt-${round}-${i}`);
    d.writeSettings({ llm: { ...quick, fallback: names } });
    d.turns[0].signal('SIGHUP');
    await until(async () => {
      const seen = (await d.get('/ready')).json.model.backends.map(b => b.name);
      return names.every(n => seen.includes(`openai/${n}`)) && seen.length === 16;
    }, { ms: 15000, every: 100, what: `the models of round ${round} are seen` });
  }
});
