/*
 * A relay between one program and Redis that can stop at a script: before
 * Redis has seen it, or after Redis ran it and before the program knows.
 *
 *   gate.arm('write', 2, 'before', worker)  at the second `write` from now on,
 *                                           kill the worker
 *   await gate.fired
 *   gate.seen                               names of all scripts, in order
 */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { BUILD } from './dragoman.mjs';

const NAMES = new Map(Array.from(fs.readFileSync(path.join(BUILD, 'redis/lua_texts.h'), 'utf8').matchAll(/#define SHA_(\w+) "([0-9a-f]{40})"/g),
  m => [m[2], m[1]]));

/* The first whole command in ${bytes}: {length, words}, or null. */
function command(bytes) {
  const line = at => {
    const end = bytes.indexOf('\r\n', at);
    return end === -1 ? null : { n: Number(bytes.toString('latin1', at + 1, end)), next: end + 2 };
  };
  const head = line(0);
  if (head === null) return null;
  const words = [];
  let at = head.next;
  for (let i = 0; i < head.n; i++) {
    const size = line(at);
    if (size === null || size.next + size.n + 2 > bytes.length) return null;
    if (words.length < 2) words.push(bytes.toString('latin1', size.next, size.next + size.n));
    at = size.next + size.n + 2;
  }
  return { length: at, words };
}

export class RedisGate {
  constructor(target) {
    this.target = target;
    this.seen = [];
    this.armed = null;
    this.server = net.createServer(client => this.relay(client));
    this.server.unref();
  }

  async listen(file) {
    await new Promise((resolve, reject) => this.server.on('error', reject).listen(file, resolve));
    return this;
  }

  arm(script, nth, phase, worker) {
    this.seen = [];
    this.fired = new Promise(resolve => { this.armed = { script, left: nth, phase, worker, resolve }; });
  }

  fire(a) {
    this.armed = null;
    a.worker.signal('SIGKILL');
    a.worker.end.then(a.resolve);
  }

  relay(client) {
    const redis = net.connect(this.target);
    let bytes = Buffer.alloc(0), dead = false, last = null;
    for (const [one, other] of [[client, redis], [redis, client]]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    client.on('data', piece => {
      bytes = Buffer.concat([bytes, piece]);
      for (let c = command(bytes); c !== null && !dead; c = command(bytes)) {
        const whole = bytes.subarray(0, c.length);
        bytes = bytes.subarray(c.length);
        const name = c.words[0] === 'EVALSHA' ? NAMES.get(c.words[1]) : null;
        if (name) this.seen.push(name);
        const a = this.armed;
        if (a && name === a.script && --a.left === 0) {
          dead = true;
          if (a.phase === 'before') { this.fire(a); return; }
          last = a; /* its answer is never passed on */
        }
        redis.write(whole);
      }
    });
    redis.on('data', piece => {
      if (last) this.fire(last);
      else if (!dead) client.write(piece);
      last = null;
    });
  }
}
