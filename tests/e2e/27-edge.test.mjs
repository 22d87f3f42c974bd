/*
 * The edge as strangers see it: each route with each method and with bodies
 * that nobody asked for, who is let in, who leaves, and what still answers
 * while turns are held up.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { SECRET, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

/* log.level debug: probes are logged, too */
const s = sharedStack({ edges: 1, turns: 1, memcp: true, settings: { chat: { auth: 'none', rate_limit_per_minute: 1000 }, log: { level: 'debug' } } });

/* Raw bytes to nginx: {status, head, body, json}. */
function raw(d, bytes) {
  return new Promise((resolve, reject) => {
    const c = net.connect(d.port, '127.0.0.1');
    let out = '';
    c.setEncoding('latin1');
    c.on('data', b => {
      out += b;
      /* After a refused body nginx lingers for seconds. */
      const head = out.indexOf('\r\n\r\n'), length = /^Content-Length: (\d+)/mi.exec(out.slice(0, head));
      if (head !== -1 && length && !bytes.startsWith('HEAD') && out.length >= head + 4 + Number(length[1])) c.destroy();
    });
    c.on('error', err => { if (!out) reject(err); });
    c.on('close', () => {
      const i = out.indexOf('\r\n\r\n');
      const r = { status: Number(/^HTTP\/1\.1 (\d+)/.exec(out)?.[1] ?? 0), head: out.slice(0, i), body: out.slice(i + 4) };
      try { r.json = JSON.parse(r.body); } catch { /* none, or a page of metrics */ }
      resolve(r);
    });
    c.write(bytes);
  });
}
const ask = (method, path, { headers = '', body = '', secret = SECRET, host = 'localhost' } = {}) =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${secret ? `X-Proxy-Secret: ${secret}\r\n` : ''}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const JSON_TYPE = 'Content-Type: application/json\r\n';

const ROUTES = { '/chat': ['POST'], '/chat/a/messages/b': ['GET', 'HEAD'], '/health': ['GET', 'HEAD'], '/ready': ['GET', 'HEAD'], '/metrics': ['GET', 'HEAD'] };
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'BREW'];

for (const [path, served] of Object.entries(ROUTES))
  s.test(`${path}: 405 with Allow for what it does not serve, JSON for all errors`, async d => {
    for (const method of METHODS) {
      const r = await raw(d, ask(method, path));
      if (served.includes(method)) {
        assert.notEqual(r.status, 405, `${method}: ${r.head}`);
        continue;
      }
      assert.equal(r.status, 405, `${method}: ${r.head}`);
      /* nginx asks no edge about TRACE and CONNECT, and tells what there is. */
      const allow = /^Allow: (.*)$/mi.exec(r.head)?.[1].split(', ');
      for (const m of served) assert.ok(allow?.includes(m), `${method}: Allow ${allow}`);
      assert.match(r.head, /^Content-Type: application\/json/mi, method);
      assert.match(r.head, /^X-Request-Id: \S{8,}/mi, method);
      if (method !== 'HEAD') assert.equal(r.json.detail, 'Method Not Allowed', method);
    }
    for (const near of [`${path}/`, `/${path}`, `${path}%00`, `${path}.json`, path.toUpperCase()]) {
      const r = await raw(d, ask('GET', near));
      assert.ok(r.status === 404 || r.status === 400, `${near}: ${r.head}`);
      assert.ok(r.json.detail, near);
    }
  });

