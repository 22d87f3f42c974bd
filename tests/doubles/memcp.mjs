/*
 * memcp: a meMCP server: its tools, its tokens, and tokens derived from them.
 *
 *   memcp.tokens    Map token -> tier ("chat", "mcp", "expired")
 *   memcp.derived   Map token -> {parent, until, chat_id, scope, active}
 *   memcp.handler   (name, arguments, request) -> {data} | {status, detail} |
 *                   a behaviour {delay, hang, reset, garbage, huge, drip}
 *   memcp.expireDerived()  as if an hour had passed
 *   memcp.down      true: connections are reset
 *   memcp.failing   {path: [status, body]}: what is answered there instead
 *   memcp.calls     what tools were called: {name, arguments, token, at}
 */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { reset, whole, write } from './behaviour.mjs';

const sleep = ms => sleepFor(ms, undefined, { ref: false });

export const CHAT_TOKEN = 'memcp-chat-token-7171';
export const MCP_TOKEN = 'memcp-mcp-token-7272';

export const TOOLS = [
  {
    name: 'query_skills', description: 'Skills of the profile, by name or category.',
    inputSchema: { type: 'object', properties: { name: { type: 'string' }, limit: { type: 'integer' } }, required: [] },
  },
  {
    name: 'query_stages', description: 'Stages of a career.',
    inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'of one stage' } }, required: ['id'] },
  },
];

export class Memcp {
  static async start({ secret = 'proxy-secret', port = 0 } = {}) {
    const m = new Memcp();
    m.secret = secret;
    await new Promise((resolve, reject) => {
      m.server.once('error', reject);
      m.server.listen(port, '127.0.0.1', resolve);
    });
    m.url = `http://127.0.0.1:${m.server.address().port}`;
    return m;
  }

