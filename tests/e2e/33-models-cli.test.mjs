/*
 * dragoman models: where models are asked (free of charge), what came of a
 * test, and what was learned of them, until it is forgotten.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const NAME = /^openai\/gpt-test\/[0-9a-f]{8}$/;
const s = sharedStack({ edges: 1, turns: 1, settings: { llm: { retry_for: '1s' } } });
const lackTools = q => q.tools.length ? { status: 400, message: 'gpt-test does not support tools' } : { text: 'hello' };
const models = async (d, args = [], env = {}) => {
  const r = await d.cli(['models', ...args, '--json'], { env });
  assert.ok(r.json, r.stdout + r.stderr);
  return { ...r, list: r.json };
};

s.test('lists free of charge: where each is asked, and whether it is listed', async d => {
  d.model.clear();
  d.model.models = ['gpt-test', 'gpt-other'];
  const r = await d.cli(['models'], { env: { LLM_FALLBACK: 'gpt-third,anthropic/claude-x' } });
  assert.equal(r.code, 0, r.stderr);
  const all = r.stdout.trimEnd().split('\n'), lines = all.filter(l => !l.startsWith(' '));
  assert.equal(lines.length, 3, r.stdout);
  assert.ok(all.includes('  -> set llm.fallback (LLM_FALLBACK) to a model that the server has: gpt-other, gpt-test'), r.stdout);
  assert.match(lines[0], /^openai\/gpt-test\/[0-9a-f]{8} {2}\S+ {2}listed$/);
  assert.ok(lines[0].includes(d.model.openai), lines[0]);
  assert.match(lines[1], /^openai\/gpt-third\/.* answers, but does not list it$/);
  assert.match(lines[2], /^anthropic\/claude-x\//);
  const j = await models(d);
  assert.match(j.list[0].backend, NAME);
  assert.equal(j.list[0].state, 'listed');
  assert.deepEqual(j.list[0].learned, []);
  assert.equal('tests' in j.list[0], false);
  assert.equal(d.model.requests.length, 0, 'no question was asked');
  d.model.models = [];
});

s.test('one backend alone: listed and tested', async d => {
  d.model.clear();
  d.model.handler = () => ({ text: 'hello' });
  const env = { LLM_FALLBACK: 'openai/gpt-third' };
  assert.equal((await models(d, [], env)).list.length, 2);
  const { list } = await models(d, ['--test', 'openai/gpt-test'], env);
  assert.deepEqual(list.map(b => [b.backend.split('/')[1], b.tests.plain]), [['gpt-test', 'ok']]);
  assert.equal(d.model.requests.length, 3);
  const none = await d.cli(['models', 'openai/gpt'], { env });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no backend openai\/gpt; see `dragoman models`/);
});

s.test('a wrong key and a server that is not there are told', async d => {
  d.model.clear();
  const [denied] = (await models(d, [], { OPENAI_API_KEY: 'sk-mistyped-0000' })).list;
  assert.match(denied.state, /^denied: status 401/);
  const [gone] = (await models(d, [], { LLM_BASE_URL: 'http://127.0.0.1:1/v1' })).list;
  assert.match(gone.state, /^retry: .*connect/i);
  assert.equal(d.model.requests.length, 0);
});

s.test('--test asks three questions: whole, streamed, with a tool', async d => {
  d.model.clear();
  d.model.handler = () => ({ text: 'hello' });
  const r = await d.cli(['models', '--test']);
  assert.equal(r.code, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /\n {2}plain: ok\n {2}streamed: ok\n {2}tool: ok\n$/);
  const asked = d.model.requests.map(q => [q.body.stream === true, q.tools.length > 0]);
  assert.deepEqual(asked, [[false, false], [true, false], [true, true]]);
  for (const q of d.model.requests) assert.equal(q.body.messages.filter(m => m.role === 'user').length, 1);
  const j = await models(d, ['--test']);
  assert.deepEqual(j.list[0].tests, { plain: 'ok', streamed: 'ok', tool: 'ok' });
});

s.test('--test says what is worked around: no tools, no streaming, another name for the limit', async d => {
  d.model.clear();
  d.model.handler = lackTools;
  let j = await models(d, ['--test']);
  assert.equal(j.code, 0, 'it answers');
  assert.deepEqual(j.list[0].tests, { plain: 'ok', streamed: 'ok', tool: 'ok, but tools = no (told and called in words)' });
  d.model.handler = q => q.body.stream ? { status: 400, message: 'This model does not support streaming.' } : { text: 'hello' };
  j = await models(d, ['--test']);
  assert.equal(j.list[0].tests.plain, 'ok');
  assert.equal(j.list[0].tests.streamed, 'ok, but stream = no (asked for whole answers)');
  d.model.handler = q => q.body.max_tokens > 512 ? { status: 400, message: 'max_tokens is too large: 1000. This model supports at most 512 completion tokens.' } : { text: 'hello' };
  j = await models(d, ['--test']);
  assert.equal(j.list[0].tests.plain, 'ok, but max_tokens_value = 512');
  /* What the operator states is not tried first. */
  d.model.clear();
  d.model.handler = lackTools;
  j = await models(d, ['--test'], { LLM_QUIRKS: 'tools=no' });
  assert.equal(j.list[0].tests.tool, 'ok');
  assert.equal(d.model.requests.length, 3);
  j = await models(d, ['--test'], { LLM_QUIRKS: 'openai:tools=yes' });
  assert.match(j.list[0].tests.tool, /^the question is refused: .*does not support tools/);
  assert.equal(j.code, 1);
});

