/*
 * /health, /ready, /metrics: what monitoring sees.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { TOP, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ settings: { redis: { timeout: '20s' } } });

s.test('/health has the fields that clients know', async d => {
  const r = await until(async () => {
    const x = await d.get('/health');
    return x.json?.tools_loaded > 0 && x;
  });
  assert.equal(r.status, 200);
  assert.deepEqual(Object.keys(r.json).sort(), ['auth', 'backend', 'memcp_url', 'rate_limit_per_minute', 'status', 'tools_loaded', 'version']);
  assert.equal(r.json.status, 'ok');
  assert.equal(r.json.backend, 'openai/gpt-test');
  assert.equal(r.json.tools_loaded, 3);
  assert.equal(r.json.rate_limit_per_minute, 1000000000);
  assert.equal(r.json.auth, 'enabled');
  assert.match(r.json.version, /^\d+\.\d+/);
});

s.test('/health touches nothing: Redis may hang', async d => {
  d.redisServer.signal('SIGSTOP');
  try {
    for (let i = 0; i < 50; i++) {
      const begun = performance.now();
      assert.equal((await d.get('/health')).status, 200);
      assert.ok(performance.now() - begun < 8000, 'it waited for Redis (redis.timeout is 20 s)');
    }
  } finally {
    d.redisServer.signal('SIGCONT');
  }
  await d.ready();
});

s.test('/ready says what it saw', async d => {
  /* Ready is who has one of them; the other is seen a moment later. */
  const r = await until(async () => {
    const x = await d.get('/ready');
    return x.json?.turn_workers === 2 && x;
  });
  assert.equal(r.status, 200);
  assert.equal(r.json.ready, true);
  assert.equal(r.json.redis.ok, true);
  assert.equal(r.json.paused, false);
  assert.equal(r.json.model.ok, null, 'not asked yet');
  assert.ok(Array.isArray(r.json.sources));
});

s.test('/metrics is Prometheus text, counted over all workers of the host', async d => {
  await d.settled();
  const before = await d.metrics();
  const grew = (m, name) => m.get(name) - (before.get(name) ?? 0);
  for (let i = 0; i < 20; i++) await d.say(`m${i}`, 'x');
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'x' } }] }, { text: 'y' });
  await d.say('m0', 'tool');
  await d.chat({ chat_id: '', message: 'x' });
  await d.settled();
  const r = await d.get('/metrics');
  assert.match(r.headers['content-type'], /^text\/plain/);
  for (const line of r.text.split('\n').filter(Boolean))
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.eE+-]+(Inf)?)$/, line);
  const m = await d.metrics();
  assert.equal(grew(m, 'dragoman_turns_total{end="replied"}'), 21);
  assert.equal(grew(m, 'dragoman_messages_accepted_total'), 21);
  await until(async () => (await d.metrics()).get('dragoman_messages_unaccounted') === 0);
  for (const name of ['dragoman_request_seconds_count', 'dragoman_turn_seconds_count', 'dragoman_model_seconds_count{provider="openai"}', 'dragoman_tool_seconds_count{source="builtin"}',
    'dragoman_server_seconds_count{server="builtin"}', 'dragoman_tool_ends_total{tool="echo",end="done"}',
    'dragoman_tokens_total{direction="in"}', 'dragoman_redis_round_trips_total', 'dragoman_threads{program="edge"}', 'dragoman_queue_length'])
    assert.ok(m.has(name), `${name} in ${[...m.keys()].join(' ')}`);
  assert.ok(grew(m, 'dragoman_requests_total{class="2xx"}') >= 21);
  assert.ok(grew(m, 'dragoman_requests_total{class="4xx"}') >= 1);
  /* each edge tells the same */
  const seen = new Set();
  for (let i = 0; i < 10; i++) seen.add(grew(await d.metrics(), 'dragoman_turns_total{end="replied"}'));
  assert.deepEqual([...seen], [21]);
});

