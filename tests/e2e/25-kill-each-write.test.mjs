/*
 * Kill -9 before and after each write of a turn: whoever writes to Redis here
 * speaks through a relay that knows the scripts by their sums, stops at the one
 * it is told to, kills, and lets go.  "before": the script never arrives;
 * "after": it ran, and its answer is lost.  Of each script, one run more until
 * a turn ends without having reached it, so that no write is left out.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { startModern } from '../doubles/mcp.mjs';
import { BUILD, until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const SCRIPTS = new Map([...fs.readFileSync(path.join(BUILD, 'redis/lua_texts.h'), 'utf8')
  .matchAll(/^#define SHA_(\w+) "([0-9a-f]{40})"/gm)].map(m => [m[2], m[1]]));
const PONG = Buffer.from('+PONG\r\n');

/* The commands that are whole in ${bytes}: [{args, raw}], and what is left. */
function commands(bytes) {
  const out = [];
  let from = 0;
  for (;;) {
    let at = from;
    const line = () => {
      const end = bytes.indexOf('\r\n', at);
      if (end === -1) return null;
      const text = bytes.toString('latin1', at, end);
      at = end + 2;
      return text;
    };
    const head = line();
    if (head === null) break;
    const args = [];
    for (let n = Number(head.slice(1)); args.length < n;) {
      const length = line();
      if (length === null || bytes.length < at + Number(length.slice(1)) + 2) return { out, left: bytes.subarray(from) };
      args.push(bytes.subarray(at, at + Number(length.slice(1))));
      at += Number(length.slice(1)) + 2;
    }
    out.push({ args, raw: bytes.subarray(from, at) });
    from = at;
  }
  return { out, left: bytes.subarray(from) };
}

/* Between programs and Redis.  arm() says at which script whom to kill. */
class Relay {
  constructor(d) {
    this.d = d;
    this.path = d.file('relay.sock');
    this.plan = null;
    this.server = net.createServer(c => this.serve(c));
    this.server.unref(); /* it keeps no test file alive */
  }

  start() { return new Promise(resolve => this.server.listen(this.path, () => { fs.chmodSync(this.path, 0o777); resolve(); })); }
  url() { return `unix://${this.path}`; }

  /* At the ${n}th run of ${script} that is for ${chat}. */
  arm(chat, script, n, when, kill) {
    this.plan = { chat: Buffer.from(chat), script, n, when, kill, seen: 0, accepted: false, killed: false };
    return this.plan;
  }

  serve(client) {
    const redis = net.connect(this.d.file('redis.sock'));
    let left = Buffer.alloc(0);
    let after = null; /* answers are held back until Redis did it */
    for (const [a, b] of [[client, redis], [redis, client]]) {
      a.on('error', () => {});
      a.on('close', () => b.destroy());
    }
    client.on('data', bytes => {
      const { out, left: rest } = commands(Buffer.concat([left, bytes]));
      left = rest;
      for (const c of out) {
        if (client.destroyed || after) return;
        const step = this.step(c);
        if (step === 'before') {
          this.kill();
          return client.destroy();
        }
        redis.write(c.raw);
        if (step !== 'after') continue;
        after = { got: Buffer.alloc(0) };
        redis.write('*1\r\n$4\r\nPING\r\n');
      }
    });
    redis.on('data', bytes => {
      if (!after) return client.write(bytes);
      after.got = Buffer.concat([after.got, bytes]);
      if (!after.got.subarray(-PONG.length).equals(PONG)) return undefined;
      if (this.plan.script === 'take' && !after.got.includes(this.plan.chat)) {
        this.plan.seen--; /* it found nothing */
        client.write(after.got.subarray(0, -PONG.length));
        after = null;
        return undefined;
      }
      this.kill();
      return client.destroy();
    });
  }

  /* Is this command the one? */
  step(c) {
    const { plan } = this;
    const name = c.args[0].toString().toUpperCase() === 'EVALSHA' ? SCRIPTS.get(c.args[1].toString()) : null;
    if (!plan || plan.killed || !name) return null;
    const ours = c.args.some(a => a.includes(plan.chat));
    if (name === 'accept' && ours) plan.accepted = true;
    if (name !== plan.script) return null;
    /* A take learns the chat inside, and the day's budget is all chats'. */
    if (name === 'take' ? !plan.accepted : !ours && name !== 'budget') return null;
    return ++plan.seen === plan.n ? plan.when : null;
  }

  kill() {
    const { plan } = this;
    plan.killed = true;
    plan.kill();
  }
}

let mcp;
const settings = { turns: { lease: '1s' }, chat: { wait: '60s' }, llm: { max_tokens: 100 }, budget: { chat: 100000000, day: 100000000 } };
const s = sharedStack(async () => {
  mcp = await startModern();
  return {
    release: true, edges: 1, turns: 0, ready: false,
    settings: { ...settings, mcp: { servers: { srv: { url: mcp.url } } } },
    before: async d => {
      d.relay = new Relay(d);
      await d.relay.start();
      d.options.env = { REDIS_URL: d.relay.url() };
    },
  };
});
const OF_A_TURN = ['take', 'budget', 'write', 'finish'];

async function worker(d) {
  d.turns = d.turns.filter(w => w.ended === null);
  d.startTurn();
  await until(() => d.turns.at(-1).ended !== null || d.logs(d.turns.at(-1).name).some(l => l.event === 'worker_started'), { ms: 20000, what: 'a turn worker' });
}

async function noWorkers(d) {
  for (const w of d.turns) await d.kill(w);
  d.turns = [];
}

