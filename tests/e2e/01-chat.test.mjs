/*
 * POST /chat: the shape of question and answer, the order of the checks, and
 * what is answered when something is wrong.
 */
import assert from 'node:assert/strict';
import { until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ settings: { chat: { max_input_chars: 50, max_output_chars: 60, starters: ['one', 'two'] } } });

s.test('a message gets a reply with state and starters', async d => {
  const r = await d.chat({ chat_id: 'alice', message: '  hello  ' });
  assert.equal(r.status, 200, r.text);
  assert.match(r.headers['content-type'], /^application\/json/);
  assert.deepEqual(Object.keys(r.json).sort(), ['reply', 'starters', 'state']);
  assert.equal(r.json.reply, 'You said: hello');
  assert.equal(r.json.state, 'active');
  assert.deepEqual(r.json.starters, []);
});

s.test('history is sent with the next message, chats are apart', async d => {
  d.model.clear();
  await d.say('bob', 'first');
  await d.say('bob', 'second');
  await d.say('carol', 'other');
  const [, second, other] = d.model.requests.map(r => r.body.messages.filter(m => m.role !== 'system').map(m => [m.role, m.content]));
  assert.deepEqual(second, [['user', 'first'], ['assistant', 'You said: first'], ['user', 'second']]);
  assert.deepEqual(other, [['user', 'other']]);
});

