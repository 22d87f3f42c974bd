/*
 * dragoman: starts the whole product for a test, in a folder of its own: real
 * Redis, nginx, edges, turn workers, and doubles for what lies outside.
 *
 *   const d = await dragoman({ edges: 2, turns: 2, settings: {...} });
 *   const r = await d.chat({ chat_id: 'a', message: 'hi' });
 *   ...
 *   await d.end();      ends everything by its own process id, checks logs
 *
 * Options: edges, turns (numbers; 2), settings (dragoman.yaml as an object, or
 * a string of YAML), env (added to each program's environment), edgeEnv,
 * turnEnv, prefix (redis.prefix; "dragoman:", as new installations have, or
 * $E2E_REDIS_PREFIX), redisUrl (of another installation's Redis: none is
 * started), model ("openai" (default), "anthropic", false: direct), memcp
 * (true: a double, chat.auth memcp), nginx (true), redis (extra arguments),
 * release (true: programs without sanitizers, for load and kill tests),
 * secret (false: no PROXY_SECRET), expect (sanitizer and refusal checks:
 * {refusals: true} lets the model double refuse requests), edgeProgram (in the
 * build's folder; "dragoman-edge"), cluster (true: Redis is a cluster of one
 * node, which refuses what touches two hash slots).
 *
 * Tests get theirs from stacks.mjs.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Redis from 'ioredis';
import { Memcp } from '../doubles/memcp.mjs';
import { ANTHROPIC_KEY, Model, OPENAI_KEY } from '../doubles/model.mjs';
import { times } from './times.mjs';

/* The doubles' own answers are held to the services' descriptions. */
process.env.DOUBLES_CHECK ??= '1';