s.test('--test says what failed, in the server\'s words', async d => {
  const all = t => Object.values(t);
  const of = async (behaviour, env) => {
    d.model.clear();
    d.model.handler = () => behaviour;
    const j = await models(d, ['--test'], env);
    assert.equal(j.code, 1, 'a test failed');
    assert.equal(all(j.list[0].tests).length, 3);
    return all(j.list[0].tests);
  };
  const unknown = await of({ status: 404, code: 'model_not_found', message: 'The model `gpt-test` does not exist or you do not have access to it.' });
  for (const t of unknown) assert.match(t, /^the provider does not have this model: status 404.*model_not_found.*The model `gpt-test` does not exist/);
  for (const t of await of({ quota: true })) assert.match(t, /^no credit is left: status 429/);
  for (const t of await of({ status: 503 })) assert.match(t, /^it answered with an error: status 503/);
  for (const t of await of({ status: 429, code: 'rate_limit_exceeded', retryAfter: 600 })) assert.match(t, /^its limit is reached for about 10 minutes: status 429 rate_limit_exceeded/);
  for (const t of await of({ status: 429 })) assert.match(t, /^it answered with an error: status 429/);
  for (const t of await of({ text: 'hello', cut: 2, pieces: 2 })) assert.match(t, /ok|broke off/);
  for (const t of await of({ empty: true })) assert.match(t, /^its answer is empty/);
  for (const t of await of({}, { LLM_BASE_URL: 'http://127.0.0.1:1/v1' })) assert.match(t, /^it does not answer: .*connect/i);
});

s.test('--test waits for a limit that is over in a moment, once', async d => {
  d.model.clear();
  d.model.push({ status: 429, retryAfter: 1 });
  d.model.handler = () => ({ text: 'hello' });
  const j = await models(d, ['--test']);
  assert.equal(j.code, 0, j.stdout);
  assert.equal(j.list[0].tests.plain, 'ok');
  assert.equal(d.model.requests.length, 4);
});

s.test('--test: a wrong key, a wrong address', async d => {
  const tests = async env => {
    const j = await models(d, ['--test'], env);
    assert.equal(j.code, 1);
    return Object.values(j.list[0].tests);
  };
  for (const t of await tests({ OPENAI_API_KEY: 'sk-mistyped-0000' })) {
    assert.match(t, /^the provider rejects the API key: status 401.*Incorrect API key/);
    assert.doesNotMatch(t, /mistyped/);
  }
  for (const t of await tests({ LLM_BASE_URL: `${d.model.url}/wrong/v1` })) assert.match(t, /^its address is wrong: status 404.*Invalid URL/);
  /* As text, with what is around it. */
  const r = await d.cli(['models', '--test'], { env: { OPENAI_API_KEY: 'sk-mistyped-0000' } });
  assert.equal(r.code, 1);
  assert.match(r.stdout, /denied: status 401[^\n]*\n {2}-> correct the API key \(OPENAI_API_KEY\)\n {2}plain: the provider rejects the API key/);
  assert.doesNotMatch(r.stdout + r.stderr, /mistyped/);
  d.model.clear(); /* what it refused was meant */
});

