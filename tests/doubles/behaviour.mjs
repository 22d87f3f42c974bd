/*
 * behaviour: what a model double does with one request, and how bytes leave it.
 *
 * A behaviour is a plain object:
 *
 *   text        string or array of pieces, the words of the answer
 *   calls       [{name, arguments (object or string), id}]
 *   thinking    text of a thinking block (Anthropic)
 *   usage       {in, out}
 *   finish      finish_reason / stop_reason instead of the fitting one
 *   refusal     true: the model declines;   empty: neither words nor calls
 *   pieces      how many parts a text or an argument string is cut into
 *   style       "whole" (a call in one delta), "noid" (empty ids), "repeat"
 *               (each delta repeats the name), "interleave" (calls mixed)
 *   comments    SSE comments and blank keep-alives between the pieces
 *   crlf        lines of the stream end in \r\n;  cr: in \r alone
 *   noise       unknown fields, events and block types among the known ones
 *
 * and what goes wrong:
 *
 *   delay       ms before the status line
 *   firstByte   ms between the headers and the first byte of the body
 *   drip        ms between two pieces, or a function that makes a promise to
 *               wait for after each event;  bytes: true: single bytes dripped
 *   status      an HTTP error: with retryAfter (s or an HTTP date string),
 *               retryAfterMs, code, message, shouldRetry, html: a proxy's page
 *   context     the request is too long for the model
 *   quota       out of credit
 *   reset       true: the connection is reset before a byte is written;
 *               a number: after so many pieces
 *   cut         a number: the connection ends cleanly after so many pieces;
 *               "end": before the end mark only
 *   errorEvent  an error inside the stream after so many pieces
 *   garbage     bytes that are no answer;  half: JSON broken in the middle
 *   huge        bytes of text to send
 *   json        a whole answer though a stream was asked for
 *   sse         a stream though a whole answer was asked for
 *   hang        never answers;  a promise: answers when it resolves
 *   body, type  answered as they are, with status
 */
import { setTimeout as sleepFor } from 'node:timers/promises';

const sleep = ms => sleepFor(ms, undefined, { ref: false });

export function cutIntoPieces(text, n) {
  if (Array.isArray(text)) return text;
  const chars = Array.from(text ?? '');
  if (chars.length === 0) return [];
  const parts = Math.max(1, Math.min(n ?? 3, chars.length));
  const size = Math.ceil(chars.length / parts);
  const out = [];
  for (let i = 0; i < chars.length; i += size)
    out.push(chars.slice(i, i + size).join(''));
  return out;
}

export function callArguments(call) {
  const a = call.arguments ?? {};
  return typeof a === 'string' ? a : JSON.stringify(a);
}

/* Write, and wait until the peer takes more when it is slow. */
export function write(res, bytes) {
  if (res.destroyed || res.writableEnded) return false;
  if (res.write(bytes)) return true;
  return new Promise(resolve => {
    const done = () => {
      res.off('drain', done); res.off('close', done);
      resolve(!res.destroyed);
    };
    res.on('drain', done); res.on('close', done);
  });
}

export function reset(res) {
  if (res.socket?.resetAndDestroy) res.socket.resetAndDestroy();
  else res.destroy();
}

export function whole(res, status, body, headers = {}) {
  const bytes = Buffer.isBuffer(body) ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    ...headers,
  });
  res.end(bytes);
}

/*
 * Send ${events}, strings of a whole SSE event each, with what ${b} does to a
 * stream.  ${error} makes the bytes of an error event.
 */
export async function stream(res, events, b, error) {
  const line = b.crlf ? '\r\n' : b.cr ? '\r' : '\n';
  res.writeHead(200, {
    'content-type': b.type ?? 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...b.headers,
  });
  res.flushHeaders();
  if (b.firstByte) await sleep(b.firstByte);
  let sent = 0;
  for (const event of events) {
    if (res.destroyed) return;
    if (b.reset === sent && b.reset !== 0) {
      await new Promise(resolve => setImmediate(resolve)); /* Node holds back what is written in one go */
      return reset(res);
    }
    if (b.cut === sent || (b.cut === 'end' && sent === events.length - 1))
      return res.end();
    if (b.errorEvent === sent) {
      await write(res, error());
      return res.end();
    }
    let bytes = event;
    if (b.comments) bytes = `: keep-alive\n\n${bytes}`;
    if (line !== '\n') bytes = bytes.replaceAll('\n', line);
    if (b.half === sent) {
      await write(res, bytes.slice(0, Math.floor(bytes.length / 2)) + line + line);
      return res.end();
    }
    if (b.bytes) {
      for (const byte of Buffer.from(bytes)) {
        await write(res, Buffer.from([byte]));
        await sleep(b.drip ?? 1);
        if (res.destroyed) return;
      }
    } else {
      await write(res, bytes);
      if (b.drip) await (typeof b.drip === 'function' ? b.drip(sent) : sleep(b.drip));
    }
    sent++;
  }
  if (b.open) return; /* the end came, the connection stays */
  res.end();
}
