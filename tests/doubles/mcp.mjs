/*
 * mcp: MCP servers over HTTP: the official SDK's of both lines (2026-07-28,
 * and 2025-11-25 with sessions), and a scripted one that misbehaves.
 *
 * All keep what came in .requests ({method, headers, body}), and what tools
 * were called in .calls ({name, arguments}).
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { reset, whole, write } from './behaviour.mjs';

const sleep = ms => sleepFor(ms, undefined, { ref: false });

class Listener {
  constructor(serve) {
    this.requests = [];
    this.calls = [];
    this.token = null; /* set: asked for as a bearer */
    this.failNext = []; /* statuses answered before anything else */
    this.sockets = new Set();
    this.server = http.createServer((req, res) => this.enter(req, res, serve).catch(() => res.destroy()));
    this.server.unref();
    this.server.on('connection', s => {
      this.sockets.add(s);
      s.unref(); /* a double left over keeps no test file alive */
      s.on('close', () => this.sockets.delete(s));
      s.on('error', () => {});
    });
  }

  async listen(port = 0) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/mcp`;
    return this;
  }

  async enter(req, res, serve) {
    const request = { http: req.method, path: req.url, headers: req.headers, at: performance.now() };
    this.requests.push(request);
    res.on('close', () => { request.closed = true; request.aborted = !res.writableFinished; });
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    try {
      request.body = text === '' ? undefined : JSON.parse(text);
    } catch {
      request.body = text;
    }
    request.method = request.body?.method;
    if (this.failNext.length) return whole(res, this.failNext.shift(), { error: 'scripted' });
    if (this.token && req.headers.authorization !== `Bearer ${this.token}`)
      return whole(res, 401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
    return serve(req, res, request);
  }

  of(method) { return this.requests.filter(r => r.method === method); }

  async stop() {
    for (const s of this.sockets) s.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }
}

/* The tools that both lines offer. */
function register(server, listener, era) {
  const text = t => ({ content: [{ type: 'text', text: t }] });
  const tool = (name, description, shape, run) => server.registerTool(name,
    { description, inputSchema: era === 'modern' ? z.object(shape) : shape },
    async (args, extra) => {
      listener.calls.push({ name, arguments: args, at: performance.now() });
      return run(args, extra);
    });
  tool('add', 'Adds two numbers.', { a: z.number(), b: z.number() }, ({ a, b }) => text(String(a + b)));
  tool('say.hello', 'Greets (a name with a dot).', { name: z.string() }, ({ name }) => text(`Hello, ${name}!`));
  tool('fail', 'Fails.', {}, () => ({ ...text('it did not work'), isError: true }));
  tool('big', 'Returns much.', { n: z.number() }, ({ n }) => text('y'.repeat(n)));
  tool('data', 'Returns structured data only.', {}, () => ({ content: [], structuredContent: { answer: 42 } }));
  tool('slow', 'Takes its time.', { ms: z.number() }, async ({ ms }, extra) => {
    const signal = extra?.signal ?? extra?.mcpReq?.signal;
    const until = performance.now() + ms;
    while (performance.now() < until) {
      if (signal?.aborted) { listener.cancelled = (listener.cancelled ?? 0) + 1; return text('cancelled'); }
      await sleep(20);
    }
    return text('slept');
  });
  tool('picture', 'Returns an image.', {}, () => ({ content: [{ type: 'text', text: 'here' }, { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' }] }));
  tool('a'.repeat(80), 'Has a long name.', {}, () => text('long'));
  for (const [name, run] of Object.entries(listener.more ?? {})) tool(name, `More: ${name}.`, {}, run);
}

/* Speaks 2026-07-28 only (${legacy} "reject"), or both. */
export async function startModern({ legacy = 'reject', port = 0 } = {}) {
  let handler;
  const listener = new Listener((req, res, request) => handler(req, res, request.body));
  const fetchHandler = createMcpHandler(() => {
    const server = new McpServer({ name: 'modern-double', version: '1.0.0' }, { capabilities: { logging: {} } });
    register(server, listener, 'modern');
    return server;
  }, { legacy });
  handler = toNodeHandler(fetchHandler);
  listener.notify = fetchHandler.notify;
  return listener.listen(port);
}

/* Speaks up to 2025-11-25, with sessions; ${stateless}: without. */
export async function startLegacy({ stateless = false, json = false, port = 0 } = {}) {
  const sessions = new Map();
  const make = () => {
    const server = new LegacyServer({ name: 'legacy-double', version: '1.0.0' });
    register(server, listener, 'legacy');
    return server;
  };
  const listener = new Listener(async (req, res, request) => {
    const id = req.headers['mcp-session-id'];
    let transport = id ? sessions.get(id) : undefined;
    if (id && !transport)
      return whole(res, 404, { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null });
    if (!transport) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: stateless ? undefined : () => randomUUID(),
        enableJsonResponse: json,
        onsessioninitialized: sid => sessions.set(sid, transport),
        onsessionclosed: sid => sessions.delete(sid),
      });
      await make().connect(transport);
    }
    await transport.handleRequest(req, res, request.body);
  });
  listener.sessions = sessions;
  listener.forget = () => sessions.clear(); /* as a restart would */
  return listener.listen(port);
}

/* HTTP+SSE of 2024-11-05: GET opens the stream, POST answers 202. */
export async function startSse({ port = 0 } = {}) {
  const transports = new Map();
  const listener = new Listener(async (req, res, request) => {
    const url = new URL(req.url, 'http://x');
    if (req.method === 'GET' && url.pathname === '/mcp') {
      const transport = new SSEServerTransport('/messages', res);
      transports.set(transport.sessionId, transport);
      res.on('close', () => transports.delete(transport.sessionId));
      const server = new LegacyServer({ name: 'sse-double', version: '1.0.0' });
      register(server, listener, 'legacy');
      return server.connect(transport);
    }
    if (req.method === 'POST' && url.pathname === '/messages') {
      const transport = transports.get(url.searchParams.get('sessionId'));
      if (!transport) return whole(res, 404, 'no session', { 'content-type': 'text/plain' });
      return transport.handlePostMessage(req, res, request.body);
    }
    return whole(res, 405, 'Method Not Allowed', { 'content-type': 'text/plain', allow: 'GET' });
  });
  return listener.listen(port);
}

/*
 * A scripted server of the modern line.  ${server.answer} is called with the
 * request and may return: {result}, {error}, {status, body}, {raw, type},
 * {reset}, {hang}, {delay}, {cut}, {drip}, {sse: [messages]}, {huge}.
 */
export async function startBad({ port = 0 } = {}) {
  const tools = [{ name: 'odd', description: 'Odd.', inputSchema: { type: 'object' } }];
  const listener = new Listener(async (req, res, request) => {
    const id = request.body?.id;
    const first = {
      'server/discover': () => ({ result: { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, serverInfo: { name: 'bad', version: '1' } } }),
      'tools/list': () => ({ result: { resultType: 'complete', tools: listener.tools, ttlMs: 1000, cacheScope: 'private' } }),
      'tools/call': () => ({ result: { resultType: 'complete', content: [{ type: 'text', text: 'odd' }] } }),
    };
    if (request.method === 'tools/call') listener.calls.push({ name: request.body.params?.name, arguments: request.body.params?.arguments, at: request.at });
    const a = await listener.answer?.(request) ?? first[request.method]?.() ?? { error: { code: -32601, message: 'Method not found' }, status: 404 };
    if (a.hang === true) return new Promise(resolve => res.on('close', resolve));
    if (a.hang) await a.hang;
    if (a.delay) await sleep(a.delay);
    if (a.reset) return reset(res);
    if (a.raw !== undefined) {
      res.writeHead(a.status ?? 200, { 'content-type': a.type ?? 'application/json' });
      return res.end(a.raw);
    }
    if (a.sse) {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const m of a.sse) {
        await write(res, typeof m === 'string' ? m : `event: message\ndata: ${JSON.stringify(m === true ? { jsonrpc: '2.0', id, result: a.result } : m)}\n\n`);
        if (a.drip) await sleep(a.drip);
      }
      return a.cut ? res.destroy() : res.end();
    }
    const doc = a.body ?? { jsonrpc: '2.0', id, ...(a.error ? { error: a.error } : { result: a.result }) };
    if (a.huge) doc.result = { resultType: 'complete', content: [{ type: 'text', text: 'h'.repeat(a.huge) }] };
    const bytes = Buffer.from(JSON.stringify(doc));
    if (a.cut || a.drip) {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
      if (a.cut) {
        await write(res, bytes.subarray(0, bytes.length >> 1));
        return res.destroy();
      }
      for (const byte of bytes) {
        await write(res, Buffer.from([byte]));
        await sleep(a.drip);
        if (res.destroyed) return;
      }
      return res.end();
    }
    return whole(res, a.status ?? 200, bytes);
  });
  listener.tools = tools;
  return listener.listen(port);
}
