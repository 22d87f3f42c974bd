/*
 * Models: OpenAI's and Anthropic's API, the text protocol, direct commands,
 * fallbacks, and which one is meant when several could be.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const one = { edges: 1, turns: 1 };
const echo = text => ({ name: 'echo', arguments: { text } });

const anthropic = sharedStack({ ...one, model: 'anthropic' });
anthropic.test('anthropic: words, calls, summary, history', async d => {
  assert.equal((await d.say('a', 'hello')).reply, 'You said: hello');
  let q = d.model.last();
  assert.equal(q.api, 'anthropic');
  assert.equal(q.body.stream, true);
  assert.ok(q.system.length > 10);
  d.model.push({ text: 'Looking.', calls: [echo('one'), { name: 'time' }], thinking: 'hm', noise: true }, { text: 'done' });
  assert.equal((await d.say('a', 'tools')).reply, 'done');
  q = d.model.last();
  assert.equal(q.toolResults[0].text, 'one');
  const assistant = q.body.messages.findLast(m => m.role === 'assistant');
  assert.ok(assistant.content.some(b => b.type === 'thinking' && b.signature === 'sig-double'), 'thinking is sent back unchanged');
  d.model.handler = r => r.tools.length && r.body.tool_choice?.type !== 'none' ? { calls: [echo('x')] } : { text: 'summary' };
  assert.equal((await d.say('a', 'rounds')).reply, 'summary');
  d.model.handler = null;
  assert.equal((await d.say('a', 'after')).reply, 'You said: after');
  assert.match((await d.get('/health')).json.backend, /^anthropic\/claude-test$/);
});

anthropic.test('anthropic: streamed, refused, empty, cut, a tool without arguments', async d => {
  d.model.push({ text: 'streamed words', pieces: 6, drip: 60, bytes: false, crlf: true });
  const st = d.stream({ chat_id: 's', message: 'x' });
  await st.done;
  assert.equal(st.of('reply')[0].reply, 'streamed words');
  assert.ok(st.of('delta').length >= 2);
  d.model.push({ refusal: true });
  assert.ok((await d.say('s', 'x')).reply.length > 5);
  d.model.push({ text: 'cut off', finish: 'max_tokens' });
  assert.match((await d.say('s', 'x')).reply, /cut off/);
  d.model.push({ calls: [{ name: 'time' }] }, { text: 'ok' });
  assert.equal((await d.say('s', 'x')).reply, 'ok');
  d.model.push({ empty: true }, { text: 'second' });
  assert.equal((await d.say('s', 'x')).reply, 'second');
  d.model.push({ text: 'whole', json: true });
  assert.equal((await d.say('s', 'x')).reply, 'whole');
  d.model.push({ text: 'lost', errorEvent: 4 }, { text: 'again' });
  assert.equal((await d.say('s', 'x')).reply, 'again');
});

testWith({ ...one, settings: { llm: { tools: 'text' } } }, 'the text protocol: calls in words', async d => {
  d.model.push({ text: 'I look. <tool_call>{"name": "echo", "arguments": {"text": "hi there"}}</tool_call>' }, { text: 'It says hi there.' });
  assert.equal((await d.say('t', 'go')).reply, 'It says hi there.');
  const [first, second] = d.model.requests;
  assert.deepEqual(first.tools, [], 'no native tools');
  assert.match(first.system, /tool_call/);
  assert.match(first.system, /echo/);
  assert.match(JSON.stringify(second.body.messages), /hi there/);
  d.model.push({ text: 'Broken <tool_call>{"name": </tool_call> call' });
  const r = await d.say('t', 'broken');
  assert.equal(r.state, 'active');
});

testWith({ ...one, model: false }, 'direct: the message is the command', async d => {
  const say = async m => (await d.say('d', m)).reply;
  assert.equal(await say('echo text=hello'), 'hello');
  assert.equal(await say('echo text="hello world"'), 'hello world');
  assert.equal(await say('echo {"text": "from json"}'), 'from json');
  assert.equal(await say('echo text=42'), '42');
  assert.match(await say('tools'), /echo[\s\S]*time|time[\s\S]*echo/);
  assert.match(await say('help'), /NAME|tools/i);
  assert.match(await say('help echo'), /text/);
  assert.match(await say('nonsense'), /tools|help/i);
  assert.match(await say('echo'), /text/);
  assert.match(await say('time'), /20\d\d/);
  assert.match((await d.get('/health')).json.backend, /^direct/);
  const st = d.stream({ chat_id: 'd', message: 'echo text=streamed' });
  await st.done;
  assert.equal(st.of('reply')[0].reply, 'streamed');
  assert.ok(st.of('delta').length >= 1);
});

const several = sharedStack({ ...one, settings: { llm: { fallback: ['gpt-second', 'gpt-third'] } } });
several.test('fallback models are tried in order', async d => {
  d.model.handler = r => r.body.model === 'gpt-third' ? { text: 'from the third' } : { status: 500 };
  assert.equal((await d.say('f', 'x')).reply, 'from the third');
  assert.deepEqual(d.model.requests.map(r => r.body.model), ['gpt-test', 'gpt-second', 'gpt-third']);
});

several.test('a model that is not there or not allowed: the fallback', async d => {
  for (const status of [404, 401, 403, 400]) {
    d.model.clear();
    d.model.handler = r => r.body.model === 'gpt-second' ? { text: 'second' } : { status };
    assert.equal((await d.say('g', 'x')).reply, 'second', String(status));
    /* That a plain 400 means "too long" was a guess for the first alone. */
    const lengths = d.model.requests.map(r => r.body.messages.length);
    assert.equal(lengths.at(-1), lengths[0], String(status));
  }
});

testWith({ ...one, settings: { chat: { host: undefined, model: 'gpt-of-the-name' } }, turnEnv: { GROQ_API_KEY: '' } }, 'of several keys the model name decides', async d => {
  assert.equal((await d.say('n', 'x')).reply, 'You said: x');
  assert.match((await d.get('/health')).json.backend, /^openai\//);
});

testWith({ ...one, model: 'openai', settings: { chat: { host: undefined, model: undefined }, llm: { base_url: undefined } }, turnEnv: { OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '', GROQ_API_KEY: '' } }, 'no key at all means direct', async d => {
  assert.equal((await d.say('n', 'echo text=ok')).reply, 'ok');
});

testWith({ ...one, settings: { chat: { host: 'ollama', model: 'llama3' }, llm: { base_url: undefined } }, modelOptions: { keys: null },
  env: {} }, 'ollama: its own address, no key', async d => {
  d.options.settings.chat.ollama_url = d.model.url;
  d.writeSettings();
  for (const w of [...d.edges, ...d.turns]) w.signal('SIGHUP');
  await until(async () => (await d.say('o', 'x')).reply === 'You said: x', { ms: 20000 });
  assert.equal(d.model.last().headers.authorization, undefined);
});

testWith({ ...one, settings: { chat: { model: 'o3-mini' }, llm: { max_tokens_name: 'max_completion_tokens', temperature: -1 } } }, 'reasoning models behind another address: fields as configured', async d => {
  assert.equal((await d.say('r', 'x')).reply, 'You said: x');
  assert.equal(d.model.refusals.length, 0);
});