s.test('Redis round trips of a turn stay within their bound', async d => {
  await d.settled();
  const trips = async () => (await d.metrics()).get('dragoman_redis_round_trips_total');
  const idle = async ms => { const a = await trips(), t = performance.now(); await new Promise(r => setTimeout(r, ms)); return (await trips() - a) / (performance.now() - t); };
  const perMs = await idle(2000);
  d.model.clear();
  const N = 60;
  d.model.handler = r => r.toolResults.length ? { text: 'done' } : { calls: [{ name: 'echo', arguments: { text: 'x' } }] };
  const before = await trips(), begun = performance.now();
  await Promise.all(Array.from({ length: N }, (_, i) => d.say(`trip-${i}`, 'x')));
  const each = (await trips() - before - perMs * (performance.now() - begun)) / N;
  assert.ok(each <= 7.5, `${each} round trips a turn (idle: ${perMs * 1000} a second)`);
});

s.test('who may read /metrics: loopback, not a client behind a proxy', async d => {
  const r = await d.get('/metrics', { headers: { 'x-forwarded-for': '192.0.2.7' } });
  assert.equal(r.status, 200, 'an unlisted X-Forwarded-For means nothing');
});

testWith({ edges: 1, turns: 1, settings: { chat: { paused: true } }, ready: false }, 'probes and scanners are no errors: the shipped alerts stay silent', async d => {
  await until(async () => (await d.get('/ready')).json?.why === 'turns are paused');
  const before = await d.metrics();
  for (let i = 0; i < 12; i++) assert.equal((await d.get('/ready')).status, 503);
  for (const url of ['/.env', '/wp-login.php', '/phpmyadmin/', '/%00', '/chat', '/..%2f..%2fetc/passwd', '/cgi-bin/test.cgi?x=%27'])
    assert.ok((await d.get(url)).status < 500, url);
  for (const method of ['PROPFIND', 'OPTIONS', 'DELETE']) assert.ok((await d.request(method, '/')).status < 500, method);
  assert.equal((await d.chat({ chat_id: 'x', message: 'x' }, { secret: 'guessed' })).status, 401);
  assert.ok((await d.request('POST', '/chat', { body: '{', headers: d.headersOf({}) })).status < 500);
  const gone = d.stream({ chat_id: 'gone', message: 'x' }); /* and leaves: nginx's 499 */
  await gone.until(x => x.of('status').length > 0);
  gone.close();
  await until(() => d.logs().some(l => l.event === 'request_done' && l.gone === true));
  const after = await d.metrics();
  const rose = name => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  assert.equal(rose('dragoman_requests_total{class="5xx"}'), 0);
  assert.equal(rose('dragoman_refused_total{reason="full"}'), 0);
  assert.ok(rose('dragoman_requests_total{class="probe"}') >= 12);
  /* What the page tells operators to watch is what was looked at here. */
  const rule = /alert: CannotAccept[^]*?expr: (.*)/.exec(fs.readFileSync(path.join(TOP, 'docs/OPERATIONS.md'), 'utf8'))[1];
  assert.equal(rule, 'increase(dragoman_refused_total{reason="full"}[5m]) > 0 or increase(dragoman_requests_total{class="5xx"}[5m]) > 10');
});

testWith({ edges: 1, turns: 0, ready: false }, '/ready without turn workers is 503, /health 200', async d => {
  const r = await until(async () => {
    const x = await d.get('/ready');
    return x.status === 503 && x;
  });
  assert.ok(r.headers['retry-after']);
  assert.equal(r.json.ready, false);
  assert.match(r.json.why, /worker/);
  assert.equal((await d.get('/health')).status, 200);
  d.startTurn();
  await d.ready();
});

testWith({ edges: 1, turns: 1, settings: { llm: { retry_for: '0s' } } }, '/ready is 503 when no model answers', async d => {
  d.model.handler = () => ({ status: 500 });
  for (let i = 0; i < 8; i++) await d.say(`x${i}`, 'x', { ms: 30000 });
  await until(async () => (await d.get('/ready')).status === 503, { ms: 15000, what: 'not ready' });
  const m = await d.metrics();
  assert.ok(m.get('dragoman_breaker_open{provider="openai"}') >= 1);
});

testWith({ edges: 1, turns: 2 }, 'a key that the model refuses shows in /ready, whichever worker met it', async d => {
  d.model.handler = () => ({ status: 401 });
  await d.say('denied', 'x');
  const r = await until(async () => {
    const x = await d.get('/ready');
    return x.json.model.ok !== null && x;
  });
  assert.deepEqual([r.json.model.ok, r.json.model.error], [false, 'denied']);
});