s.test('input and output are cut at code points, with an ellipsis', async d => {
  d.model.clear();
  const long = 'ä🌍'.repeat(100);
  d.model.push({ text: '🌍'.repeat(100) });
  const r = await d.say('cut', long);
  assert.equal(d.model.last().lastUser, `${Array.from(long).slice(0, 49).join('')}…`);
  assert.equal(r.reply, [`${'🌍'.repeat(59)}…`,
    '(Your message was too long: only its first 49 characters were read. The operator can raise chat.max_input_chars.)',
    '(The answer was cut here: a reply has at most 60 characters. The operator can raise chat.max_output_chars.)'].join('\n\n'));
  assert.equal(r.truncated, true, 'input that is cut is said');
  d.model.push({ text: 'x'.repeat(61) });
  const only = await d.say('cut', 'short');
  assert.equal(only.truncated, true, 'an answer that is cut is said, too');
  assert.match(only.reply, /^x{59}…\n\n\(The answer was cut here/);
  d.model.push({ text: 'x'.repeat(60) });
  const one = await d.say('cut', 'y'.repeat(51));
  assert.match(one.reply, /\n\n\(Your message was too long: only its first 49/, 'one character too many');
  d.model.push({ text: 'x'.repeat(60) });
  const whole = await d.say('cut', 'short');
  assert.deepEqual(whole, { reply: 'x'.repeat(60), state: 'active', starters: [] });
});

testWith({}, 'the first page\'s example fits: a long change is read whole, and a long review is given whole', async d => {
  const change = '+ a line of a change\n'.repeat(1900); /* 39,900 characters */
  d.model.push({ text: 'word '.repeat(3999) });
  const r = await d.say('other', `Review this:\n\n${change}`);
  assert.equal(r.truncated, undefined);
  assert.equal(r.reply.length, 5 * 3999);
  assert.equal(d.model.last().lastUser, `Review this:\n\n${change}`.trim());
  /* It is remembered: the next question may be about it. */
  d.model.push({ text: 'word '.repeat(800) });
  await d.say('long', `Review this:\n\n${change}`);
  await d.say('long', 'and the second line?');
  assert.equal(d.model.last().body.messages.filter(m => m.role !== 'system').length, 3);
});

s.test('the system prompt leads, the key and the model are right', async d => {
  d.model.clear();
  await d.say('sys', 'x');
  const q = d.model.last();
  assert.equal(q.body.messages[0].role, 'system');
  assert.equal(q.body.model, 'gpt-test');
  assert.equal(q.body.stream, true);
});

s.test('every wrong request is told so, in order', async d => {
  const cases = [
    ['no such path', { method: 'POST', url: '/chatt', body: {} }, 404],
    ['GET /chat', { method: 'GET', url: '/chat' }, 405],
    ['no secret and a bad body: 401 first', { body: '{', headers: { 'x-proxy-secret': undefined } }, 401],
    ['a wrong secret', { body: {}, headers: { 'x-proxy-secret': 'nope' } }, 401],
    ['another content type', { body: 'x=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['broken JSON', { body: '{"chat_id": "a", ' }, 422],
    ['an empty body', { body: '' }, 422],
    ['no body at all', {}, 422],
    ['no body and no secret', { headers: { 'x-proxy-secret': undefined } }, 401],
    ['an array', { body: [] }, 422],
    ['no chat_id', { body: { message: 'x' } }, 422, 'chat_id'],
    ['no message', { body: { chat_id: 'x' } }, 422, 'message'],
    ['chat_id is a number', { body: { chat_id: 5, message: 'x' } }, 422, 'chat_id'],
    ['message is null', { body: { chat_id: 'x', message: null } }, 422, 'message'],
    ['message_id is an object', { body: { chat_id: 'x', message: 'y', message_id: {} } }, 422, 'message_id'],
    ['an empty chat_id', { body: { chat_id: '', message: 'x' } }, 400],
    ['an empty message', { body: { chat_id: 'x', message: '' } }, 400],
    ['control characters in chat_id', { body: { chat_id: 'a\u0001b', message: 'x' } }, 400],
    ['a chat_id too long', { body: { chat_id: 'a'.repeat(500), message: 'x' } }, 400],
  ];
  for (const [name, { method = 'POST', url = '/chat', body, headers = {} }, status, field] of cases) {
    const all = { ...d.headersOf({}), ...headers };
    for (const k of Object.keys(all)) if (all[k] === undefined) delete all[k];
    const r = await d.request(method, url, { body, headers: all });
    assert.equal(r.status, status, `${name}: ${r.status} ${r.text}`);
    assert.match(r.headers['content-type'], /^application\/json/, name);
    assert.ok(r.json?.detail, `${name}: ${r.text}`);
    if (status === 405) assert.match(r.headers.allow, /POST/);
    if (status === 422) {
      assert.ok(Array.isArray(r.json.detail), name);
      const e = r.json.detail[0];
      for (const k of ['type', 'loc', 'msg', 'input']) assert.ok(k in e, `${name}: no ${k} in ${r.text}`);
      assert.equal(e.loc[0], 'body', name);
      if (field) assert.deepEqual(e.loc, ['body', field], name);
    } else {
      assert.equal(typeof r.json.detail, 'string', name);
    }
  }
});

s.test('texts that clients know', async d => {
  const detail = async (body, more) => (await d.chat(body, more)).json.detail;
  assert.equal(await detail({ chat_id: 'texts', message: 'b' }, { secret: 'no' }), 'Invalid or missing X-Proxy-Secret header');
  assert.equal(await detail({ chat_id: '', message: 'b' }), 'chat_id is required');
  for (const chat_id of ['.', '..'])
    assert.match(await detail({ chat_id, message: 'b' }), /^chat_id must not be/, 'a URL of it cannot be followed');
  assert.equal(await detail({ chat_id: 'texts', message: '' }), 'message is required');
  assert.equal((await d.get('/nowhere')).json.detail, 'Not Found');
  assert.equal((await d.get('/chat')).json.detail, 'Method Not Allowed');
  assert.equal((await detail({ message: 'b' }))[0].msg, 'Field required');
  assert.equal((await detail({ chat_id: 1, message: 'b' }))[0].msg, 'Input should be a valid string');
  assert.equal((await detail({ message: 'b' }))[0].type, 'missing');
  assert.equal((await d.request('POST', '/chat', { body: '{', headers: d.headersOf({}) })).json.detail[0].type, 'json_invalid');
});

s.test('X-Request-Id is taken or made, and stands in the log', async d => {
  const r = await d.chat({ chat_id: 'rid', message: 'x' }, { headers: { 'x-request-id': 'my-request.1' } });
  assert.equal(r.headers['x-request-id'], 'my-request.1');
  assert.ok(d.logs('edge').some(l => JSON.stringify(l).includes('my-request.1')));
  const made = await d.chat({ chat_id: 'rid', message: 'x' });
  assert.match(made.headers['x-request-id'], /^[A-Za-z0-9._-]{8,64}$/);
  const bad = await d.chat({ chat_id: 'rid', message: 'x' }, { headers: { 'x-request-id': 'a b<script>' } });
  assert.doesNotMatch(bad.headers['x-request-id'], /[ <]/);
});

s.test('ids of any kind are chats: unicode, slashes, blanks', async d => {
  for (const chat_id of ['ünïcode 🌍', 'a/b/c', 'x y', '../..', 'a'.repeat(200), '{p1}:chat', '*']) {
    const r = await d.say(chat_id, 'again');
    assert.equal(r.reply, 'You said: again', chat_id);
  }
});

s.test('a message of blanks is not refused', async d => {
  const r = await d.chat({ chat_id: 'blank', message: '   ' });
  assert.equal(r.status, 200, r.text);
});

s.test('each message stands in the log with its end', async d => {
  await d.say('logged', 'x');
  // Written once the reply is out, so maybe after we have read it.
  const line = await until(() => d.events('turn_done').find(l => l.chat === 'default/http/logged'));
  assert.equal(line.end, 'replied');
  assert.equal(typeof line.ms, 'number');
  const c = await d.settled();
  assert.equal(c.unaccounted, 0);
});

testWith({ secret: false, model: false, edges: 1, turns: 1 }, 'without PROXY_SECRET /chat is refused and the log says what to set', async d => {
  const r = await d.chat({ chat_id: 'a', message: 'tools' });
  assert.equal(r.status, 401, r.text);
  assert.match((await d.get('/health')).json.auth, /refused|PROXY_SECRET/);
  assert.ok(d.logs('edge').some(l => JSON.stringify(l).includes('PROXY_SECRET')));
});

testWith({ secret: false, model: false, edges: 1, turns: 1, settings: { chat: { open: true } } }, 'chat.open serves loopback and warns', async d => {
  const r = await d.chat({ chat_id: 'a', message: 'echo text=hi' }, { secret: false });
  assert.equal(r.status, 200, r.text);
  assert.match((await d.get('/health')).json.auth, /disabled/);
  assert.ok(d.logs('edge').some(l => l.level === 'warn' && /open|PROXY_SECRET/.test(JSON.stringify(l))));
});

testWith({ secret: 'first-secret,second-secret', model: false, edges: 1, turns: 1 }, 'two secrets are accepted while one is replaced', async d => {
  for (const secret of ['first-secret', 'second-secret'])
    assert.equal((await d.chat({ chat_id: 'a', message: 'help' }, { secret })).status, 200);
  for (const secret of ['first-secret,second-secret', 'first', ''])
    assert.equal((await d.chat({ chat_id: 'a', message: 'help' }, { secret })).status, 401, secret);
});
