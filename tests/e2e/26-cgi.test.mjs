/*
 * Plain CGI: an edge that a web server starts for one request.  Parameters are
 * the environment, the body is standard input, the answer standard output.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BUILD, SECRET, SLOW } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const s = sharedStack({ edges: 1, turns: 1 });

/* As a web server starts it: the body by a pipe, or a file that it kept. */
function cgi(d, method, uri, { body = '', headers = {}, file = false, env = {}, args = [] } = {}) {
  const [document, query = ''] = uri.split('?');
  const all = { ...d.edgeEnv(), GATEWAY_INTERFACE: 'CGI/1.1', REQUEST_METHOD: method, REQUEST_URI: uri, DOCUMENT_URI: document, SCRIPT_NAME: document,
    QUERY_STRING: query, SERVER_PROTOCOL: 'HTTP/1.1', REMOTE_ADDR: '127.0.0.1', CONTENT_LENGTH: body ? String(Buffer.byteLength(body)) : '',
    CONTENT_TYPE: body ? 'application/json' : '', ...env };
  for (const [k, v] of Object.entries(headers)) all[`HTTP_${k.toUpperCase().replaceAll('-', '_')}`] = v;
  let from = 'pipe';
  if (file) {
    fs.writeFileSync(d.file('body'), body);
    from = fs.openSync(d.file('body'), 'r');
  }
  return new Promise((resolve, reject) => {
    const p = spawn(path.join(BUILD, 'dragoman-edge'), args, { env: all, cwd: d.dir, stdio: [from, 'pipe', 'pipe'] });
    const timer = setTimeout(() => { p.kill('SIGKILL'); reject(new Error(`${method} ${uri}: no end`)); }, 20000 * SLOW);
    const out = [], err = [];
    p.stdout.on('data', c => out.push(c));
    p.stderr.on('data', c => err.push(c));
    p.on('error', reject);
    p.on('close', code => {
      clearTimeout(timer);
      if (file) fs.closeSync(from);
      const text = Buffer.concat(out).toString(), log = Buffer.concat(err).toString();
      const end = text.indexOf('\r\n\r\n');
      const head = text.slice(0, end), content = text.slice(end + 4);
      let json;
      try { json = JSON.parse(content); } catch { /* not JSON */ }
      resolve({ code, status: Number(/^Status: (\d{3})/m.exec(head)?.[1] ?? 200), head, content, json, log });
    });
    if (!file) {
      p.stdin.on('error', () => {});
      p.stdin.end(body);
    }
  });
}

const say = (d, body, options = {}) =>
  cgi(d, 'POST', '/chat', { ...options, body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'X-Proxy-Secret': SECRET, ...options.headers } });

s.test('GET: an answer, and the process ends', async d => {
  const r = await cgi(d, 'GET', '/health', { headers: { 'X-Request-Id': 'cgi-request-1' } });
  assert.equal(r.code, 0, r.log);
  assert.equal(r.status, 200);
  assert.equal(r.json.status, 'ok');
  assert.match(r.head, /^Content-Type: application\/json/mi);
  assert.match(r.head, /^X-Request-Id: cgi-request-1\r?$/mi);
  const page = await cgi(d, 'GET', '/metrics');
  assert.ok(page.content.length > 8192, 'more than one buffer');
  assert.match(page.content, /^dragoman_[a-z_]+.* \d+\n$/m);
  assert.ok(page.content.endsWith('\n'));
});

s.test('POST /chat: accepted, waited for, answered', async d => {
  const before = (await d.settled()).replied;
  for (const file of [false, true]) {
    const r = await say(d, { chat_id: 'cgi', message: `by ${file ? 'file' : 'pipe'}` }, { file });
    assert.equal(r.code, 0, r.log);
    assert.equal(r.status, 200, r.content);
    assert.equal(r.json.reply, `You said: by ${file ? 'file' : 'pipe'}`);
    assert.match(r.log, /"event":"request_done".*"path":"\/chat","status":200/);
  }
  const long = `{"chat_id":"cgi",${' '.repeat(20000)}"message":"after a gap"}`;
  assert.equal((await say(d, long)).json?.reply, 'You said: after a gap');
  const c = await d.settled();
  assert.equal(c.replied, before + 3);
});

s.test('a stream is written as it comes', async d => {
  d.model.push({ text: 'in pieces' });
  const r = await say(d, { chat_id: 'cgi-stream', message: 'x' }, { headers: { Accept: 'text/event-stream' } });
  assert.equal(r.code, 0, r.log);
  assert.match(r.head, /^Content-Type: text\/event-stream/mi);
  assert.match(r.content, /event: reply\ndata: \{"reply":"in pieces"/);
});

s.test('errors as by FastCGI', async d => {
  const detail = async (r, status) => {
    assert.equal(r.status, status, r.head);
    assert.ok(r.json?.detail, r.content);
    return r;
  };
  await detail(await cgi(d, 'GET', '/nothing'), 404);
  assert.match((await detail(await cgi(d, 'GET', '/chat'), 405)).head, /^Allow: POST/mi);
  await detail(await cgi(d, 'POST', '/chat', { body: '{}' }), 401);
  await detail(await say(d, 'not json'), 422);
  /* The web server promised more than it gave. */
  await detail(await say(d, '{"chat_id":"a"', { env: { CONTENT_LENGTH: '500' } }), 400);
});

s.test('arguments are the query of a stranger, no options', async d => {
  for (const args of [['-V'], ['--config', '/nowhere'], ['what?'], ['-e', '/dev/stdin']]) {
    const r = await say(d, { chat_id: 'cgi-args', message: args[0] }, { args });
    assert.equal(r.code, 0, r.log);
    assert.equal(r.json?.reply, `You said: ${args[0]}`, `${args}: ${r.content}`);
  }
  const r = await cgi(d, 'POST', '/chat', { args: ['-e', '/dev/stdin'], body: 'PROXY_SECRET=mine\n', env: { PROXY_SECRET: '' }, headers: { 'X-Proxy-Secret': 'mine' } });
  assert.equal(r.status, 401, r.content);
});