/* Two calls, one of which must not be repeated; then words. */
function toolsThenWords(r) {
  if (r.toolResults.length === 0) return { calls: [{ name: 'srv__add', arguments: { a: 1, b: 2 } }, { name: 'echo', arguments: { text: 'x' } }], usage: { in: 50, out: 10 } };
  return { text: `got ${r.toolResults.map(x => x.text).join(' and ')}`, usage: { in: 60, out: 10 } };
}

const inHistory = async (d, name) => d.redis.llen((await d.redis.keys(`*:history:default/http/${name}`))[0] ?? 'none');

/* One message with ${kill} at the ${k}th run of ${script}, if there are so
 * many. */
const spent = async (d, name) => Number(await d.redis.get((await d.redis.keys(`*:budget:*:default/http/${name}`))[0]));

async function one(d, name, script, k, when, kill, again) {
  const added = () => mcp.calls.filter(c => c.name === 'add').length;
  const before = { added: added(), asked: d.model.requests.length };
  const plan = d.relay.arm(`default/http/${name}`, script, k, when, kill);
  let ended = false;
  const ask = () => d.chat({ chat_id: name, message: 'q', message_id: 'm' }).catch(err => ({ status: 0, text: err.message }));
  const first = ask().finally(() => { ended = true; });
  await until(() => plan.killed || ended, { ms: 30000, what: `${script} ${k}, or the end` });
  if (plan.killed) await again();
  let r = await first;
  await until(async () => r.status === 200 || (r = await ask()).status === 200, { ms: 60000, every: 100, what: `an answer after ${script} ${k}` });
  return { killed: plan.killed, script, k, reply: r.json.reply, added: added() - before.added, asked: d.model.requests.length - before.asked, spent: await spent(d, name), inHistory: await inHistory(d, name) };
}

/* Each write in its turn, until a turn has no more of it: how many of each. */
async function each(d, what, scripts, when, kill, again, check) {
  const at = {};
  for (const script of scripts) {
    for (let k = 1; ; k++) {
      const x = await one(d, `${what}-${when}-${script}-${k}`, script, k, when, kill, again);
      check(x, `${what} killed ${when} ${script} ${k}`);
      assert.equal(x.inHistory, 1, 'in the history once');
      if (!x.killed) break;
      at[script] = k;
      if (script === 'take') break; /* another one is another turn's */
    }
  }
  console.log(`${what} killed ${when}: ${JSON.stringify(at)}`);
  const c = await d.settled();
  assert.equal(c.unaccounted, 0);
  assert.equal(c.replied, c.accepted);
  return at;
}

/* The scripts are known to Redis, the tools to the worker. */
let warmed = 0;
async function warm(d) {
  const chat = `warm-${++warmed}`;
  await worker(d);
  await d.ready();
  d.model.handler = toolsThenWords;
  await until(async () => (await d.say(chat, 'q')).reply === 'got 3 and x', { ms: 20000, every: 200 });
}

for (const when of ['before', 'after'])
  s.test(`a turn worker killed ${when} each write of a turn`, async d => {
    await warm(d);
    const at = await each(d, 'worker', OF_A_TURN, when, () => d.turns.at(-1).signal('SIGKILL'), () => worker(d), (x, where) => {
      assert.match(x.reply, /^got (3|.*unknown.*) and (x|.*unknown.*)$/, where);
      assert.ok(x.added <= 1, `${where}: what must not be repeated was called ${x.added} times`);
      /* What a killed worker had reserved may have been spent: it counts. */
      assert.ok(x.spent >= 130 && x.spent < 5000 && (x.killed || x.spent === 130), `${where}: ${x.spent} tokens`);
      if (/unknown/.test(x.reply)) assert.match(x.script, /^(write|budget)$/, where); /* after the answer was journalled */
    });
    assert.equal(at.take, 1);
    assert.equal(at.finish, 1);
    assert.ok(at.write >= 2, 'the answer of the model, the results');
    assert.ok(at.budget >= 4, 'reserved before each call, settled after it');
    await noWorkers(d);
  });

for (const when of ['before', 'after'])
  s.test(`a turn worker killed ${when} each write of a turn that waits for a retry`, async d => {
    await warm(d);
    let refused;
    d.model.handler = r => {
      if (refused) return { text: 'late' };
      refused = true;
      return { status: 429, retryAfterMs: 1500 };
    };
    const at = await each(d, 'retry', ['release', 'finish'], when, () => d.turns.at(-1).signal('SIGKILL'), () => worker(d), (x, where) => {
      assert.equal(x.reply, 'late', where);
      refused = false;
    });
    assert.deepEqual(at, { release: 1, finish: 1 });
    await noWorkers(d);
  });

for (const when of ['before', 'after'])
  s.test(`Redis killed ${when} each write of a turn, and of its acceptance`, async d => {
    await warm(d);
    const kill = () => d.redisServer.signal('SIGKILL');
    const again = async () => {
      await d.redisServer.end;
      await d.startRedis();
    };
    const at = await each(d, 'Redis', ['accept', ...OF_A_TURN], when, kill, again, (x, where) => {
      assert.match(x.reply, /^got (3|.*unknown.*) and (x|.*unknown.*)$/, where);
      assert.ok(x.added <= 1, `${where}: called ${x.added} times`);
    });
    assert.ok(at.accept >= 1 && at.take === 1 && at.write >= 2 && at.finish >= 1);
    await noWorkers(d);
  });

for (const when of ['before', 'after'])
  s.test(`an edge killed ${when} it accepts`, async d => {
    await warm(d);
    const at = await each(d, 'edge', ['accept'], when, () => d.edges.at(-1).signal('SIGKILL'), () => { d.edges = []; d.startEdge(); }, (x, where) => {
      assert.equal(x.reply, 'got 3 and x', where);
      assert.equal(x.asked, 2, where);
      assert.equal(x.added, 1, where);
    });
    assert.equal(at.accept, 1);
    await noWorkers(d);
  });
