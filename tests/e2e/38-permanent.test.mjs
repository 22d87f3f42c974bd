/*
 * What does not pass by itself: a wrong key, an unknown model, no credit, a
 * wrong address.  Each is said at the start where it can be seen, to the person,
 * by /ready, dragoman status and doctor; and it is over as soon as it is mended.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { OPENAI_KEY } from '../doubles/model.mjs';
import { until } from './dragoman.mjs';
import { testWith } from './stacks.mjs';

const quick = { llm: { connect: '5s', first_byte: '5s', total: '10s', retry_for: '1s' } };
const one = { edges: 1, turns: 1, expect: { refusals: true } };
const needs = /needs the operator; trying again will not help\.$/;

const degraded = d => d.get('/ready').then(r => {
  assert.equal(r.status, 200);
  assert.equal(r.json.ready, true, 'degraded is no reason to be left out by a load balancer');
  return r.json.degraded;
});
const findings = async (d, options) => (await d.cli(['doctor', '--json'], options)).json.findings.filter(f => f.area === 'model' && f.level !== 'ok');

/* A server that gives the same to everybody; closed with the test. */
async function other(d, handler, tls) {
  const s = tls ? https.createServer(tls, handler) : http.createServer(handler);
  await new Promise(resolve => s.listen(0, '127.0.0.1', resolve));
  s.unref();
  (d.others ??= []).push(s);
  return `${tls ? 'https' : 'http'}://127.0.0.1:${s.address().port}`;
}

function selfSigned(d) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', d.file('key.pem'), '-out', d.file('cert.pem'),
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'], { stdio: 'ignore' });
  return { key: fs.readFileSync(d.file('key.pem')), cert: fs.readFileSync(d.file('cert.pem')) };
}

/*
 * kind         of model_failed, model_unusable and /ready
 * unseen       a look at the start does not find it: it costs tokens to see
 * set(d)       before the workers start
 * reply        what the person reads;  reason: what /ready says;  advice: doctor's
 */
const faults = {
  'a wrong key': {
    kind: 'denied', reply: /rejected the API key/, reason: 'openai/gpt-test: the provider rejects the API key', advice: /^correct the API key \(OPENAI_API_KEY\)$/,
    turnEnv: { OPENAI_API_KEY: 'sk-mistyped-0000' },
  },
  'an unknown model': {
    kind: 'model', unseen: true, hinted: /^did you mean gpt-text\? Set chat\.model \(LLM_MODEL\)/,
    reply: /does not exist at its provider/, reason: 'openai/gpt-test: the provider does not have this model', advice: /did you mean gpt-text\? Set chat\.model \(LLM_MODEL\) to a model that the server has: gpt-text, other$/,
    set: d => {
      d.model.models = ['other', 'gpt-text'];
      d.model.handler = () => ({ status: 404, code: 'model_not_found', message: 'The model `gpt-test` does not exist or you do not have access to it.' });
    },
  },
  'Ollama without the model': {
    kind: 'model', reply: /does not exist at its provider/, reason: 'ollama/llama9: the provider does not have this model',
    advice: /^run `ollama pull llama9` on that server, or set chat\.model \(LLM_MODEL\) to a model that it has: qwen3:8b$/,
    set: d => {
      d.model.models = [{ id: 'qwen3:8b', object: 'model', owned_by: 'library' }];
      d.model.handler = () => ({ status: 404, message: 'model "llama9" not found, try pulling it first' });
      return { chat: { host: 'ollama', model: 'llama9', ollama_url: d.model.url }, llm: { base_url: undefined } };
    },
    turnEnv: { OLLAMA_API_KEY: OPENAI_KEY },
  },
  'no quota': {
    kind: 'quota', unseen: true, reply: /quota or credit of the language model is used up/, reason: 'openai/gpt-test: its quota or credit is used up', advice: /^add credit at the provider/,
    set: d => { d.model.handler = () => ({ quota: true }); },
  },
  'an address without /v1': {
    kind: 'address', reply: /not that of a language model/, reason: 'openai/gpt-test: its address is wrong', advice: /^set llm\.base_url \(LLM_BASE_URL\) to http:\/\/127\.0\.0\.1:\d+\/v1: tried, it answers there$/,
    set: d => ({ llm: { base_url: d.model.url } }),
  },
  'an address of nothing': {
    kind: 'address', unseen: true, reply: /not that of a language model/, reason: 'openai/gpt-test: its address is wrong', advice: /^correct llm\.base_url \(LLM_BASE_URL\)/,
    set: async d => ({ llm: { base_url: `${await other(d, (q, r) => { r.writeHead(404); r.end('404 page not found'); })}/v1` } }),
  },
  'a web page': {
    kind: 'address', reply: /not that of a language model/, reason: 'openai/gpt-test: its address is wrong', advice: /^correct llm\.base_url \(LLM_BASE_URL\).*web site|^correct llm\.base_url/,
    set: async d => ({ llm: { base_url: `${await other(d, (q, r) => { r.setHeader('content-type', 'text/html'); r.end('<!DOCTYPE html><title>Welcome</title>'); })}/v1` } }),
  },
  'several models, and none is chosen': {
    kind: 'unchosen', unseen: true, reply: /nobody has chosen yet which language model answers here/, reason: 'openai/: no model is chosen', advice: /^choose one, for example LLM_MODEL=gpt-a$/,
    set: d => {
      d.model.models = ['gpt-a', 'gpt-b'];
      return { chat: { host: 'openai', model: undefined } };
    },
  },
  'a self-signed certificate': {
    kind: 'unreachable', reply: /connection to the language model is not set up correctly/, reason: 'openai/gpt-test: its connection is not set up correctly', advice: /http\.ca_file \(DRAGOMAN_CA_FILE\)/,
    set: async d => ({ llm: { base_url: `${await other(d, (q, r) => r.end('{}'), selfSigned(d))}/v1` } }),
  },
};

