/*
 * server: HTTP/1.1 by hand, so that an answer is exactly the bytes, the pieces
 * and the pauses that a case names.
 *
 * ${answer}(request) gives an answer as wire.mjs says, or a promise of one.  A
 * request is {http, path, headers (lower case), body (JSON, else text), at,
 * aborted (the client went before the answer's end)}.
 */
import net from 'node:net';
import { setTimeout as sleepFor } from 'node:timers/promises';

const HEAD_MAX = 65536;
const REASONS = { 200: 'OK', 202: 'Accepted', 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 405: 'Method Not Allowed', 413: 'Content Too Large',
  422: 'Unprocessable Content', 429: 'Too Many Requests', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 529: 'Overloaded' };

function parseHead(text) {
  const [line, ...rest] = text.split('\r\n');
  const [http, path] = line.split(' ');
  const headers = {};
  for (const l of rest) {
    const i = l.indexOf(':');
    headers[l.slice(0, i).toLowerCase()] = l.slice(i + 1).trim();
  }
  return { http, path, headers };
}

/* Where a chunked body ends, and its bytes; null: more must come. */
function unchunk(bytes) {
  const out = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return null;
    const size = parseInt(bytes.subarray(at, end).toString(), 16);
    if (bytes.length < end + 4 + size) return null;
    if (size === 0) return { body: Buffer.concat(out), end: end + 4 };
    out.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
}

function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) {
    if (bytes.length > HEAD_MAX) throw new Error('a head without end');
    return null;
  }
  const req = parseHead(bytes.subarray(0, end).toString('latin1'));
  const rest = bytes.subarray(end + 4);
  if (/chunked/i.test(req.headers['transfer-encoding'] ?? '')) {
    const c = unchunk(rest);
    return c && { req, body: c.body, left: rest.subarray(c.end) };
  }
  const length = Number(req.headers['content-length'] ?? 0);
  if (rest.length < length) return { req, wants: true };
  return { req, body: rest.subarray(0, length), left: rest.subarray(length) };
}

export class RawServer {
  static async start(answer) {
    const s = new RawServer();
    s.answer = answer;
    s.sockets = new Set();
    s.server = net.createServer(socket => s.serve(socket).catch(() => socket.destroy()));
    s.server.unref();
    await new Promise((resolve, reject) => {
      s.server.once('error', reject);
      s.server.listen(0, '127.0.0.1', resolve);
    });
    s.port = s.server.address().port;
    s.url = `http://127.0.0.1:${s.port}`;
    return s;
  }

  async stop() {
    for (const s of this.sockets) s.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }

  /* Read all the time, so that the client's end is seen in a pause, too. */
  async serve(socket) {
    let bytes = Buffer.alloc(0), told = false, wake = () => {};
    this.sockets.add(socket);
    socket.unref();
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', more => { bytes = Buffer.concat([bytes, more]); wake(); });
    socket.on('end', () => socket.destroy());
    socket.gone = new Promise(resolve => socket.on('close', () => { this.sockets.delete(socket); wake(); resolve(); }));
    for (;;) {
      const p = parse(bytes);
      if (p === null || p.wants) {
        if (p?.req.headers.expect && !told) { told = true; socket.write('HTTP/1.1 100 Continue\r\n\r\n'); }
        if (socket.destroyed) return;
        await new Promise(resolve => { wake = resolve; });
        continue;
      }
      bytes = p.left;
      told = false;
      const req = { ...p.req, at: performance.now(), aborted: false };
      try { req.body = JSON.parse(p.body.toString()); } catch { req.body = p.body.length ? p.body.toString() : undefined; }
      if (!await this.write(socket, req, await this.answer(req))) return;
    }
  }

  /* What ${pieces} give, until the client goes. */
  async *until(pieces, socket) {
    for (const it = pieces[Symbol.asyncIterator](); ;) {
      const next = await Promise.race([it.next(), socket.gone.then(() => ({ done: true }))]);
      if (next.done) return;
      yield next.value;
    }
  }

  /* False: this connection is over. */
  async write(socket, req, a) {
    const framing = a.framing ?? 'chunked';
    const bytesOf = p => typeof p === 'string' ? Buffer.from(p) : p;
    const pieces = Array.isArray(a.pieces) ? a.pieces.map(bytesOf) : a.pieces;
    const chunked = !a.raw && framing === 'chunked';
    if (!a.raw) {
      const headers = { ...a.headers };
      if (chunked) headers['Transfer-Encoding'] = 'chunked';
      else if (framing === 'length') headers['Content-Length'] ??= pieces.reduce((n, p) => n + (p.length ?? 0), 0);
      else headers.Connection = 'close';
      socket.write(`HTTP/1.1 ${a.status} ${REASONS[a.status] ?? 'Status'}\r\n${Object.entries(headers).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
    }
    for await (const piece of Array.isArray(pieces) ? pieces : this.until(pieces, socket)) {
      const p = bytesOf(piece);
      if (typeof p === 'number') await Promise.race([sleepFor(p, undefined, { ref: false }), socket.gone]);
      if (socket.destroyed) { req.aborted = true; return false; }
      if (typeof p === 'number' || p.length === 0) continue;
      if (chunked) socket.write(Buffer.concat([Buffer.from(`${p.length.toString(16)}\r\n`), p, Buffer.from('\r\n')]));
      else socket.write(p);
      await new Promise(setImmediate); /* a write of its own */
    }
    if (a.then === 'open') {
      await socket.gone;
      req.aborted = true;
      return false;
    }
    if (a.then === 'reset') { socket.resetAndDestroy(); return false; }
    if (a.then === 'cut') { socket.end(); return false; }
    if (chunked) socket.write('0\r\n\r\n');
    if (a.raw || framing === 'close') { socket.end(); return false; }
    return true;
  }
}
