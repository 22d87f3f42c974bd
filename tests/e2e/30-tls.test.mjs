/*
 * Everything that Dragoman calls stands behind TLS: nginx with certificates
 * made for the run, in front of the doubles.  It closes each connection after
 * few requests and when it is idle; no turn may notice.  A certificate that
 * is wrong is named in the log, and the person told.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { startLegacy, startModern } from '../doubles/mcp.mjs';
import { CHAT_TOKEN } from '../doubles/memcp.mjs';
import { freePort, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const run = promisify(execFile);
const CLIENTS = 32, EACH = 20, REQUESTS = 20;
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const HERE = 'DNS:localhost,IP:127.0.0.1';

/* In ${dir}: ca.pem, and NAME.pem with NAME.key for each kind of certificate. */
async function certificates(dir) {
  fs.mkdirSync(dir);
  const openssl = (...args) => run('openssl', args, { cwd: dir });
  const root = name => openssl('req', '-x509', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.pem`,
    '-subj', `/CN=Authority ${name}`, '-days', '2');
  const leaf = async (name, { ca = 'ca', alt = HERE, days = 2 } = {}) => {
    await openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=server');
    fs.writeFileSync(`${dir}/${name}.ext`, `subjectAltName=${alt}\n`);
    const signer = ca === name ? ['-signkey', `${name}.key`] : ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'];
    const sign = (...life) => openssl('x509', '-req', '-in', `${name}.csr`, ...signer, ...life, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    /* OpenSSL 3.5 refuses days that go back, 3.0 does not know the other two. */
    if (days > 0) await sign('-days', `${days}`);
    else await sign('-days', `${days}`).catch(() => sign('-not_before', '20200101000000Z', '-not_after', '20200102000000Z'));
  };
  await root('ca');
  await root('other');
  await leaf('good');
  await leaf('wrong', { alt: 'DNS:elsewhere.example' });
  await leaf('expired', { days: -1 });
  await leaf('unknown', { ca: 'other' });
  await leaf('selfsigned', { ca: 'selfsigned' });
}

/* nginx with TLS: ${fronts} is [port, certificate, port behind it], ... */
async function startFront(d, fronts) {
  await certificates(d.file('tls'));
  const servers = fronts.map(([port, cert, behind]) => `server { listen 127.0.0.1:${port} ssl http2;
ssl_certificate ${cert}.pem; ssl_certificate_key ${cert}.key; location / { proxy_pass http://127.0.0.1:${behind}; } }`);
  fs.writeFileSync(d.file('tls/nginx.conf'), `${process.getuid() === 0 ? 'user www-data;' : ''}
worker_processes 1; pid nginx.pid; error_log error.log; events { worker_connections 4096; }
http { log_format seen '$server_port $server_protocol $connection_requests'; access_log access seen;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
client_max_body_size 32m; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
proxy_buffering off; keepalive_requests ${REQUESTS}; keepalive_timeout 1s;
${servers.join('\n')} }
`);
  const front = d.child('front', 'nginx', ['-p', d.file('tls/'), '-c', 'nginx.conf', '-e', 'error.log', '-g', 'daemon off;'],
    { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
  await until(() => {
    assert.equal(front.ended, null, 'nginx ended');
    return d.answers({ port: fronts[0][0], host: '127.0.0.1' });
  }, { what: 'nginx listens for TLS' });
}

const seen = d => fs.readFileSync(d.file('tls/access'), 'utf8').trim().split('\n').map(l => l.split(' '));
const behind = url => new URL(url).port;

/* Our connections to ${port} in a state of TCP's. */
const connections = (port, state) => fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map(l => l.trim().split(/\s+/))
  .filter(f => f[3] === state && parseInt(f[2]?.split(':')[1], 16) === port).length;

/* Until the server has closed all that we keep; how many those are. */
async function closedWhileIdle(port) {
  await until(() => connections(port, '01') === 0, { what: 'nginx has closed all kept connections' });
  return connections(port, '08');
}

async function noBreaker(d) {
  const open = [...await d.metrics()].filter(([k, v]) => k.startsWith('dragoman_breaker_open') && v > 0);
  assert.deepEqual(open, []);
}

const port = {};
for (const name of ['good', 'wrong', 'expired', 'unknown', 'selfsigned', 'modern', 'sessions']) port[name] = await freePort();
let servers;

const s = sharedStack(async () => {
  servers = { modern: await startModern(), sessions: await startLegacy() };
  return {
    edges: 1, turns: 1,
    settings: { llm: { base_url: `https://127.0.0.1:${port.good}/v1`, retry_for: '1s' } },
    async before(d) {
      fs.writeFileSync(d.file('servers_config.json'), JSON.stringify({ mcpServers:
        { modern: { url: `https://localhost:${port.modern}/mcp` }, sessions: { url: `https://localhost:${port.sessions}/mcp` } } }));
      await startFront(d, [...['good', 'wrong', 'expired', 'unknown', 'selfsigned'].map(c => [port[c], c, d.model.port]),
        ...Object.entries(servers).map(([name, m]) => [port[name], 'good', m.port])]);
      d.options.env = { DRAGOMAN_CA_FILE: d.file('tls/ca.pem') };
    },
  };
});

s.test('many chats on connections that are closed after few requests: each message is asked and answered once', async d => {
  d.model.clear();
  await Promise.all(Array.from({ length: CLIENTS }, async (_, c) => {
    for (let i = 0; i < EACH; i++) assert.equal((await d.say(`load-${c}`, `${c}.${i}`)).reply, `You said: ${c}.${i}`);
  }));
  assert.equal(d.model.requests.length, CLIENTS * EACH);
  assert.deepEqual(d.events('model_failed'), []);
  const asked = seen(d).filter(([p]) => Number(p) === port.good);
  assert.ok(asked.every(([, protocol]) => protocol === 'HTTP/1.1'), 'HTTP/1.1, though HTTP/2 is offered');
  assert.ok(asked.some(([, , n]) => Number(n) === REQUESTS), 'the limit was reached');
  await noBreaker(d);
});

s.test('connections that the server closed while they were idle cost no message', async d => {
  let closed = 0;
  for (let i = 0; i < 3; i++) {
    await d.say(`idle-${i}`, 'hello');
    closed += await closedWhileIdle(port.good);
    d.model.clear();
    assert.equal((await d.say(`idle-${i}`, 'again')).reply, 'You said: again');
    assert.equal(d.model.requests.length, 1);
  }
  assert.deepEqual(d.events('model_failed'), []);
  assert.ok(closed > 0, 'some were kept');
});

s.test('tools of MCP servers in servers_config.json, by https://', async d => {
  for (const name of Object.keys(servers)) {
    await until(async () => {
      d.model.clear();
      await d.say('list', 'x');
      return d.model.last().tools.includes(`${name}__add`);
    }, { every: 200, what: `the tools of ${name} are listed` });
    for (let i = 0; i < 2; i++) {
      d.model.clear();
      d.model.push({ calls: [{ name: `${name}__add`, arguments: { a: 40, b: i } }] }, { text: 'ok' });
      assert.equal((await d.say('call', 'go')).reply, 'ok');
      assert.equal(d.model.last().toolResults[0].text, String(40 + i));
      await closedWhileIdle(port[name]);
    }
    assert.equal(servers[name].calls.filter(c => c.name === 'add').length, 2, 'each call once');
  }
});

/* A worker as configured again. */
async function another(d) {
  for (const w of d.turns) if (w.ended === null) assert.equal(await d.stopAndWait(w), 0);
  d.turns.length = 0;
  const w = d.startTurn();
  await until(() => d.logs(w.name).some(l => l.event === 'worker_started'), { what: 'it serves' });
  await d.ready();
}

/* What is wrong, and what the operator does about it. */
const refused = {
  wrong: [/certificate is for another name: check the host/, /host in .*base_url/],
  expired: [/certificate has expired: its operator must renew it/, /correct the server's certificate/],
  unknown: [/certificate is of an unknown authority: .*http\.ca_file/, /http\.ca_file/],
  selfsigned: [/certificate is self-signed: .*http\.ca_file/, /http\.ca_file/],
};
s.test('a wrong name, expired, of an unknown authority, self-signed: named in the log, and the person is told', async d => {
  for (const [kind, [sentence, remedy]] of Object.entries(refused)) {
    for (const w of d.turns) if (w.ended === null) await d.stopAndWait(w);
    d.model.clear();
    const worker = d.startTurn({ LLM_BASE_URL: `https://127.0.0.1:${port[kind]}/v1?api-version=7&key=hidden`, LLM_MODEL: `gpt-${kind}` });
    const r = await d.say(kind, 'x');
    assert.match(r.reply, /connection to the language model is not set up correctly.* needs the operator/);
    assert.doesNotMatch(r.reply, /certificate|127\.0\.0\.1|https/);
    const failed = d.events('model_failed', worker.name);
    assert.equal(failed.length, 1, 'no repeat mends it');
    assert.deepEqual([failed[0].level, failed[0].kind], ['error', 'unreachable']);
    assert.ok(failed.every(l => sentence.test(JSON.stringify(l))), JSON.stringify(failed));
    for (const l of failed) {
      assert.match(l.remedy, remedy);
      assert.equal(l.url, `https://127.0.0.1:${port[kind]}/v1/chat/completions?api-version=7&key=…`, 'the address, without what may be secret');
    }
    assert.equal(d.model.requests.length, 0, 'nothing was sent');
  }
  await another(d);
});

s.test('http:// to a TLS port, https:// to a plain one: told at once, and doctor says the same as the log', async d => {
  const ways = {
    plain: [`http://127.0.0.1:${port.good}/v1`, /write https:\/\/ in llm\.base_url/],
    tls: [`${d.model.url.replace('http:', 'https:')}/v1`, /write http:\/\/ in llm\.base_url/],
  };
  for (const [kind, [url, remedy]] of Object.entries(ways)) {
    for (const w of d.turns) if (w.ended === null) await d.stopAndWait(w);
    d.model.clear();
    const worker = d.startTurn({ LLM_BASE_URL: url, LLM_MODEL: `gpt-${kind}` });
    assert.match((await d.say(kind, 'x')).reply, /needs the operator/);
    const failed = d.events('model_failed', worker.name);
    assert.deepEqual(failed.map(l => [l.level, l.kind]), [['error', 'unreachable']]);
    assert.match(failed[0].remedy, remedy);
    const doctor = await d.cli(['doctor', '--json'], { env: { LLM_BASE_URL: url, LLM_MODEL: `gpt-${kind}` } });
    assert.equal(doctor.json.findings.find(f => f.area === 'model').advice, failed[0].remedy);
  }
  await another(d);
});

const memcp = { port: await freePort() };
testWith(() => ({
  edges: 1, turns: 1, memcp: true,
  settings: { chat: { memcp_url: `https://localhost:${memcp.port}` } },
  async before(d) {
    await startFront(d, [[memcp.port, 'good', behind(d.memcp.url)]]);
    d.options.env = { DRAGOMAN_CA_FILE: d.file('tls/ca.pem') };
  },
}), 'meMCP by https://: a token is derived, a skill asked for, all given back', async d => {
  await d.say('way', 'hi');
  assert.equal((await d.say('way', CHAT_TOKEN)).state, 'active');
  d.model.clear();
  d.model.push({ calls: [{ name: 'query_skills', arguments: { name: 'C' } }] }, { text: 'C, of course.' });
  await closedWhileIdle(memcp.port);
  assert.equal((await d.say('way', 'skills?')).reply, 'C, of course.');
  assert.equal(JSON.parse(d.model.last().toolResults[0].text).result.status, 'success');
  assert.equal(d.memcp.calls.length, 1, 'each call once');
  assert.equal((await d.say('way', '/disconnect')).state, 'needs_token');
  assert.equal(d.memcp.derived.get(d.memcp.calls[0].token).active, false);
});
