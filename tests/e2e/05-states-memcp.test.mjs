/*
 * chat.auth: memcp: from needs_token to active, with a derived token that is
 * renewed and given back.
 */
import assert from 'node:assert/strict';
import { CHAT_TOKEN, MCP_TOKEN } from '../doubles/memcp.mjs';
import { SECRET, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ memcp: true, settings: { chat: { starters: ['What can you do?', 'Who are you?'] } } });

async function connect(d, chat, token = CHAT_TOKEN) {
  await d.say(chat, 'hi');
  return d.say(chat, token);
}

s.test('the whole way: welcome, bad token, good token, a question, disconnect', async d => {
  d.memcp.requests = [];
  let r = await d.say('way', CHAT_TOKEN); /* the first message is the welcome's, whatever it says */
  assert.equal(r.state, 'awaiting_token');
  assert.deepEqual(r.starters, []);
  r = await d.say('way', 'not-a-token');
  assert.equal(r.state, 'awaiting_token');
  r = await d.say('way', `  ${CHAT_TOKEN}\n`);
  assert.equal(r.state, 'active');
  assert.deepEqual(r.starters, ['What can you do?', 'Who are you?']);
  const derive = d.memcp.of('/internal/tokens/derive').at(-1);
  assert.equal(derive.headers['x-proxy-secret'], SECRET);
  assert.deepEqual(derive.body, { parent_token: CHAT_TOKEN, scope: 'mcp_read', ttl_minutes: 60, chat_id: 'way' });
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_skills', arguments: { name: 'C' } }] }, { text: 'C, of course.' });
  r = await d.say('way', 'skills?');
  assert.equal(r.reply, 'C, of course.');
  assert.deepEqual(r.starters, []);
  const call = d.memcp.calls.at(-1);
  assert.deepEqual(call.arguments, { name: 'C' });
  assert.ok(d.memcp.derived.has(call.token), 'the derived token is used');
  assert.notEqual(call.token, CHAT_TOKEN);
  const result = JSON.parse(d.model.last().toolResults[0].text);
  assert.equal(result.result.status, 'success');
  r = await d.say('way', '/status');
  assert.match(r.reply, /State: active \| Token: set/);
  r = await d.say('way', '/disconnect');
  assert.equal(r.state, 'needs_token');
  assert.equal(d.memcp.derived.get(call.token).active, false, 'revoked');
  r = await d.say('way', '/status');
  assert.equal(r.state, 'needs_token');
  assert.match(r.reply, /Token: not set/);
  r = await d.say('way', 'hi again');
  assert.equal(r.state, 'awaiting_token');
});

s.test('the token is not sent to the model and not in its history', async d => {
  await connect(d, 'secretive');
  d.model.clear();
  await d.say('secretive', 'a question');
  assert.ok(!JSON.stringify(d.model.requests.map(r => r.body)).includes(CHAT_TOKEN));
  assert.equal(d.model.last().body.messages.filter(m => m.role === 'user').length, 1);
});

s.test('a tier mcp token is used itself, since none is derived from it', async d => {
  const r = await connect(d, 'mcp-tier', MCP_TOKEN);
  assert.equal(r.state, 'active');
  d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'ok' });
  await d.say('mcp-tier', 'x');
  assert.equal(d.memcp.calls.at(-1).token, MCP_TOKEN);
});

s.test('a tier that may not chat is a bad token', async d => {
  d.memcp.tokens.set('private-token', 'chat');
  d.memcp.tierSays = 'anonymous';
  const r = await connect(d, 'tier', 'private-token');
  d.memcp.tierSays = undefined;
  assert.equal(r.state, 'awaiting_token');
});

s.test('an expired derived token is derived anew, once, in the same turn', async d => {
  await connect(d, 'expiring');
  d.memcp.expireDerived();
  const before = d.memcp.of('/internal/tokens/derive').length;
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'with a fresh token' });
  const r = await d.say('expiring', 'x');
  assert.equal(r.reply, 'with a fresh token');
  assert.equal(d.memcp.of('/internal/tokens/derive').length, before + 1);
  assert.ok(!d.model.last().toolResults[0].text.includes('access_denied'));
});

s.test('a derived token is renewed before it ends', async d => {
  d.memcp.ttlMinutes = 1;
  await connect(d, 'short');
  d.memcp.ttlMinutes = null;
  const before = d.memcp.of('/internal/tokens/derive').length;
  await d.say('short', 'x');
  assert.equal(d.memcp.of('/internal/tokens/derive').length, before + 1);
});

s.test('when the parent is no longer valid a new token is asked for', async d => {
  d.memcp.tokens.set('passing-token', 'chat');
  await connect(d, 'lost', 'passing-token');
  d.memcp.tokens.delete('passing-token');
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'never said' });
  const r = await d.say('lost', 'x');
  assert.equal(r.state, 'awaiting_token');
  assert.notEqual(r.reply, 'never said');
  assert.equal((await d.say('lost', CHAT_TOKEN)).state, 'active');
});