s.test('what is learned is shown by models and doctor, forgotten by --forget, and learned again', async d => {
  d.model.handler = lackTools;
  assert.equal((await d.say('a', 'x')).reply, 'hello');
  assert.equal(d.model.requests.length, 2);
  await until(async () => (await models(d)).list[0].learned.length === 1, { what: 'it is learned' });
  const [b] = (await models(d)).list;
  assert.equal(b.learned[0].name, 'tools');
  assert.equal(b.learned[0].value, 'no');
  const left = b.learned[0].until_ms - Date.now();
  assert.ok(left > 23 * 3600e3 && left <= 24 * 3600e3, `believed for ${left} ms`);
  assert.match((await d.cli(['models'])).stdout, /\n {2}learned: tools = no, for 2[34] h/);
  const doctor = (await d.cli(['doctor', '--json'])).json.findings.filter(f => f.area === 'model');
  assert.ok(doctor.some(f => f.level === 'ok' && f.finding === `${b.backend}: learned tools = no`), JSON.stringify(doctor));
  assert.match((await d.cli(['doctor'])).stdout, /learned tools = no/);
  const [line] = d.events('model_learned');
  assert.deepEqual([line.backend, line.name, line.value], [b.backend, 'tools', 'no']);

  /* It is believed: not tried again. */
  d.model.clear();
  d.model.handler = lackTools;
  await d.say('a', 'y');
  assert.equal(d.model.requests.length, 1);

  /* Another's, or a part of the name, is not it. */
  for (const other of ['anthropic', 'openai/gpt', 'openai/gpt-other', 'open']) {
    const r = await d.cli(['models', '--forget', other]);
    assert.equal(r.code, 1, other);
    assert.match(r.stderr, new RegExp(`no backend ${other}.*dragoman models`));
  }
  assert.equal((await models(d)).list[0].learned.length, 1);

  for (const word of ['openai/gpt-test', 'openai', undefined]) {
    const r = await d.cli(['models', '--forget', ...word ? [word] : []]);
    assert.equal(r.code, 0, r.stderr);
    assert.equal(r.stdout, `forgotten: ${b.backend}\n`);
    assert.deepEqual((await models(d)).list[0].learned, []);
    /* Workers notice within moments, try, and learn again. */
    d.model.clear();
    d.model.handler = lackTools;
    await until(async () => {
      await d.say('a', 'z');
      return d.model.requests.some(q => q.tools.length);
    }, { what: 'tools are offered again' });
    await until(async () => (await models(d)).list[0].learned.length === 1, { what: 'it is learned again' });
  }
  assert.equal((await d.cli(['models', '--forget', '--json'])).json.forgotten, 1);
  assert.equal((await d.cli(['models', '--forget', 'a', 'b'])).code, 2);
  assert.equal((await d.cli(['models', 'a', 'b'])).code, 2);
});

testWith({ edges: 1, turns: 1 }, 'a stranger\'s key or field harms neither turns nor what is shown', async d => {
  const [{ backend }] = (await models(d)).list;
  const key = `{backend:${backend}}:quirks`;
  await d.redis.set(key, 'x');
  assert.equal((await d.say('a', 'x')).reply, 'You said: x');
  assert.deepEqual((await models(d)).list[0].learned, []);
  assert.notEqual((await d.cli(['doctor', '--json'])).json, undefined);
  d.model.handler = lackTools;
  await d.say('a', 'y');
  await until(async () => (await models(d)).list[0].learned.length === 1, { what: 'it is learned over what stood there' });
  const later = Date.now() + 3600e3;
  await d.redis.hset(key, 'images', 'garbage', 'telepathy', `${later} no`, 'context', `${later} many`, 'stream', `${later} no\u001b[31m`, 'odd\u202e', `${later} \u009b31m`);
  d.model.clear();
  assert.equal((await d.say('a', 'z')).reply, 'You said: z');
  for (const cmd of ['models', 'doctor']) {
    const { stdout } = await d.cli([cmd]);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/, cmd);
    assert.match(stdout, /tools = no/);
  }
  assert.equal(d.events('redis_failed').length, 0);
});

testWith({ edges: 1, turns: 1, model: false }, 'without a model there is nothing to list', async d => {
  const r = await d.cli(['models']);
  assert.equal(r.code, 0);
  assert.match(r.stdout, /no model is asked/);
  assert.deepEqual((await models(d)).list, []);
  assert.equal((await d.cli(['models', '--forget'])).code, 1);
});
