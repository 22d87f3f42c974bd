/*
 * model: OpenAI's and Anthropic's APIs in one server, as strict as they are.
 *
 * What comes is first checked as the real service would check it; what passes
 * is answered by the first behaviour of the queue (push), else by the handler,
 * else by an echo ("You said: ...").  behaviour.mjs lists what one can be.
 * A handler gets (request, api) and returns a behaviour or a promise of one.
 *
 *   const model = await Model.start();
 *   model.push({ calls: [{ name: 'echo', arguments: { text: 'hi' } }] }, { text: 'done' });
 *   ... LLM_BASE_URL: model.openai or model.anthropic ...
 *   model.requests   everything that came; .refused says why it was not served
 */
import http from 'node:http';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import * as anthropic from './anthropic.mjs';
import { reset, whole } from './behaviour.mjs';
import * as openai from './openai.mjs';

const sleep = ms => sleepFor(ms, undefined, { ref: false });

export const OPENAI_KEY = 'sk-double-openai-key-4242';
export const ANTHROPIC_KEY = 'sk-ant-double-key-4242';
const BODY_MAX = 32 * 1024 * 1024;

export class Model {
  static async start({ keys = [OPENAI_KEY, ANTHROPIC_KEY], port = 0 } = {}) {
    const m = new Model();
    m.keys = keys; /* null: none is asked for, as a local server does */
    await new Promise((resolve, reject) => {
      m.server.once('error', reject);
      m.server.listen(port, '127.0.0.1', resolve);
    });
    m.port = m.server.address().port;
    m.url = `http://127.0.0.1:${m.port}`;
    m.openai = `${m.url}/v1`; /* as OpenAI's SDK means a base URL */
    m.anthropic = m.url;      /* as Anthropic's does */
    return m;
  }

  constructor() {
    this.requests = [];
    this.queue = [];
    this.handler = null;
    this.models = []; /* as listed */
    this.running = 0;
    this.mostRunning = 0;
    this.keep = true; /* bodies; a long run turns it off */
    this.served = 0;
    this.refusals = [];
    this.sockets = new Set();
    this.server = http.createServer((req, res) => {
      this.serve(req, res).catch(err => {
        this.refusals.push({ why: `double failed: ${err.stack}` });
        res.destroy();
      });
    });
    this.server.keepAliveTimeout = 60000;
    this.server.unref();
    this.server.on('connection', s => {
      this.sockets.add(s);
      s.unref(); /* a double left over keeps no test file alive */
      s.on('close', () => this.sockets.delete(s));
      s.on('error', () => {});
    });
  }

  push(...behaviours) { this.queue.push(...behaviours); return this; }
  clear() { this.queue = []; this.handler = null; this.requests = []; this.refusals = []; }
  /* As if it were new, but for what its models are called. */
  fresh() {
    this.clear();
    this.keep = true;
    this.mostRunning = this.running;
  }
  last() { return this.requests.at(-1); }

  async stop() {
    for (const s of this.sockets) s.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }

  /* GET: no question, so it is not among the requests. */
  list(req, res) {
    if (req.url !== '/v1/models') {
      const { status, body } = openai.notFound(req.url);
      return whole(res, status, body);
    }
    const { status, body } = (req.headers['x-api-key'] ? anthropic : openai).authorise(req.headers, this.keys) ??
      { status: 200, body: { object: 'list', data: this.models.map(m => typeof m === 'string' ? { id: m, object: 'model' } : m) } };
    whole(res, status, body);
  }

  async serve(req, res) {
    if (req.method === 'GET') return this.list(req, res);
    const request = { n: ++this.served, method: req.method, path: req.url, headers: req.headers, at: performance.now(), aborted: false };
    if (this.keep) this.requests.push(request);
    res.on('close', () => { if (!res.writableFinished) request.aborted = true; });
    const chunks = [];
    let size = 0;
    for await (const chunk of req) {
      size += chunk.length;
      if (size > BODY_MAX) return whole(res, 413, { error: { message: 'too large' } });
      chunks.push(chunk);
    }
    const path = req.url.split('?')[0];
    const api = path === '/v1/messages' ? anthropic : openai;
    request.api = api === anthropic ? 'anthropic' : 'openai';
    const answer = ({ status, body }, headers) => {
      request.status = status;
      whole(res, status, body, { 'x-request-id': `req_${request.n}`, ...headers });
    };
    const refused = a => {
      request.refused = a.body.error.message;
      this.refusals.push({ n: request.n, why: request.refused, request });
      answer(a);
    };
    if (path !== '/v1/messages' && path !== '/v1/chat/completions') return refused(openai.notFound(path));
    if (req.method !== 'POST') return refused({ status: 405, body: { error: { message: `${req.method} not allowed` } } });
    const denied = api.authorise(req.headers, this.keys);
    if (denied) return refused(denied);
    if (!/^application\/json/.test(req.headers['content-type'] ?? ''))
      return refused(api.invalid(`unsupported content type ${req.headers['content-type']}`));
    let text;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
      request.body = JSON.parse(text);
    } catch {
      return refused(api.invalid('We could not parse the JSON body of your request.'));
    }
    const bad = api.refuse(request.body);
    if (bad) return refused(api.invalid(bad));
    request.lastUser = api.lastUser(request.body);
    request.toolResults = api.toolResults(request.body);
    request.tools = api.toolNames(request.body);
    request.system = api.system(request.body);

    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      const next = this.queue.length ? this.queue.shift()
        : this.handler ? this.handler(request, api) : { text: `You said: ${request.lastUser}` };
      await this.behave(res, request, api, await next ?? { text: 'ok' }, answer);
    } finally {
      this.running--;
    }
  }

  async behave(res, request, api, b, answer) {
    request.behaviour = b;
    if (b.hang === true) return new Promise(resolve => res.on('close', resolve));
    if (b.hang) await b.hang;
    if (b.delay) await sleep(b.delay);
    if (b.reset === true) return reset(res);
    if (b.garbage) {
      res.writeHead(b.status ?? 200, { 'content-type': b.type ?? (request.body.stream ? 'text/event-stream' : 'application/json') });
      res.end(typeof b.garbage === 'string' ? b.garbage : '\u0000\u0001{[}]\xff<html>not an answer');
      return;
    }
    if (b.body !== undefined) return whole(res, b.status ?? 200, b.body, { 'content-type': b.type ?? 'application/json', ...b.headers });
    if (b.context || b.quota || (b.status && b.status !== 200)) {
      const headers = { ...b.headers };
      if (b.retryAfter !== undefined) headers['retry-after'] = String(b.retryAfter);
      if (b.retryAfterMs !== undefined) headers['retry-after-ms'] = String(b.retryAfterMs);
      if (b.shouldRetry !== undefined) headers['x-should-retry'] = String(b.shouldRetry);
      if (b.html) {
        request.status = b.status;
        return whole(res, b.status, '<html><body>Bad gateway</body></html>', { ...headers, 'content-type': 'text/html' });
      }
      return answer(api.failure(b), headers);
    }
    request.status = 200;
    const streamed = b.sse ?? (request.body.stream === true && !b.json);
    return streamed ? api.answerStream(res, request, b) : api.answerWhole(res, request, b);
  }
}

/* By hand: node model.mjs [PORT], answers with an echo and prints what came. */
if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const model = await Model.start({ port: Number(process.argv[2] ?? 0), keys: null });
  console.log(`${model.openai} and ${model.anthropic}`);
  model.handler = request => {
    console.log(request.api, JSON.stringify(request.lastUser), request.tools.join(' '));
    return { text: `You said: ${request.lastUser}` };
  };
}