s.test('a passing failure of derive ends no connection', async d => {
  await connect(d, 'passing');
  const failures = [
    { '/internal/tokens/derive': [500, 'oops'] },
    { '/internal/tokens/derive': [403, '{"detail":"no"}'], '/token/info': [502, '<html>'] },
    { '/internal/tokens/derive': [503, ''], '/token/info': [403, '<html>403 Forbidden</html>'] },
    { '/internal/tokens/derive': [404, ''], '/token/info': [200, '{"status":"error"}'] },
  ];
  for (const failing of failures) {
    d.memcp.expireDerived();
    d.memcp.failing = failing;
    d.model.clear();
    d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'never said' });
    const r = await d.say('passing', 'x');
    d.memcp.failing = {};
    assert.equal(r.state, 'active', JSON.stringify(failing));
    assert.match(r.reply, /stay connected/);
  }
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'again' });
  assert.equal((await d.say('passing', 'x')).reply, 'again');
});

s.test('tools that refuse a fresh token end no connection either', async d => {
  await connect(d, 'odd');
  d.memcp.failing = { '/mcp/tools/call': [401, '{"detail":"gateway"}'] };
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'never said' });
  const r = await d.say('odd', 'x');
  d.memcp.failing = {};
  assert.equal(r.state, 'active');
  assert.match(r.reply, /stay connected/);
});

s.test('any other 403 is access_denied to the model, and the reply says so', async d => {
  await connect(d, 'denied');
  d.memcp.forbidden.add('query_stages');
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_stages', arguments: { id: '1' } }] }, { text: 'I cannot see that.' });
  const r = await d.say('denied', 'x');
  d.memcp.forbidden.clear();
  assert.equal(r.state, 'active');
  const result = JSON.parse(d.model.last().toolResults[0].text);
  assert.equal(result.error, 'access_denied');
  assert.match(r.reply, /I cannot see that/);
  assert.match(r.reply, /higher-tier/);
});

s.test('errors of meMCP reach the model as they are told apart', async d => {
  await connect(d, 'errors');
  const results = async behaviour => {
    d.memcp.handler = () => behaviour;
    d.model.clear();
    d.model.push({ calls: [{ name: 'query_skills' }] }, { text: 'ok' });
    await d.say('errors', 'x');
    d.memcp.handler = null;
    return JSON.parse(d.model.last().toolResults[0].text);
  };
  assert.equal((await results({ status: 500 })).error, 'http_500');
  assert.equal((await results({ status: 400, detail: 'bad argument' })).error, 'http_400');
  const cut = await results({ reset: true });
  assert.equal(cut.error, 'outcome_unknown');
  assert.match(cut.message, /whether it took effect is unknown. Tell the person/);
});

s.test('meMCP down while a token is checked: nothing is lost, the state stays', async d => {
  await d.say('down', 'hi');
  d.memcp.down = true;
  let r = await d.say('down', CHAT_TOKEN);
  d.memcp.down = false;
  assert.equal(r.state, 'awaiting_token');
  r = await d.say('down', CHAT_TOKEN);
  assert.equal(r.state, 'active');
});

s.test('tokens lie sealed in Redis', async d => {
  await connect(d, 'sealed');
  const derived = [...d.memcp.derived.entries()].find(([, v]) => v.chat_id === 'sealed')[0];
  for (const key of await d.redis.keys('*')) {
    const dump = (await d.redis.dumpBuffer(key))?.toString('latin1') ?? '';
    assert.ok(!dump.includes(CHAT_TOKEN) && !dump.includes(derived), key);
  }
});

s.test('/reset keeps the token', async d => {
  await connect(d, 'keeps');
  assert.equal((await d.say('keeps', '/reset')).state, 'active');
  assert.match((await d.say('keeps', '/status')).reply, /Token: set/);
});

testWith({ memcp: true, edges: 1, turns: 1, settings: { chat: { auth: 'none' } } }, 'auth: none goes straight to active, with meMCP tools', async d => {
  const r = await d.say('open', 'hi');
  assert.equal(r.state, 'active');
  assert.equal(r.reply, 'You said: hi');
  await until(() => d.memcp.of('/mcp/tools').length > 0);
});

testWith({ memcp: true, edges: 1, turns: 1, env: { MEMCP_URL: 'http://me:word@127.0.0.1:1/?key=k' }, ready: false }, 'MEMCP_URL wins over chat.memcp_url, and down it is no disaster', async d => {
  await until(async () => (await d.get('/health')).status === 200);
  assert.equal((await d.get('/health')).json.memcp_url, 'http://127.0.0.1:1/', 'without login and query');
  const r = await d.say('x', 'hi');
  assert.equal(r.state, 'awaiting_token');
});