export { sleep };
export const TOP = process.env.DRAGOMAN_TOP ?? fileURLToPath(new URL('../..', import.meta.url));
export const BUILD = process.env.DRAGOMAN_BUILD ?? path.join(TOP, 'build/tests');
/* As operators run it, for load and kills: sanitizers change who is when where. */
const RELEASE = process.env.DRAGOMAN_RELEASE ?? BUILD;
export const SECRET = 'proxy-secret-planted-5c1e';
/* Sanitizers make everything slower; so does a machine that builds beside. */
export const SLOW = Number(process.env.E2E_SLOW ?? 1);
const SANITIZER = /ERROR: (Address|Leak|Thread|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error: |SUMMARY: \w+Sanitizer|Assertion .* failed/;
const run = promisify(execFile);

/* Wait until ${look} answers something true; its answer.  The longest wait is
 * for machines that are slow and busy: only who fails waits so long. */
export async function until(look, { ms = 30000, every = 20, what = look.toString() } = {}) {
  const end = performance.now() + ms * SLOW;
  let last;
  for (;;) {
    try {
      const r = await look();
      if (r) return r;
      last = r;
    } catch (err) {
      if (err.final || performance.now() > end) throw err.final ? err : new Error(`not within ${ms * SLOW} ms: ${what}`, { cause: err });
    }
    if (performance.now() > end) throw new Error(`not within ${ms * SLOW} ms: ${what} (last: ${JSON.stringify(last)})`);
    await sleep(every);
  }
}

/*
 * A port that nobody listens on, below those that the kernel gives to outgoing
 * connections: none of the other tests' can take it before it is used, or while
 * its server is away.  Each process has a slot of 16 of its own, and another
 * when that is used up: the first port of a slot is held as long as it lives.
 */
const PORTS = { first: 10000, end: 32400, size: 16 };
const slot = { next: 0, end: 0, taken: Promise.resolve() };

const listener = port => new Promise(resolve => {
  const s = net.createServer();
  s.on('error', () => resolve(null)).listen(port, '127.0.0.1', () => resolve(s));
});

async function takeSlot() {
  const slots = (PORTS.end - PORTS.first) / PORTS.size;
  for (let n = 0; n < slots; n++) {
    const first = PORTS.first + (process.pid + n) % slots * PORTS.size;
    const s = await listener(first);
    if (!s) continue;
    s.unref();
    slot.next = first + 1;
    slot.end = first + PORTS.size;
    return;
  }
  throw new Error('no ports are free');
}

async function nextPort() {
  for (;;) {
    if (slot.next === slot.end) await takeSlot();
    const s = await listener(slot.next++);
    if (!s) continue;
    const { port } = s.address();
    await new Promise(resolve => s.close(resolve));
    return port;
  }
}

/* One after the other: two who ask at once get two. */
export function freePort() {
  const port = slot.taken.then(nextPort);
  slot.taken = port.catch(() => {});
  return port;
}

/* A program of the tests' own, in ${d}'s build; one file's after the other's, as
 * deploy/quickstart builds there. */
export function makeProgram(d, name) {
  return run('flock', [path.join(d.build, '.lock'), 'make', '-s', '-C', d.build, name]);
}

function baseEnv(dir) {
  const env = { PATH: process.env.PATH, HOME: dir, LC_ALL: 'C.UTF-8', TMPDIR: dir };
  for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS', 'GCOV_PREFIX'])
    if (process.env[name]) env[name] = process.env[name];
  return env;
}

/* A process of our own: its output to a file, its end awaited. */
class Child {
  constructor(name, file, args, { env, log, cwd }) {
    this.name = name;
    this.log = log;
    const out = fs.openSync(log, 'a');
    this.process = spawn(file, args, { env, cwd, stdio: ['ignore', out, out] });
    fs.closeSync(out);
    this.pid = this.process.pid;
    this.ended = null;
    this.end = new Promise(resolve => {
      this.process.on('exit', (code, signal) => { this.ended = signal ?? code; resolve(this.ended); });
      this.process.on('error', err => { this.ended = err.code; resolve(err.code); });
    });
  }
  signal(sig) {
    if (this.ended === null) {
      try { process.kill(this.pid, sig); } catch { /* just ended */ }
    }
  }
}

/* An edge started by hold.pl. */
class Held {
  constructor(name, log) {
    this.name = name;
    this.log = log;
    this.ended = null;
    this.started = new Promise(resolve => { this.onStart = resolve; });
    this.end = new Promise(resolve => { this.onEnd = resolve; });
  }
  signal(sig) { Child.prototype.signal.call(this, sig); }
}

/* Whatever ends this process, nothing that it started stays. */
const living = new Set();
process.on('exit', () => {
  for (const d of living) {
    for (const c of [...d.children, ...d.edges]) c.signal('SIGKILL');
    d.holder?.kill('SIGKILL');
    if (!process.env.E2E_KEEP) fs.rmSync(d.dir, { recursive: true, force: true });
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

export class Dragoman {
  constructor(options) {
    living.add(this);
    this.options = options;
    this.build = options.release ? RELEASE : BUILD;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'dm-'));
    fs.chmodSync(this.dir, 0o755);
    this.children = [];
    this.edges = [];
    this.turns = [];
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 4096 });
    this.starts = 0;
    this.prefix = options.prefix ?? process.env.E2E_REDIS_PREFIX ?? 'dragoman:';
    this.test = null; /* of those that share it, the one that runs */
    this.chats = new Map();
    this.marks = new Map();
  }

  file(name) { return path.join(this.dir, name); }

  async start() {
    const o = this.options;
    fs.mkdirSync(this.file('log'));
    times.stacks++;
    this.key = randomBytes(32).toString('base64');
    this.model = o.model === false ? null : await Model.start(o.modelOptions);
    this.memcp = o.memcp ? await Memcp.start({ secret: SECRET }) : null;
    this.port = o.port ?? await freePort();
    if (!o.redisUrl) await this.startRedis();
    this.writeSettings();
    await o.before?.(this);
    await this.startHolder();
    for (let i = 0; i < (o.turns ?? 2); i++) this.startTurn();
    for (let i = 0; i < (o.edges ?? 2); i++) this.startEdge();
    if (o.nginx !== false) await this.startNginx();
    if (o.ready !== false) await this.ready();
    return this;
  }

  /* What the programs read: settings of the test over those of the harness. */
  settings() {
    const o = this.options;
    const api = o.model ?? 'openai';
    const mine = {
      chat: {
        rate_limit_per_minute: 1000000000,
        ...(this.model ? { host: api, model: api === 'anthropic' ? 'claude-test' : 'gpt-test' } : { host: 'direct' }),
        ...(this.memcp ? { memcp_url: this.memcp.url, auth: 'memcp' } : {}),
      },
      ...(this.model ? { llm: { base_url: this.model[api] ?? this.model.openai } } : {}),
      log: { level: 'info' },
      server: { drain: '5s', port: this.port }, /* where doctor looks, not at a machine's own 8000 */
    };
    const merge = (a, b) => {
      for (const [k, v] of Object.entries(b ?? {})) {
        if (v && typeof v === 'object' && !Array.isArray(v) && a[k] && typeof a[k] === 'object') merge(a[k], v);
        else if (v === undefined) delete a[k];
        else a[k] = v;
      }
      return a;
    };
    return merge(mine, o.settings);
  }

  writeSettings(settings = this.options.settings) {
    if (typeof settings === 'string') {
      fs.writeFileSync(this.file('dragoman.yaml'), settings);
      return;
    }
    this.options.settings = settings;
    /* JSON is YAML. */
    fs.writeFileSync(this.file('dragoman.yaml'), `${JSON.stringify(this.settings(), null, 1)}\n`);
  }

  env(more = {}) {
    const o = this.options;
    return {
      ...baseEnv(this.dir),
      DRAGOMAN_CONFIG: this.file('dragoman.yaml'),
      REDIS_URL: this.options.redisUrl ?? `unix://${this.file('redis.sock')}`,
      REDIS_PREFIX: this.prefix,
      ENCRYPTION_KEY: this.key,
      SERVER_METRICS_FILE: this.file('metrics'),
      ...(o.secret === false ? {} : { PROXY_SECRET: o.secret ?? SECRET }),
      ...o.env,
      ...more,
    };
  }

  edgeEnv() {
    return this.env({ SERVER_LISTEN: 'fd:3', ...this.options.edgeEnv });
  }

  turnEnv() {
    return this.env({ OPENAI_API_KEY: OPENAI_KEY, ANTHROPIC_API_KEY: ANTHROPIC_KEY, GROQ_API_KEY: OPENAI_KEY, ...this.options.turnEnv });
  }

  child(name, file, args, options = {}) {
    const c = new Child(name, file, args, { env: baseEnv(this.dir), log: this.file(`log/${name}`), cwd: this.dir, ...options });
    this.children.push(c);
    return c;
  }

  async startRedis() {
    /* Its process dies here, not the machine: with "no" each write is with the kernel before its reply. With
     * "everysec" a slow disk may lose what was acknowledged (a write waits up to 2 s while the file is synced). */
    this.redisServer = this.child('redis', 'redis-server', [
      '--port', '0', '--unixsocket', this.file('redis.sock'), '--unixsocketperm', '777',
      '--dir', this.dir, '--appendonly', 'yes', '--appendfsync', 'no', '--save', '',
      '--maxmemory-policy', 'noeviction', '--daemonize', 'no', ...this.options.redis ?? [],
      ...this.options.cluster ? ['--cluster-enabled', 'yes', '--bind', '127.0.0.1', '--cluster-port', String(this.clusterPort ??= await freePort())] : [],
    ]);
    await until(() => {
      assert.equal(this.redisServer.ended, null, 'redis-server ended');
      return this.answers(this.file('redis.sock'));
    }, { what: 'redis-server listens' });
    if (!this.redis) {
      this.redis = new Redis({ keyPrefix: this.prefix, path: this.file('redis.sock'), maxRetriesPerRequest: null, retryStrategy: () => 50, lazyConnect: true });
      const { keys } = this.redis; /* of ours, and named as elsewhere */
      this.redis.keys = async pattern => (await keys.call(this.redis, this.prefix + pattern)).map(k => k.slice(this.prefix.length));
      this.redis.on('error', () => {});
      await this.redis.connect();
    }
    await until(async () => await this.redis.ping() === 'PONG', { what: 'redis answers' });
    if (!this.options.cluster) return;
    await this.redis.cluster('ADDSLOTSRANGE', 0, 16383).catch(() => {}); /* it may have them */
    await until(async () => /cluster_state:ok/.test(await this.redis.cluster('INFO')), { what: 'the cluster serves' });
    await this.redis.config('RESETSTAT');
  }

  /* What Redis refused since it was started, its kinds of error and commands.  A script's that touches keys of
   * two slots is an ERR, also where the script goes on. */
  async redisErrors() {
    const stats = await this.redis.info('errorstats'), commands = await this.redis.info('commandstats');
    return { kinds: stats.match(/errorstat_\w+/g) ?? [], commands: commands.split('\r\n').filter(l => /(rejected|failed)_calls=[1-9]/.test(l)) };
  }

  answers(socket) {
    return new Promise(resolve => {
      const s = net.connect(socket);
      s.on('connect', () => { s.destroy(); resolve(true); });
      s.on('error', () => resolve(false));
    });
  }

  async startHolder() {
    const log = fs.openSync(this.file('log/hold'), 'a');
    const env = baseEnv(this.dir);
    const p = spawn('perl', [fileURLToPath(new URL('hold.pl', import.meta.url)), this.file('edge.sock')],
      { env, stdio: ['pipe', 'pipe', log], cwd: this.dir });
    fs.closeSync(log);
    this.holder = p;
    this.held = new Map();
    p.stdin.on('error', () => {});
    await new Promise((resolve, reject) => {
      p.on('error', reject);
      p.on('exit', code => reject(new Error(`hold.pl ended: ${code}`)));
      readline.createInterface({ input: p.stdout }).on('line', line => {
        const [what, name, pid, status] = line.split(' ');
        const h = this.held.get(name);
        if (what === 'holding') resolve();
        else if (what === 'started') { h.pid = Number(pid); h.onStart(h); }
        else if (what === 'ended') {
          const signal = /^signal(\d+)$/.exec(status);
          h.ended = signal ? Object.entries(os.constants.signals).find(([, n]) => n === Number(signal[1]))?.[0] ?? status : Number(status);
          h.onEnd(h.ended);
        }
      });
    });
  }

  startEdge(env = {}) {
    const name = `edge${this.starts++}`;
    const h = new Held(name, this.file(`log/${name}`));
    this.held.set(name, h);
    const vars = Object.entries({ ...this.edgeEnv(), ...env }).map(([k, v]) => `${k}=${v}`);
    this.holder.stdin.write(`${['start', name, h.log, ...vars, '--', path.join(this.build, this.options.edgeProgram ?? 'dragoman-edge')].join('\t')}\n`);
    this.edges.push(h);
    return h;
  }

  startTurn(env = {}) {
    const name = `turn${this.starts++}`;
    const c = this.child(name, path.join(this.build, 'dragoman-turn'), [], { env: { ...this.turnEnv(), ...env } });
    this.turns.push(c);
    return c;
  }

  async startNginx() {
    const generate = path.join(TOP, 'nginx/generate');
    fs.mkdirSync(this.file('nginx'), { recursive: true });
    let conf;
    if (fs.existsSync(generate)) {
      const r = await run(generate, ['--state', this.dir, '--listen', `127.0.0.1:${this.port}`,
        '--socket', `unix:${this.file('edge.sock')}`, ...(process.getuid() === 0 ? ['--user', 'www-data'] : []), ...this.options.generate ?? []],
      { cwd: this.dir, env: { ...baseEnv(this.dir), ...this.options.env } });
      conf = r.stdout;
    } else {
      conf = this.plainNginx();
    }
    fs.writeFileSync(this.file('nginx/nginx.conf'), conf);
    this.nginx = this.child('nginx', 'nginx', ['-p', `${this.dir}/`, '-c', 'nginx/nginx.conf', '-e', 'log/nginx-error.log', '-g', 'daemon off;'],
      { env: { ...baseEnv(this.dir), PATH: `${process.env.PATH}:/usr/sbin` } });
    await until(() => {
      assert.equal(this.nginx.ended, null, 'nginx ended');
      return this.answers({ port: this.port, host: '127.0.0.1' });
    }, { what: 'nginx listens' });
  }

  /* Only until nginx/ is there, and for tests of the programs alone. */
  plainNginx() {
    const params = ['GATEWAY_INTERFACE CGI/1.1', 'REQUEST_METHOD $request_method', 'REQUEST_URI $request_uri', 'DOCUMENT_URI $document_uri',
      'SCRIPT_NAME $document_uri', 'QUERY_STRING $query_string', 'CONTENT_TYPE $content_type', 'CONTENT_LENGTH $content_length', 'REMOTE_ADDR $remote_addr',
      'SERVER_PROTOCOL $server_protocol'].map(p => `fastcgi_param ${p};`).join('\n');
    return `${process.getuid() === 0 ? 'user www-data;' : ''}
worker_processes 1; pid nginx/nginx.pid; error_log log/nginx-error.log;
events { worker_connections 4096; }
http { access_log off; client_max_body_size 1m; client_body_temp_path nginx/body; fastcgi_temp_path nginx/fcgi; proxy_temp_path nginx/proxy; uwsgi_temp_path nginx/uwsgi; scgi_temp_path nginx/scgi;
server { listen 127.0.0.1:${this.port}; location / { ${params}
fastcgi_pass unix:${this.file('edge.sock')}; fastcgi_read_timeout 600s; } } }
`;
  }

  /* All serve: edges answer, turn workers are seen, tools are read. */
  async ready({ ms = 20000 } = {}) {
    await until(async () => {
      for (const c of [...this.edges, ...this.turns])
        assert.equal(c.ended, null, `${c.name} ended with ${c.ended}`);
      const r = await this.get('/ready');
      return r.status === 200 && r;
    }, { ms, every: 50, what: '/ready says 200' });
  }

  /* One HTTP request through nginx. */
  request(method, url, { headers = {}, body, agent = this.agent, ms = 60000, onHead, socketPath } = {}) {
    return new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
      const req = http.request({
        host: '127.0.0.1', port: this.port, socketPath, method, path: url, agent,
        headers: { ...(bytes !== undefined && headers['content-type'] === undefined ? { 'content-type': 'application/json' } : {}),
          ...(bytes !== undefined && headers['transfer-encoding'] === undefined ? { 'content-length': Buffer.byteLength(bytes) } : {}), ...headers },
      });
      const timer = setTimeout(() => req.destroy(new Error(`${method} ${url}: no answer within ${ms * SLOW} ms`)), ms * SLOW);
      req.on('error', err => { clearTimeout(timer); reject(err); });
      req.on('response', res => {
        onHead?.(res, req);
        const chunks = [];
        res.on('data', c => chunks.push(c));
        res.on('error', err => { clearTimeout(timer); reject(err); });
        res.on('end', () => {
          clearTimeout(timer);
          const text = Buffer.concat(chunks).toString();
          let json;
          try { json = JSON.parse(text); } catch { /* not JSON */ }
          resolve({ status: res.statusCode, headers: res.headers, text, json });
        });
      });
      req.end(bytes);
    });
  }

  get(url, options) { return this.request('GET', url, options); }

  headersOf({ secret = this.options.secret ?? SECRET, accept, headers = {} }) {
    return { ...(secret === false || secret === null ? {} : { 'x-proxy-secret': secret }), ...(accept ? { accept } : {}), ...headers };
  }

  /* A test begins, in a stack that it shares with others. */
  begin(test) {
    this.test = { name: test };
    this.marks = new Map(fs.readdirSync(this.file('log')).map(f => [f, fs.statSync(this.file(`log/${f}`)).size]));
    this.model?.fresh();
    this.memcp?.fresh();
  }

  /* Two tests of one stack may not talk in one chat: the one would need the other. */
  own(chat) {
    if (!this.test || typeof chat !== 'string' || chat === '') return;
    if (!this.chats.has(chat)) this.chats.set(chat, this.test);
    const whose = this.chats.get(chat);
    if (whose !== this.test)
      throw Object.assign(new Error(`the chat "${chat}" is of the test "${whose.name}": take another name`), { final: true });
  }

  /* What a program logged, in a shared stack since the test began. */
  logged(file) {
    return fs.readFileSync(this.file(`log/${file}`)).subarray(this.marks.get(file) ?? 0).toString();
  }

  /* POST /chat; ${more}: secret, headers, accept, ms. */
  chat(body, more = {}) {
    this.own(body?.chat_id);
    return this.request('POST', '/chat', { body, ms: more.ms, agent: more.agent, headers: this.headersOf(more) });
  }

  /* Say something and expect the plain 200; the reply object. */
  async say(chat_id, message, more = {}) {
    const r = await this.chat({ chat_id, message, ...(more.message_id ? { message_id: more.message_id } : {}) }, more);
    assert.equal(r.status, 200, `${r.status} ${r.text}`);
    return r.json;
  }

  /*
   * POST /chat as a stream: {status, headers, events (as they come), done
   * (all events), next(look), close()}.
   */
  stream(body, more = {}) {
    this.own(body?.chat_id);
    const s = { events: [], at: [], comments: 0, status: null, headers: null, ended: false, error: null };
    const changed = new Set();
    const notify = () => { for (const f of [...changed]) f(); };
    const bytes = JSON.stringify(body);
    const req = http.request({
      host: '127.0.0.1', port: this.port, method: 'POST', path: '/chat', agent: false,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...this.headersOf({ accept: 'text/event-stream', ...more }) },
    });
    s.close = () => req.destroy();
    s.done = new Promise(resolve => {
      const end = err => { if (!s.ended) { s.ended = true; s.error = err ?? null; notify(); resolve(s); } };
      req.on('error', end);
      req.on('response', res => {
        s.status = res.statusCode;
        s.headers = res.headers;
        s.response = res;
        let text = '';
        s.raw = '';
        res.setEncoding('utf8');
        res.on('data', piece => {
          s.raw += piece;
          text += piece;
          let i;
          while ((i = text.indexOf('\n\n')) !== -1) {
            const event = {};
            for (const line of text.slice(0, i).split('\n')) {
              if (line.startsWith(':')) { s.comments++; continue; }
              const [, k, v] = /^([^:]*): ?(.*)$/s.exec(line) ?? [];
              if (k === 'data') event.data = event.data === undefined ? v : `${event.data}\n${v}`;
              else if (k) event[k] = v;
            }
            text = text.slice(i + 2);
            if (event.data === undefined) continue;
            try { event.json = JSON.parse(event.data); } catch { /* shown by the test */ }
            s.events.push(event);
            s.at.push(performance.now());
          }
          notify();
        });
        res.on('error', end);
        res.on('end', () => end());
        res.on('close', () => end(new Error('closed')));
      });
    });
    s.of = name => s.events.filter(e => e.event === name).map(e => e.json);
    /* Wait until ${look}(s) is true. */
    s.until = (look, ms = 30000) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => { changed.delete(check); reject(new Error(`stream: not within ${ms} ms: ${look}; events ${JSON.stringify(s.events.map(e => [e.event, e.data]))}`)); }, ms * SLOW);
      const check = () => {
        if (!look(s) && !s.ended) return;
        changed.delete(check);
        clearTimeout(timer);
        if (look(s)) resolve(s); else reject(new Error(`stream ended: ${look}; status ${s.status} ${s.raw} ${s.error}`));
      };
      changed.add(check);
      check();
    });
    req.end(bytes);
    return s;
  }

  async kill(worker, signal = 'SIGKILL') {
    if (worker.started) await worker.started;
    worker.signal(signal);
    if (signal === 'SIGKILL') await worker.end;
    return worker;
  }

  async stopAndWait(worker, { signal = 'SIGTERM', ms = 20000 } = {}) {
    if (worker.started) await worker.started;
    worker.signal(signal);
    await until(() => worker.ended !== null, { ms, what: `${worker.name} ends after ${signal}` });
    return worker.ended;
  }

  async restartRedis({ signal = 'SIGKILL' } = {}) {
    this.redisServer.signal(signal);
    await this.redisServer.end;
    await this.startRedis();
  }

  /* The dragoman command in this environment: {code, stdout, stderr, json}. */
  cli(args, { env = {}, input, ms = 60000, config = true } = {}) {
    return new Promise((resolve, reject) => {
      const all = { ...this.turnEnv(), ...env };
      if (!config) delete all.DRAGOMAN_CONFIG;
      for (const [k, v] of Object.entries(all)) if (v === undefined) delete all[k];
      const p = spawn(path.join(this.build, 'dragoman'), args, { env: all, cwd: this.dir, stdio: ['pipe', 'pipe', 'pipe'] });
      const timer = setTimeout(() => { p.kill('SIGKILL'); reject(new Error(`dragoman ${args.join(' ')}: not within ${ms} ms`)); }, ms * SLOW);
      const out = [], err = [];
      p.stdout.on('data', c => out.push(c));
      p.stderr.on('data', c => err.push(c));
      p.stdin.on('error', () => {});
      p.on('error', reject);
      p.on('close', (code, signal) => {
        clearTimeout(timer);
        const stdout = Buffer.concat(out).toString(), stderr = Buffer.concat(err).toString();
        fs.appendFileSync(this.file('log/cli'), `$ dragoman ${args.join(' ')}\n${stdout}${stderr}`);
        let json;
        try { json = JSON.parse(stdout); } catch { /* not JSON */ }
        resolve({ code: code ?? signal, stdout, stderr, json });
      });
      p.stdin.end(input ?? '');
    });
  }

  /* Log lines as objects, of all programs or one, since these started. */
  logs(name, text = file => fs.readFileSync(this.file(`log/${file}`), 'utf8')) {
    const out = [];
    for (const file of fs.readdirSync(this.file('log'))) {
      if (!/^(edge|turn)\d/.test(file) || (name && file !== name && !file.startsWith(name))) continue;
      for (const line of text(file).split('\n')) {
        if (!line.startsWith('{')) continue;
        try { out.push({ file, ...JSON.parse(line) }); } catch { /* a cut line of a killed program */ }
      }
    }
    return out;
  }

  /* In a shared stack those since the test began; and of them those of an event. */
  news(name) { return this.logs(name, file => this.logged(file)); }
  events(event, name) { return this.news(name).filter(l => l.event === event); }

  /* Metrics as a Map: name{labels} -> number. */
  async metrics() {
    const r = await this.get('/metrics');
    assert.equal(r.status, 200, r.text);
    return new Map(r.text.split('\n').filter(l => l && !l.startsWith('#')).map(l => {
      const i = l.lastIndexOf(' ');
      return [l.slice(0, i), Number(l.slice(i + 1))];
    }));
  }

  /* What all partitions count, from Redis itself. */
  async counts() {
    const sum = { accepted: 0, replied: 0, unconfirmed: 0, refused: 0, expired: 0, dead: 0, waiting: 0, due: 0 };
    for (let p = 0; p < 16; p++) {
      const h = await this.redis.hgetall(`{p${p}}:counts`);
      for (const k of Object.keys(sum)) sum[k] += Number(h[k] ?? 0);
      const jobs = await this.redis.zrange(`{p${p}}:due`, 0, -1);
      sum.due += jobs.length;
      for (const job of jobs) sum.waiting += await this.redis.llen(`{p${p}}:inbox:${job}`);
    }
    sum.ended = sum.replied + sum.unconfirmed + sum.refused + sum.expired + sum.dead;
    sum.unaccounted = sum.accepted - sum.ended - sum.waiting;
    return sum;
  }

  /* How far ahead the time is at which somebody should look at ${chat}, in ms; null: no time is set. */
  async ahead(chat) {
    for (let p = 0; p < 16; p++) {
      const at = await this.redis.zscore(`{p${p}}:due`, `default/http/${chat}`);
      if (at !== null) return Number(at) - Date.now();
    }
    return null;
  }

  /* That time is now. */
  async lookNow(chat) {
    for (let p = 0; p < 16; p++) await this.redis.zadd(`{p${p}}:due`, 'XX', Date.now(), `default/http/${chat}`);
  }

  /* All accepted messages came to an end: none waits, none is in limbo. */
  async settled({ ms = 30000 } = {}) {
    await until(async () => {
      const c = await this.counts();
      return c.waiting === 0 && c.due === 0 && c.accepted === c.ended;
    }, { ms, every: 100, what: 'all messages are accounted for' }).catch(async err => {
      throw new Error(`${err.message}; ${JSON.stringify(await this.counts())}`);
    });
    return this.counts();
  }

  tails(lines = 25) {
    const out = [];
    for (const file of fs.readdirSync(this.file('log')).sort()) {
      const text = this.logged(file).trimEnd();
      if (text === '') continue;
      out.push(`--- ${file}`, ...text.split('\n').slice(-lines).map(l => l.slice(0, 600)));
    }
    return out.join('\n');
  }

  /* What no test allows: errors of memory, questions that a model's API refuses. */
  findings() {
    const out = [];
    for (const file of fs.readdirSync(this.file('log'))) {
      const text = this.logged(file);
      const m = SANITIZER.exec(text);
      if (m) out.push(`${file}: ${text.slice(m.index, m.index + 3000)}`);
    }
    if (this.model && !this.options.expect?.refusals)
      out.push(...this.model.refusals.map(r => `the model double refused: ${r.why}`));
    return out;
  }

  /* Nothing of that was found while this test ran. */
  sound() {
    const found = this.findings();
    if (found.length) throw new Error(found.join('\n'));
  }

  async end() {
    try {
      await this.endAll();
    } finally {
      living.delete(this);
    }
  }

  async endAll() {
    const problems = [];
    const workers = [...this.edges, ...this.turns];
    for (const w of workers) {
      w.signal('SIGCONT');
      w.signal('SIGTERM');
    }
    for (const w of workers) {
      const timer = new AbortController();
      const late = sleep(30000 * SLOW, 'late', { signal: timer.signal }).catch(() => 'on time');
      if (await Promise.race([w.end, late]) === 'late' && w.ended === null) {
        problems.push(`${w.name} did not end within 30 s of SIGTERM`);
        w.signal('SIGKILL');
        await w.end;
      }
      timer.abort();
      if (w.ended !== 0 && w.ended !== 'SIGKILL' && !this.options.expect?.exits?.includes(w.ended))
        problems.push(`${w.name} ended with ${w.ended}`);
    }
    this.redis?.disconnect();
    for (const c of this.children.filter(x => !this.turns.includes(x))) {
      c.signal('SIGCONT');
      c.signal(c.name === 'nginx' ? 'SIGQUIT' : 'SIGTERM');
    }
    if (this.holder) {
      this.holder.stdin.end();
      await new Promise(resolve => {
        if (this.holder.exitCode !== null || this.holder.signalCode !== null) resolve();
        this.holder.on('exit', resolve);
      });
    }
    for (const c of this.children) {
      const timer = setTimeout(() => c.signal('SIGKILL'), 3000);
      await c.end;
      clearTimeout(timer);
    }
    this.agent.destroy();
    await this.model?.stop();
    await this.memcp?.stop();
    this.marks.clear(); /* all that was logged, to the end */
    problems.push(...this.findings());
    if (problems.length) this.problems = problems;
    else if (!process.env.E2E_KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
    if (problems.length) {
      const tails = this.tails(8);
      if (!process.env.E2E_KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
      throw new Error(`${problems.join('\n')}\n${tails}`);
    }
  }
}

export async function dragoman(options = {}) {
  const d = new Dragoman(options);
  try {
    return await d.start();
  } catch (err) {
    const tails = d.tails();
    await d.end().catch(() => {});
    throw new Error(`${err.message}\n${tails}`, { cause: err });
  }
}
