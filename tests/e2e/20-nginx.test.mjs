/*
 * nginx's configuration: valid in each form, JSON for its own errors, limits
 * per address, streams unbuffered.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { TOP, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const run = promisify(execFile);
const generate = path.join(TOP, 'nginx/generate');
const s = sharedStack({ edges: 1, turns: 1 });

function raw(d, bytes) {
  return new Promise(resolve => {
    const c = net.connect(d.port, '127.0.0.1');
    let out = '';
    c.on('data', b => { out += b; });
    c.on('error', () => resolve(out));
    c.on('close', () => resolve(out));
    c.write(bytes);
  });
}

/* nginx -t binds what it is to listen to. */
const hasV6 = Object.values(os.networkInterfaces()).flat().some(x => x.address === '::1');

s.test('every form passes nginx -t', async d => {
  const forms = [
    [], ['--listen', '127.0.0.1:18000', '--socket', 'unix:edge.sock'], [...hasV6 ? ['--listen', '[::1]:18001'] : [], '--listen', '127.0.0.1:18001'],
    ['--socket', '127.0.0.1:9000', '--socket', '127.0.0.1:9001'], ['--proxy', '192.0.2.10', '--proxy', '10.0.0.0/8', '--proxy', '2001:db8::/32'],
  ];
  for (const [i, args] of forms.entries()) {
    const dir = d.file(`form${i}`);
    fs.mkdirSync(`${dir}/nginx`, { recursive: true });
    fs.mkdirSync(`${dir}/log`);
    const { stdout } = await run(generate, args);
    fs.writeFileSync(`${dir}/nginx/nginx.conf`, stdout);
    const r = await run('nginx', ['-t', '-p', `${dir}/`, '-c', 'nginx/nginx.conf', '-e', 'log/nginx.log'], { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
    assert.match(r.stderr, /test is successful/);
    assert.doesNotMatch(r.stderr, /\[warn\](?!.*"user" directive)/);
  }
});

s.test('words that are no configuration are refused', async () => {
  for (const args of [['--listen', '127.0.0.1:1; evil on'], ['--proxy', 'a b'], ['--nonsense'], ['--socket', '']])
    await assert.rejects(run(generate, args), err => err.code === 2, args.join(' '));
});

s.test('nginx\'s own errors are JSON with a detail', async d => {
  const cases = {
    400: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 413: `POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${20 << 20}\r\n\r\n`,
    414: `GET /${'x'.repeat(40000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 505: 'GET / HTTP/7.1\r\nHost: x\r\n\r\n',
    501: 'POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n',
  };
  for (const [status, bytes] of Object.entries(cases)) {
    const t = await raw(d, bytes);
    assert.match(t, new RegExp(`^HTTP/1.1 ${status} `), t.slice(0, 200));
    assert.match(t, /content-type: application\/json/i, t.slice(0, 300));
    assert.ok(JSON.parse(t.slice(t.indexOf('\r\n\r\n') + 4)).detail);
    assert.doesNotMatch(t, /server: nginx\//i, 'no version');
  }
});

testWith({ edges: 1, turns: 1 }, 'no edge: 503 with Retry-After, as JSON', async d => {
  const d2 = d.edges[0];
  await d.kill(d2);
  const gone = new Promise(resolve => d.holder.on('exit', resolve));
  d.holder.stdin.end(); /* the socket goes too */
  await until(async () => (await d.get('/health')).status === 503);
  const r = await d.get('/health');
  assert.ok(r.headers['retry-after']);
  assert.ok(r.json.detail);
  await gone;
});

testWith({ edges: 1, turns: 1, generate: ['--proxy', '127.0.0.1'] }, 'a listed proxy is believed: limits and /metrics go by the client\'s address', async d => {
  const from = ip => d.get('/metrics', { headers: { 'x-forwarded-for': ip } });
  assert.equal((await from('127.0.0.1')).status, 200);
  for (const forged of ['127.0.0.2', '::1', '127.0.0.2, 127.0.0.1'])
    assert.equal((await from(forged)).status, 403, `${forged}: a client's word makes it no program of this machine`);
  const r = await from('192.0.2.9');
  assert.ok([401, 403, 404].includes(r.status), `${r.status}`);
  /* A slow machine may serve the first ones by and by: 200, and 50 a second. */
  const limited = await until(async () => {
    const many = await Promise.all(Array.from({ length: 400 }, () => d.get('/health', { headers: { 'x-forwarded-for': '198.51.100.4' } })));
    const refused = many.filter(x => x.status === 429);
    return refused.length > 50 && refused;
  }, { what: 'an address is limited' });
  assert.ok(limited[0].json.detail);
  assert.ok(limited[0].headers['retry-after']);
  const other = await d.get('/health', { headers: { 'x-forwarded-for': '198.51.100.5' } });
  assert.equal(other.status, 200, 'another address is not limited');
  const v6 = async n => (await d.get('/health', { headers: { 'x-forwarded-for': `2001:db8:1:2::${n}` } })).status;
  /* None of them asks more than a few times. */
  for (let i = 0, limits = false; !limits; i += 400) {
    assert.ok(i < 4000, 'a /64 counts as one');
    limits = (await Promise.all(Array.from({ length: 400 }, (_, k) => v6(1 + i + k)))).includes(429);
  }
  const mapped = async n => (await d.get('/health', { headers: { 'x-forwarded-for': `::ffff:203.0.113.${n}` } })).status;
  await until(async () => (await Promise.all(Array.from({ length: 400 }, () => mapped(1)))).includes(429), { what: 'IPv4 in IPv6 is limited' });
  const another = await Promise.all(Array.from({ length: 50 }, () => mapped(2)));
  assert.ok(another.every(x => x === 200), 'another IPv4 in IPv6 is not');
});

s.test('loopback is exempt from limits', async d => {
  const many = await Promise.all(Array.from({ length: 600 }, () => d.get('/health')));
  assert.ok(many.every(x => x.status === 200));
});

s.test('500 open streams cost no thread each', async d => {
  let open;
  const gate = new Promise(resolve => { open = resolve; });
  d.model.keep = false;
  d.model.handler = r => ({ text: `r:${r.lastUser}`, hang: gate });
  const all = Array.from({ length: 500 }, (_, i) => d.stream({ chat_id: `s${i}`, message: 'x' }));
  await Promise.all(all.map(x => x.until(y => y.events.length >= 1, 30000)));
  const threads = fs.readdirSync(`/proc/${d.edges[0].pid}/task`).length;
  assert.ok(threads < 90, `${threads} threads`);
  assert.equal((await d.get('/health')).status, 200);
  open();
  await Promise.all(all.map(x => x.done));
  for (const x of all) assert.equal(x.of('reply').length, 1, x.raw);
});
