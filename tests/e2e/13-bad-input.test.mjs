/*
 * Whatever a stranger sends: a 4xx that says why, never a crash, a hang or a
 * 5xx; and what is valid but unusual is served.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ edges: 1, turns: 1, settings: { server: { body_max: '256k' } } });

/* Raw bytes to nginx; the answer as text. */
function raw(d, bytes, { ms = 20000, end = false } = {}) {
  return new Promise((resolve, reject) => {
    const c = net.connect(d.port, '127.0.0.1');
    const out = [];
    const timer = setTimeout(() => { c.destroy(); resolve(Buffer.concat(out).toString('latin1')); }, ms);
    c.on('data', b => out.push(b));
    c.on('error', err => { clearTimeout(timer); out.length ? resolve(Buffer.concat(out).toString('latin1')) : reject(err); });
    c.on('close', () => { clearTimeout(timer); resolve(Buffer.concat(out).toString('latin1')); });
    for (const b of [].concat(bytes)) c.write(b);
    if (end) c.end();
  });
}
const head = (d, more, length) => `POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Proxy-Secret: ${d.headersOf({})['x-proxy-secret']}\r\n${length === undefined ? '' : `Content-Length: ${length}\r\n`}${more}\r\n`;
const status = text => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

const bodies = {
  'bytes that are no UTF-8': Buffer.from('{"chat_id":"a","message":"\xff\xfe"}', 'latin1'),
  'half a UTF-8 character': Buffer.concat([Buffer.from('{"chat_id":"a","message":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')]),
  'an overlong character': Buffer.concat([Buffer.from('{"chat_id":"a","message":"'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')]),
  'a surrogate in UTF-8': Buffer.concat([Buffer.from('{"chat_id":"a","message":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
  'an escaped half surrogate': '{"chat_id":"a","message":"\\ud800"}',
  'a NUL byte': Buffer.from('{"chat_id":"a","message":"x\0y"}'),
  'only NUL bytes': Buffer.alloc(100),
  'JSON nested deeply': `{"chat_id":"a","message":${'['.repeat(100000)}${']'.repeat(100000)}}`,
  'objects nested deeply': `${'{"a":'.repeat(20000)}1${'}'.repeat(20000)}`,
  'trailing bytes': '{"chat_id":"a","message":"x"} and more',
  'two documents': '{"chat_id":"a","message":"x"}{"chat_id":"b","message":"y"}',
  'a comment': '{"chat_id":"a", /* no */ "message":"x"}',
  'single quotes': "{'chat_id':'a','message':'x'}",
  'a string': '"chat"',
  'a number': '42',
  'null': 'null',
  'true': 'true',
  'message is an array': '{"chat_id":"a","message":["x"]}',
  'chat_id is an object': '{"chat_id":{"$gt":""},"message":"x"}',
  'a bare minus': '-',
  'blanks': '   ',
  'a key twice': '{"chat_id":"a","chat_id":"b","message":"x"}',
};
for (const [name, body] of Object.entries(bodies))
  s.test(`body: ${name}`, async d => {
    const r = await d.request('POST', '/chat', { body, headers: { ...d.headersOf({}), 'content-type': 'application/json' } });
    assert.equal(r.status, 422, `${r.status} ${r.text.slice(0, 300)}`);
    assert.ok(r.json?.detail, r.text.slice(0, 300));
    if (/is an/.test(name)) assert.equal(r.json.detail[0].loc[1], name.split(' ')[0]);
  });

s.test('an escaped NUL in a text is no way around a check', async d => {
  const r = await d.chat({ chat_id: 'a\u0000b', message: 'x' });
  assert.equal(r.status, 422, r.text);
  const m = await d.chat({ chat_id: 'nul', message: 'x\u0000y' });
  assert.equal(m.status, 422, m.text);
});

s.test('unknown fields are no error', async d => {
  const r = await d.request('POST', '/chat', { body: '{"chat_id":"a","message":"x","extra":[1,{"y":null}]}', headers: { ...d.headersOf({}), 'content-type': 'application/json; charset=utf-8' } });
  assert.equal(r.status, 200, r.text);
});

s.test('10 MB and more: 413, as JSON', async d => {
  const t = await raw(d, head(d, '', 10 << 20));
  assert.equal(status(t), 413, t.slice(0, 200));
  assert.match(t, /application\/json/);
  const over = await d.request('POST', '/chat', { body: Buffer.alloc(300 << 10, 0x20), headers: { ...d.headersOf({}), 'content-type': 'application/json' } });
  assert.equal(over.status, 413, over.text);
});

s.test('chunked bodies are served', async d => {
  const body = JSON.stringify({ chat_id: 'chunked', message: 'in pieces' });
  const r = await d.request('POST', '/chat', { body, headers: { ...d.headersOf({}), 'content-type': 'application/json', 'transfer-encoding': 'chunked' } });
  assert.equal(r.status, 200, r.text);
  assert.equal(r.json.reply, 'You said: in pieces');
  const t = await raw(d, [head(d, 'Transfer-Encoding: chunked\r\n'), '5\r\n{"cha\r\n', `${(body.length - 5).toString(16)};ext=1\r\n${body.slice(5)}\r\n0\r\n\r\n`]);
  assert.equal(status(t), 200, t);
  const bad = await raw(d, [head(d, 'Transfer-Encoding: chunked\r\n'), 'zz\r\nnope\r\n']);
  assert.equal(status(bad), 400, bad);
});

s.test('a body cut off is not served', async d => {
  const before = (await d.counts()).accepted;
  const t = await raw(d, [head(d, '', 200), '{"chat_id":"cut","message":"x"}'], { end: true });
  assert.ok(status(t) === 400 || status(t) === 0, t);
  assert.equal((await d.counts()).accepted, before);
});

s.test('a slow body is served when it is whole', async d => {
  const body = JSON.stringify({ chat_id: 'slowbody', message: 'slow' });
  const t = await new Promise((resolve, reject) => {
    const c = net.connect(d.port, '127.0.0.1');
    let out = '';
    c.on('data', b => { out += b; });
    c.on('close', () => resolve(out));
    c.on('error', reject);
    c.write(head(d, '', body.length));
    let i = 0;
    const timer = setInterval(() => {
      if (i >= body.length) return clearInterval(timer);
      c.write(body.slice(i, i += 4));
    }, 40);
  });
  assert.equal(status(t), 200, t);
});

s.test('repeated and odd headers', async d => {
  const body = '{"chat_id":"hdr","message":"x"}';
  const secret = d.headersOf({})['x-proxy-secret'];
  const twice = await raw(d, `${head(d, `X-Proxy-Secret: ${secret}\r\n`, body.length)}${body}`);
  assert.ok([200, 400, 401].includes(status(twice)), twice);
  const wrongFirst = await raw(d, `POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Proxy-Secret: wrong\r\nX-Proxy-Secret: ${secret}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assert.ok([400, 401].includes(status(wrongFirst)), wrongFirst);
  const two = await raw(d, `${head(d, 'Content-Length: 5\r\n', body.length)}${body}`);
  assert.equal(status(two), 400, two);
  const big = await raw(d, `${head(d, `X-Long: ${'y'.repeat(60000)}\r\n`, body.length)}${body}`);
  assert.ok([400, 413, 414, 431].includes(status(big)), big.slice(0, 200));
  const nul = await raw(d, `${head(d, 'X-Nul: a\0b\r\n', body.length)}${body}`);
  assert.equal(status(nul), 400, nul);
});

s.test('odd paths and queries', async d => {
  const get = p => raw(d, `GET ${p} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Proxy-Secret: ${d.headersOf({})['x-proxy-secret']}\r\n\r\n`);
  for (const p of ['/chat/%00/messages/x', '/chat/a/messages/%ff', '/chat//messages/', '/chat/a/messages/b/c', '/%2e%2e/%2e%2e/etc/passwd', '/chat/%', '/chat/a/messages/%zz',
    `/${'a'.repeat(5000)}`, '/health/', '/HEALTH', '//health', '/chat/a%2Fb/messages/c?x=%00&&=&y', '/;', '/?', '/chat/a/messages/b%00']) {
    const t = await get(p);
    const c = status(t);
    assert.ok(c >= 200 && c < 500 && c !== 0, `${p}: ${t.slice(0, 200)}`);
    if (c >= 400 && c !== 400) assert.match(t, /application\/json/, p);
  }
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'FOO']) {
    const t = await raw(d, `${method} /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    assert.ok([405, 400, 404].includes(status(t)), `${method}: ${t.slice(0, 200)}`);
  }
});

s.test('POST without a length is not waited for', async d => {
  const t = await raw(d, head(d, ''), { ms: 10000 });
  assert.ok([400, 411, 422].includes(status(t)), t);
});

s.test('HEAD is a GET without a body', async d => {
  const r = await d.request('HEAD', '/health');
  assert.ok(r.status === 200 || r.status === 405);
  assert.equal(r.text, '');
});

s.test('it still serves after all that', async d => {
  assert.equal((await d.say('after', 'x')).reply, 'You said: x');
  for (const e of d.edges) assert.equal(e.ended, null);
  assert.equal((await d.settled()).unaccounted, 0);
});