for (const [name, fault] of Object.entries(faults))
  testWith({
    ...one, settings: structuredClone(quick), turnEnv: fault.turnEnv,
    before: async d => {
      const more = await fault.set?.(d);
      if (more) d.writeSettings({ ...quick, ...more, llm: { ...quick.llm, ...more.llm } });
    },
  }, `${name}: said to the person, by /ready, status, doctor and the log`, async d => {
    const { kind } = fault;
    if (!fault.unseen) { /* before anybody asks */
      assert.deepEqual(await until(async () => { const r = await degraded(d); return r.length && r; }, { what: '/ready says it' }), [fault.reason]);
      const [line] = await until(() => { const l = d.events('model_unusable'); return l.length && l; }, { what: 'the start says it' });
      assert.deepEqual([line.level, line.kind], ['error', kind]);
      assert.match(line.remedy, fault.advice);
    } else if (fault.hinted) {
      const [line] = await until(() => { const l = d.events('model_unlisted'); return l.length && l; }, { what: 'the start warns' });
      assert.equal(line.level, 'warn');
      assert.match(line.remedy, fault.hinted);
      assert.deepEqual(await degraded(d), [], 'it may answer all the same');
    }

    const r = await d.say('person', 'x', { ms: 20000 });
    assert.ok(d.model.requests.length <= 2, 'no use to repeat');
    assert.match(r.reply, fault.reply);
    assert.match(r.reply, needs);
    const failed = d.events('model_failed');
    assert.ok(failed.length > 0);
    for (const l of failed) assert.deepEqual([l.level, l.kind], ['error', kind], JSON.stringify(l));
    assert.ok(failed.every(l => l.remedy.length > 10));

    assert.deepEqual(await until(async () => { const x = await degraded(d); return x.length && x; }, { what: '/ready says it' }), [fault.reason]);
    assert.equal((await d.get('/ready')).json.model.ok, false);
    assert.equal((await d.get('/ready')).json.model.error, kind);
    assert.doesNotMatch(JSON.stringify((await d.get('/ready')).json.degraded), /127\.0\.0\.1|sk-/, 'everybody reads it');

    const url = ['--url', `http://127.0.0.1:${d.port}`];
    const status = await d.cli(['status', ...url]);
    assert.equal(status.code, 1);
    assert.match(status.stdout, /^ready, but degraded: /);
    assert.ok(status.stdout.includes(`\n  - ${fault.reason}\n`), status.stdout);

    const found = await findings(d);
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.equal(found[0].level, 'error');
    assert.match(found[0].advice, fault.advice);
    assert.doesNotMatch(JSON.stringify(found) + JSON.stringify(d.logs()), /sk-mistyped/);

    /* Asked again and again: nothing of it fills the log, nor asks more. */
    for (let i = 0; i < 5; i++) assert.match((await d.say(`more-${i}`, 'x')).reply, fault.reply);
    assert.ok(d.events('model_unusable').length <= 2, `${d.events('model_unusable').length} lines`);
    for (const s of d.others ?? []) s.close();
  });