for (const path of ['/health', '/ready', '/metrics', '/chat/a/messages/b', '/nowhere'])
  s.test(`GET ${path}: a body that nobody asked for changes nothing`, async d => {
    const want = (await raw(d, ask('GET', path))).status;
    const junk = Buffer.from([0, 0xff, 0xfe, 0x7b]).toString('latin1');
    for (const body of ['{"deep":'.repeat(1000), junk.repeat(100), 'x'.repeat(900000)])
      assert.equal((await raw(d, ask('GET', path, { body }))).status, want, `${body.length} bytes`);
    const chunked = await raw(d, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Proxy-Secret: ${SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`);
    assert.equal(chunked.status, want);
    const huge = await raw(d, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${10 << 20}\r\n\r\n`);
    assert.equal(huge.status, 413);
    assert.ok(huge.json.detail);
    const twice = await raw(d, ask('GET', path, { headers: 'Host: other\r\n' }));
    assert.equal(twice.status, 400, 'two hosts');
  });

s.test('POST /chat: no body, and bodies too large by any way of sending', async d => {
  for (const bytes of [`POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Proxy-Secret: ${SECRET}\r\n\r\n`, ask('POST', '/chat'),
    ask('POST', '/chat', { headers: 'Content-Type: text/plain\r\n' })]) {
    const r = await raw(d, bytes);
    assert.equal(r.status, 422, r.head);
    assert.deepEqual(r.json.detail, [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  }
  assert.equal((await raw(d, ask('POST', '/chat', { secret: null }))).status, 401);
  assert.equal((await raw(d, ask('POST', '/chat', { body: '{}' }))).status, 415);
  const size = 2 << 20;
  const chunked = await raw(d, `POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${JSON_TYPE}X-Proxy-Secret: ${SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`);
  assert.equal(chunked.status, 413, chunked.head);
  assert.ok(chunked.json.detail);
  for (const length of ['-5', '0x10', '99999999999999999999', '1 2', '']) {
    const r = await raw(d, `POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${JSON_TYPE}X-Proxy-Secret: ${SECRET}\r\nContent-Length: ${length}\r\n\r\n`);
    assert.ok([400, 422].includes(r.status), `${length}: ${r.head}`);
    assert.ok(r.json.detail, length);
  }
  const both = await raw(d, `POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${JSON_TYPE}X-Proxy-Secret: ${SECRET}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
  assert.equal(both.status, 400, 'length and chunks: a smuggled request');
});

s.test('a 422 names each field that is wrong', async d => {
  const r = await d.chat({ chat_id: [], message: {}, message_id: 3 });
  assert.equal(r.status, 422);
  assert.deepEqual(r.json.detail.map(e => [e.type, ...e.loc]), ['chat_id', 'message', 'message_id'].map(f => ['string_type', 'body', f]));
  assert.deepEqual(r.json.detail.map(e => e.input), [[], {}, 3]);
  const m = await d.chat({});
  assert.deepEqual(m.json.detail.map(e => [e.type, ...e.loc]), ['chat_id', 'message'].map(f => ['missing', 'body', f]));
});

s.test('white space around a message is any that Unicode has', async d => {
  for (const message of ['\u3000/status\u2003', '\u00a0\u2028/status\r\n'])
    assert.match((await d.say('space', message)).reply, /^State:/);
  assert.equal((await d.chat({ chat_id: 'space', message: '\u2003\u00a0' })).status, 200, 'blank is not empty');
});

s.test('a chat_id: at most 200 bytes, of any script', async d => {
  for (const chat_id of ['ü'.repeat(100), '🌍'.repeat(50), 'a'.repeat(200)]) await d.say(chat_id, 'x');
  for (const chat_id of ['ü'.repeat(101), 'a'.repeat(201), 'x'.repeat(100000), 'a\nb', 'a\u007f'])
    assert.equal((await d.chat({ chat_id, message: 'x' })).status, 400);
});

s.test('X-Request-Id: in each answer, and in each line about the call, also when it was parked', async d => {
  const id = 'audit-request-7';
  await d.chat({ chat_id: 'ids', message: 'x' }, { headers: { 'x-request-id': id } });
  const line = await until(() => d.events('request_done').find(l => l.id === id));
  assert.deepEqual([line.path, line.status], ['/chat', 200]);
  const st = d.stream({ chat_id: 'ids', message: 'x' }, { headers: { 'x-request-id': `${id}-stream` } });
  await st.done;
  assert.equal(st.headers['x-request-id'], `${id}-stream`);
  await until(() => d.events('request_done').some(l => l.id === `${id}-stream`));
  for (const [url, status] of [['/nowhere', 404], ['/chat', 405], ['/chat/a/messages/b', 401]]) {
    const r = await d.get(url, { headers: { 'x-request-id': `${id}-${status}` } });
    assert.equal(r.status, status);
    assert.equal(r.headers['x-request-id'], `${id}-${status}`);
    await until(() => d.events('request_done').some(l => l.id === `${id}-${status}` && l.status === status));
  }
});

s.test('each request ends with one line: served, refused, parked, dropped', async d => {
  const ends = {}; /* id -> status, as logged */
  const id = (name, status) => { ends[`one-${name}`] = status; return { 'x-request-id': `one-${name}` }; };
  const send = async (name, status, method, url, { body, headers = d.headersOf({}) } = {}) => {
    const r = await d.request(method, url, { body, headers: { ...headers, ...id(name, status) } });
    assert.equal(r.status, status, `${name}: ${r.text}`);
  };
  const lines = () => d.events('request_done').filter(l => l.id?.startsWith('one-'));
  const count = name => lines().filter(l => l.id === name).length;
  const parked = async n => until(async () => (await d.metrics()).get('dragoman_parked_requests') === n, { what: `${n} are parked` });
  const chat = (message, message_id) => ({ body: { chat_id: 'one', message, ...(message_id ? { message_id } : {}) } });

  await send('probe', 200, 'GET', '/health');
  await send('probe-head', 200, 'HEAD', '/ready');
  await send('command', 200, 'POST', '/chat', chat('/status'));
  await send('no-route', 404, 'GET', '/nowhere');
  await send('no-method', 405, 'PUT', '/chat');
  await send('no-secret', 401, 'POST', '/chat', { ...chat('x'), headers: {} });
  await send('no-json', 415, 'POST', '/chat', { body: 'x', headers: d.headersOf({ headers: { 'content-type': 'text/plain' } }) });
  await send('no-fields', 422, 'POST', '/chat', { body: {} });
  await send('no-chat', 400, 'POST', '/chat', { body: { chat_id: '', message: 'x' } });

  let go;
  const gate = new Promise(resolve => { go = resolve; });
  d.model.handler = r => ({ text: `r:${r.lastUser}`, hang: gate });
  const plain = send('parked', 200, 'POST', '/chat', chat('x', 'p1'));
  const stream = d.stream({ chat_id: 'one-stream', message: 'x' }, { headers: id('stream', 200) });
  await parked(2);
  await send('conflict', 409, 'POST', '/chat', chat('y', 'p1'));
  await send('not-yet', 202, 'GET', '/chat/one/messages/p1');
  const agent = new http.Agent();
  const left = assert.rejects(d.request('POST', '/chat', { agent, body: { chat_id: 'one-left', message: 'x' }, headers: { ...d.headersOf({}), ...id('left', 499) } }));
  const leftStream = d.stream({ chat_id: 'one-left-stream', message: 'x' }, { headers: id('left-stream', 200) });
  await leftStream.until(x => x.events.length > 0);
  await parked(4);
  agent.destroy();
  leftStream.close();
  await parked(2);
  await left;
  go();
  await plain;
  await stream.done;
  await send('kept', 200, 'GET', '/chat/one/messages/p1');

  await until(() => Object.keys(ends).every(name => count(name) > 0), { what: 'each has a line' });
  await parked(0);
  await send('last', 404, 'GET', '/nowhere'); /* whatever would be written twice, has been */
  await until(() => count('one-last') > 0);
  assert.deepEqual(lines().map(l => l.id).sort(), Object.keys(ends).sort());
  for (const l of lines()) {
    assert.equal(l.status, ends[l.id], l.id);
    assert.equal(l.gone, /left/.test(l.id), l.id);
  }
});

s.test('a plain call whose client leaves: noticed at once, nothing is kept for it, the turn goes on', async d => {
  d.model.clear();
  let go;
  d.model.push({ text: 'for nobody', hang: new Promise(resolve => { go = resolve; }) });
  const body = JSON.stringify({ chat_id: 'left', message: 'x', message_id: 'l1' });
  const c = net.connect(d.port, '127.0.0.1');
  c.on('error', () => {});
  c.write(ask('POST', '/chat', { headers: `${JSON_TYPE}X-Request-Id: who-leaves\r\n`, body }));
  await until(() => d.model.requests.length === 1);
  await until(async () => (await d.metrics()).get('dragoman_parked_requests') === 1);
  c.destroy();
  const line = await until(() => d.events('request_done').find(l => l.id === 'who-leaves'), { ms: 20000 });
  assert.deepEqual([line.gone, line.status], [true, 499]);
  await until(async () => (await d.metrics()).get('dragoman_parked_requests') === 0);
  go();
  const kept = await until(async () => {
    const r = await d.get('/chat/left/messages/l1', { headers: d.headersOf({}) });
    return r.status === 200 && r;
  });
  assert.equal(kept.json.reply, 'for nobody');
});

s.test('a stream says where to ask, counts its events, and refuses as the plain call does', async d => {
  d.model.clear();
  const st = d.stream({ chat_id: 'seq', message: 'one', message_id: 'q1' });
  await st.done;
  assert.deepEqual(st.events.map(e => Number(e.id)), st.events.map((_, i) => i + 1));
  assert.deepEqual(st.events[0].json, { status: 'accepted', message_id: 'q1', url: '/chat/seq/messages/q1' });
  const kept = await d.get(st.events[0].json.url, { headers: d.headersOf({}) });
  assert.deepEqual(kept.json, st.of('reply')[0]);
  const refused = [[{ chat_id: 'seq', message: 'two', message_id: 'q1' }, {}, 409], [{ chat_id: 'seq' }, {}, 422],
    [{ chat_id: '', message: 'x' }, {}, 400], [{ chat_id: 'seq', message: 'x' }, { secret: 'no' }, 401]];
  for (const [body, more, status] of refused) {
    const r = d.stream(body, more);
    await r.done;
    assert.equal(r.status, status);
    assert.match(r.headers['content-type'], /^application\/json/);
    assert.ok(JSON.parse(r.raw).detail);
  }
});

s.test('/reset and /disconnect wait for the running turn', async d => {
  d.model.clear();
  for (const command of ['/reset', '/disconnect']) {
    let go;
    const chat = `order-${command.slice(1)}`;
    let answered = 0;
    d.model.push({ text: 'first', hang: new Promise(resolve => { go = resolve; }) });
    const before = (await d.counts()).waiting;
    const first = d.say(chat, 'remember me').then(r => { answered++; return r; });
    await until(() => go && d.model.last()?.lastUser === 'remember me');
    const second = d.say(chat, command).then(r => { answered++; return r; });
    await until(async () => (await d.counts()).waiting === before + 2);
    assert.equal(answered, 0);
    go();
    assert.equal((await first).reply, 'first');
    assert.equal((await second).state, 'active');
    /* had the command come first, the turn would have left its message in the history */
    await d.say(chat, 'who am I?');
    assert.ok(!JSON.stringify(d.model.last().body).includes('remember me'));
    d.model.clear();
  }
});

s.test('paused: each command that is answered at once, is', async d => {
  d.model.clear();
  assert.equal((await d.cli(['pause'])).code, 0);
  try {
    const before = (await d.counts()).waiting;
    const waiting = d.chat({ chat_id: 'held', message: 'x', message_id: 'h1' });
    await until(async () => (await d.counts()).waiting === before + 1);
    for (const command of ['/status', '/help', '/why', '/usage'])
      assert.equal((await d.chat({ chat_id: 'held', message: command }, { ms: 15000 })).status, 200, command);
    assert.equal((await d.get('/chat/held/messages/h1', { headers: d.headersOf({}) })).status, 202);
    assert.match((await d.say('held', '/stop', { ms: 15000 })).reply, /Stopping/);
    assert.equal(d.model.requests.length, 0);
    assert.equal((await d.cli(['resume'])).code, 0);
    assert.equal((await waiting).status, 200);
  } finally {
    await d.cli(['resume']);
  }
  await d.ready();
  assert.equal((await d.say('held', 'again')).reply, 'You said: again');
});

s.test('Redis away: asking for an answer is a 503 with Retry-After; HEAD and GET agree after it', async d => {
  await d.say('away', 'x', { message_id: 'a1' });
  const url = '/chat/away/messages/a1';
  d.redisServer.signal('SIGSTOP');
  try {
    const r = await d.get(url, { headers: d.headersOf({}) });
    assert.equal(r.status, 503, r.text);
    assert.ok(Number(r.headers['retry-after']) >= 1);
    assert.ok(r.json.detail);
    const ready = await until(async () => { const x = await d.get('/ready'); return x.status === 503 && x; });
    assert.deepEqual([ready.json.ready, ready.json.redis.ok], [false, false]);
    assert.ok(ready.json.why && ready.headers['retry-after']);
  } finally {
    d.redisServer.signal('SIGCONT');
  }
  await d.ready();
  const get = await until(async () => { const r = await d.get(url, { headers: d.headersOf({}) }); return r.status === 200 && r; });
  const head = await d.request('HEAD', url, { headers: d.headersOf({}) });
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.equal(head.headers['content-length'], get.headers['content-length']);
});

s.test('/metrics names all that is promised', async d => {
  const names = new Set([...(await d.metrics()).keys()].map(k => k.replace(/\{.*/, '')));
  for (const name of ['requests_total', 'request_seconds_bucket', 'refused_total', 'messages_accepted_total', 'turns_total', 'turn_seconds_count', 'turns_running', 'messages_unaccounted',
    'queue_length', 'queue_age_seconds', 'model_seconds_count', 'model_first_byte_seconds_count', 'model_errors_total', 'tokens_total', 'breaker_open', 'tool_seconds_count', 'tool_calls_total',
    'redis_round_trips_total', 'threads', 'parked_requests'])
    assert.ok(names.has(`dragoman_${name}`), name);
});

testWith({ edges: 1, turns: 1, settings: { server: { parked: 16 } } }, 'as many wait as server.parked says; the next one is told when to come again', async d => {
  let open;
  const gate = new Promise(resolve => { open = resolve; });
  d.model.handler = r => ({ text: `r:${r.lastUser}`, hang: gate });
  const all = Array.from({ length: 16 }, (_, i) => d.chat({ chat_id: `p${i}`, message: 'x' }, { agent: false }));
  await until(async () => (await d.metrics()).get('dragoman_parked_requests') === 16);
  const r = await d.chat({ chat_id: 'one-more', message: 'x' }, { headers: { 'x-request-id': 'no-place' } });
  assert.equal(r.status, 503, r.text);
  assert.ok(Number(r.headers['retry-after']) >= 1);
  assert.equal((await d.get('/health')).status, 200);
  assert.equal((await d.chat({ chat_id: 'p0', message: '/status' })).status, 200, 'commands need no place');
  open();
  for (const x of await Promise.all(all)) assert.equal(x.json.reply, 'r:x', x.text);
  assert.equal((await d.chat({ chat_id: 'one-more', message: 'x' })).status, 200);
  assert.deepEqual(d.events('request_done').filter(l => l.id === 'no-place').map(l => l.status), [503], 'one line');
});

testWith({ secret: false, model: false, edges: 1, turns: 1, generate: ['--proxy', '127.0.0.1'], settings: { chat: { open: true } } }, 'chat.open: this machine by its own name, nobody else', async d => {
  const body = '{"chat_id":"o","message":"help"}';
  const post = (host, more = '') => raw(d, ask('POST', '/chat', { secret: null, host, headers: JSON_TYPE + more, body }));
  for (const host of ['localhost', `localhost:${d.port}`, '127.0.0.1', 'LOCALHOST', '[::1]'])
    assert.equal((await post(host)).status, 200, host);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])
    assert.equal((await post(host)).status, 401, `${host}: a name that a page gave to 127.0.0.1`);
  for (const client of ['192.0.2.7', '2001:db8::1', '::ffff:192.0.2.7'])
    assert.equal((await post('localhost', `X-Forwarded-For: ${client}\r\n`)).status, 401, client);
  assert.equal((await post('localhost', 'X-Proxy-Secret: guess\r\n')).status, 200, 'a secret that nobody set is not looked at');
});