  constructor() {
    this.tokens = new Map([[CHAT_TOKEN, 'chat'], [MCP_TOKEN, 'mcp']]);
    this.derived = new Map();
    this.tools = TOOLS;
    this.requests = [];
    this.calls = [];
    this.handler = null;
    this.down = false;
    this.failing = {};
    this.ttlMinutes = null; /* overrides what is asked for */
    this.forbidden = new Set(); /* tools that answer 403 whatever the token */
    this.sockets = new Set();
    this.server = http.createServer((req, res) => {
      this.serve(req, res).catch(() => res.destroy());
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

  /* As if it were new, but for the tokens that it gave. */
  fresh() {
    this.tools = TOOLS;
    this.requests = [];
    this.calls = [];
    this.handler = null;
    this.down = false;
    this.failing = {};
    this.ttlMinutes = null;
    this.forbidden = new Set();
  }

  async stop() {
    for (const s of this.sockets) s.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }

  expireDerived() {
    for (const d of this.derived.values()) d.until = 0;
  }

  tierOf(token) {
    const d = this.derived.get(token);
    if (d) return d.active && d.until > Date.now() && this.tokens.has(d.parent) ? 'chat' : null;
    const tier = this.tokens.get(token);
    return tier === 'chat' || tier === 'mcp' ? tier : null;
  }

  of(path) { return this.requests.filter(r => r.path === path); }

  async serve(req, res) {
    const path = req.url.split('?')[0];
    const request = { method: req.method, path, headers: req.headers, at: performance.now() };
    this.requests.push(request);
    if (this.down) return reset(res);
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const say = (status, body) => { request.status = status; whole(res, status, body); };
    if (req.method === 'POST') {
      try {
        request.body = JSON.parse(text);
      } catch {
        return say(422, { detail: [{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx: { error: 'Expecting value' } }] });
      }
    }
    if (this.failing[path]) {
      const [status, body] = this.failing[path];
      request.status = status;
      res.writeHead(status, { 'content-type': body.startsWith('<') ? 'text/html' : 'application/json' });
      return res.end(body);
    }
    const bearer = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    request.token = bearer;
    const anonymous = () => say(403, { detail: { stage: 'anonymous', message: 'Access Restricted: your access token is invalid, expired, or missing.' } });

    const routes = {
      'GET /mcp/tools': () => say(200, { status: 'success', data: { tools: this.tools } }),
      'GET /token/info': () => {
        const tier = this.tierOf(bearer);
        if (!tier) return anonymous();
        return say(200, { status: 'success', data: { tier: this.tierSays ?? tier, owner: 'A. Person', token_id: 1 } });
      },
      'POST /internal/tokens/derive': () => this.derive(request, say),
      'POST /internal/tokens/revoke': () => this.revoke(request, say),
      'POST /mcp/tools/call': () => this.call(request, res, say, anonymous),
    };
    const route = routes[`${req.method} ${path}`];
    if (route) return route();
    const other = Object.keys(routes).some(r => r.endsWith(` ${path}`));
    return say(other ? 405 : 404, { detail: other ? 'Method Not Allowed' : 'Not Found' });
  }

  guarded(request, say) {
    if (!this.secret) { say(503, { detail: 'PROXY_SECRET not configured on server' }); return false; }
    if (request.headers['x-proxy-secret'] !== this.secret) { say(401, { detail: 'Invalid or missing X-Proxy-Secret header' }); return false; }
    return true;
  }

  derive(request, say) {
    const b = request.body;
    if (typeof b.parent_token !== 'string')
      return say(422, { detail: [{ type: 'missing', loc: ['body', 'parent_token'], msg: 'Field required', input: b }] });
    if (b.ttl_minutes !== undefined && !Number.isInteger(b.ttl_minutes))
      return say(422, { detail: [{ type: 'int_type', loc: ['body', 'ttl_minutes'], msg: 'Input should be a valid integer', input: b.ttl_minutes }] });
    if (!this.guarded(request, say)) return;
    const tier = this.tierOf(b.parent_token);
    if (!tier) return say(403, { detail: 'Parent token is invalid, expired, or revoked' });
    if (tier !== 'chat')
      return say(403, { detail: `Parent token must be 'chat' tier (got '${tier}'). Use 'mcp' tokens directly for API access.` });
    const token = randomBytes(32).toString('base64url');
    const until = Date.now() + (this.ttlMinutes ?? b.ttl_minutes ?? 60) * 60000;
    this.derived.set(token, { parent: b.parent_token, until, chat_id: b.chat_id ?? null, scope: b.scope ?? 'mcp_read', active: true });
    /* Python's isoformat(): microseconds and +00:00. */
    const expires = new Date(until).toISOString().replace('Z', '123+00:00');
    return say(200, { derived_token: token, expires_at: expires, scope: b.scope ?? 'mcp_read' });
  }

  revoke(request, say) {
    if (typeof request.body.derived_token !== 'string')
      return say(422, { detail: [{ type: 'missing', loc: ['body', 'derived_token'], msg: 'Field required', input: request.body }] });
    if (!this.guarded(request, say)) return;
    const d = this.derived.get(request.body.derived_token);
    if (!d) return say(404, { detail: 'Derived token not found' });
    d.active = false;
    return say(200, { status: 'success', message: 'Derived token revoked' });
  }

  async call(request, res, say, anonymous) {
    if (!this.tierOf(request.token)) return anonymous();
    const b = request.body;
    if (!b || typeof b.tool !== 'string' || b.tool === '') return say(400, { detail: "Missing 'tool' field in request body" });
    const tool = this.tools.find(t => t.name === b.tool);
    this.calls.push({ name: b.tool, arguments: b.arguments, token: request.token, at: request.at });
    if (!tool) return say(404, { detail: `Unknown tool '${b.tool}'. Available tools: ${this.tools.map(t => t.name).join(', ')}` });
    if (this.forbidden.has(b.tool)) return say(403, { detail: { stage: 'chat', message: 'Access Restricted: this resource needs a higher access level.' } });
    if (b.arguments !== undefined && (b.arguments === null || typeof b.arguments !== 'object' || Array.isArray(b.arguments)))
      return say(400, { detail: 'Invalid arguments' });
    for (const name of tool.inputSchema.required ?? [])
      if (b.arguments?.[name] === undefined) return say(400, { detail: `Missing required argument: ${name}` });
    const r = await this.handler?.(b.tool, b.arguments ?? {}, request) ?? { data: { tool: b.tool, arguments: b.arguments ?? {}, items: ['C', 'Lua'] } };
    if (r.hang === true) return new Promise(resolve => res.on('close', resolve));
    if (r.hang) await r.hang;
    if (r.delay) await sleep(r.delay);
    if (r.reset) return reset(res);
    if (r.garbage) {
      res.writeHead(r.status ?? 200, { 'content-type': 'application/json' });
      return res.end('{"status": "succ\u0000\xff');
    }
    if (r.drip) {
      const bytes = Buffer.from(JSON.stringify({ status: 'success', data: r.data ?? {} }));
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
      for (const byte of bytes) {
        await write(res, Buffer.from([byte]));
        await sleep(r.drip);
        if (res.destroyed) return;
      }
      return res.end();
    }
    if (r.huge) return say(200, { status: 'success', data: { text: 'z'.repeat(r.huge) } });
    if (r.cut) {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      await write(res, '{"status": "success", "data": {');
      return res.destroy();
    }
    if (r.status && r.status !== 200) return say(r.status, { detail: r.detail ?? `Tool execution failed: scripted ${r.status}` });
    return say(200, { status: 'success', data: r.data });
  }
}