testWith({ ...one, settings: quick }, 'all is well: nothing is degraded, status is 0, no line is logged', async d => {
  d.model.models = ['gpt-test'];
  await d.say('a', 'x');
  assert.deepEqual(await degraded(d), []);
  const status = await d.cli(['status', '--url', `http://127.0.0.1:${d.port}`]);
  assert.equal(status.code, 0);
  assert.match(status.stdout, /^ready: http:\/\/127\.0\.0\.1:\d+ \(model openai\/gpt-test, 1 turn workers\)\n$/);
  assert.equal((await d.cli(['status', '--json', '--url', `http://127.0.0.1:${d.port}`])).json.ready, true);
  assert.equal((await d.cli(['status', '--url', 'http://127.0.0.1:9'])).code, 3);
  assert.equal((await d.cli(['status', 'x'])).code, 2);
  assert.deepEqual([...d.events('model_unusable'), ...d.events('model_unlisted')], []);
});

testWith({
  ...one, settings: quick,
  before: d => fs.writeFileSync(d.file('openai_key'), 'sk-mistyped-0000\n', { mode: 0o644 }),
  turnEnv: { OPENAI_API_KEY: undefined, OPENAI_API_KEY_FILE: 'openai_key' },
}, 'a key that was corrected is asked with at once after SIGHUP', async d => {
  assert.match((await d.say('a', 'x')).reply, /rejected the API key/);
  await until(async () => (await degraded(d)).length === 1, { what: 'degraded' });
  fs.writeFileSync(d.file('openai_key'), `${OPENAI_KEY}\n`);
  d.turns[0].signal('SIGHUP');
  await until(() => d.events('config_loaded').length === 1);
  const begun = performance.now();
  assert.equal((await d.say('a', 'y')).reply, 'You said: y');
  assert.ok(performance.now() - begun < 8000, `${performance.now() - begun} ms`);
  await until(async () => (await degraded(d)).length === 0, { what: 'nothing is degraded' });
});

testWith({ ...one, settings: { ...quick, llm: { ...quick.llm, base_url: undefined }, chat: { host: 'ollama', model: 'llama9' } }, turnEnv: { OLLAMA_API_KEY: OPENAI_KEY },
  before: d => {
    d.model.models = [{ id: 'qwen3:8b', object: 'model', owned_by: 'library' }];
    d.writeSettings({ ...quick, llm: { ...quick.llm, base_url: undefined }, chat: { host: 'ollama', model: 'llama9', ollama_url: d.model.url } });
  } }, 'a model that was pulled is seen without a restart', async d => {
  await until(async () => (await degraded(d)).length === 1, { what: 'degraded' });
  d.model.models = [{ id: 'llama9:latest', object: 'model', owned_by: 'library' }];
  await until(async () => (await degraded(d)).length === 0, { ms: 30000, every: 500, what: 'nothing is degraded' });
  assert.equal(d.events('model_usable').length, 1);
});

/* Five failures open a breaker for 15 s. */
async function breakerOpens(d) {
  d.model.handler = () => ({ status: 500 });
  await until(async () => {
    await d.say(`b-${Math.random()}`, 'x', { ms: 20000 });
    return (await d.get('/ready')).json.model.backends.some(b => b.breaker_open);
  }, { ms: 30000, what: 'the breaker is open' });
  d.model.clear();
}

for (const [how, mend] of Object.entries({
  'a restart': async d => { await d.stopAndWait(d.turns[0]); d.startTurn(); },
  SIGHUP: async d => { d.turns[0].signal('SIGHUP'); await until(() => d.events('config_loaded').length === 1); },
}))
  testWith({ ...one, settings: { llm: { ...quick.llm, retry_for: '0s' } } }, `what opened the breaker was mended: after ${how} the first question is asked at once`, async d => {
    await breakerOpens(d);
    await mend(d);
    const begun = performance.now();
    assert.equal((await d.say('first', 'hello', { ms: 20000 })).reply, 'You said: hello');
    assert.ok(performance.now() - begun < 8000, `${performance.now() - begun} ms`);
    assert.equal((await d.say('second', 'hello', { ms: 20000 })).reply, 'You said: hello', 'and it is closed for all');
  });

testWith({ ...one, turns: 2, settings: { llm: { ...quick.llm, retry_for: '0s' } } }, 'what was not mended: one question finds out, the breaker stays open', async d => {
  await breakerOpens(d);
  d.model.handler = () => ({ status: 500 });
  for (const t of d.turns) t.signal('SIGHUP');
  await until(() => d.events('config_loaded').length === 2);
  for (let i = 0; i < 6; i++) await d.say(`more-${i}`, 'x', { ms: 20000 });
  assert.ok(d.model.requests.length <= 2, `asked ${d.model.requests.length} times`);
});
