/*
 * Programs of the last release ($DRAGOMAN_OLD) and these, on one Redis and
 * behind one nginx, under load: each message that was accepted is answered
 * once, with its own answer, and nothing is in limbo.
 */
import assert from 'node:assert/strict';
import { BUILD, sleep, until } from '../e2e/dragoman.mjs';
import { testWith } from '../e2e/stacks.mjs';

const OLD = process.env.DRAGOMAN_OLD;
const NEW = BUILD;
const RELEASE_OF = { old: OLD, new: NEW };
const MESSAGES = Number(process.env.UPGRADE_MESSAGES ?? 1500);
const CHATS = 60;
const PARALLEL = 40;
/* Of old programs, and new ones before the operator sets another. */
const OLD_FORMAT = 2;
const NEW_FORMAT = 3;
/* An idle partition is looked at once a second by each worker, in due_take or
 * due_look; a worker that spins looks thousands of times. */
const IDLE_MS = 4000, IDLE_SCRIPTS_PER_S = 300;

const startTurn = (d, release) => {
  d.build = RELEASE_OF[release];
  const w = d.startTurn();
  d.build = NEW;
  return w;
};
const startEdge = (d, release) => {
  d.build = RELEASE_OF[release];
  const w = d.startEdge();
  d.build = NEW;
  return w;
};
/* Programs of these releases, and no others.  Redis was the older ones' first. */
const test = (name, { edges, turns }, fn) => testWith({
  edges: 0, turns: 0, ready: false, nginx: false,
  settings: { turns: { lease: '2s' }, chat: { wait: '30s', inbox_max: 100, reply_keep: '10m' } },
}, name, async d => {
  d.model.keep = false;
  d.model.handler = r => ({ text: `r:${r.lastUser}` });
  d.edgeOf = [];
  d.turnOf = [];
  for (const release of ['old', 'new']) {
    d.edgeOf.push(...edges.filter(r => r === release).map(r => startEdge(d, r)));
    d.turnOf.push(...turns.filter(r => r === release).map(r => startTurn(d, r)));
    if (d.edgeOf.length + d.turnOf.length > 0)
      await until(() => d.redis.exists('{fleet}:format'), { what: 'Redis has a format' });
  }
  await d.startNginx();
  await d.ready();
  await fn(d);
});

/*
 * ${MESSAGES} messages of ${CHATS} chats, until each is answered; meanwhile
 * ${change}.  A client repeats what was refused, and what was cut, with the same
 * id; now and then what was answered, too.
 */
async function load(d, name, change = async () => {}) {
  const before = await d.counts();
  const failures = [];
  let next = 0, done = false;
  const ask = async (n, more) => {
    const until = performance.now() + 60000;
    for (;;) {
      try {
        const r = await d.chat({ chat_id: `${name}-${n % CHATS}`, message: `${name} ${n}`, message_id: `${name}-${n}` }, more);
        if (r.status === 200) return r.json.reply;
        assert.ok([202, 502, 503].includes(r.status), `${r.status} ${r.text}`);
      } catch (err) {
        if (err.code === 'ERR_ASSERTION') throw err;
      }
      assert.ok(performance.now() < until, `${name} ${n} has no answer`);
      await sleep(50);
    }
  };
  const changes = change(() => next, () => done);
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    while (next < MESSAGES && failures.length === 0) {
      const n = next++;
      try {
        assert.equal(await ask(n), `r:${name} ${n}`);
        if (n % 10 === 0) assert.equal(await ask(n), `r:${name} ${n}`, 'a repeat');
      } catch (err) {
        failures.push(err);
      }
    }
  }));
  done = true;
  await changes;
  if (failures.length) throw failures[0];
  const c = await d.settled({ ms: 60000 });
  assert.equal(c.accepted - before.accepted, MESSAGES, 'each is accepted once');
  assert.equal(c.replied - before.replied, MESSAGES, 'and replied to once');
  assert.equal(c.unaccounted, 0);
  return c;
}

/* Each of these served: an edge its requests, a turn worker its turns. */
function allServed(d) {
  for (const e of d.edgeOf) assert.ok(d.events('request_done', e.name).length > 0, `${e.name} served nothing`);
  for (const t of d.turnOf) assert.ok(d.events('turn_done', t.name).length > 0, `${t.name} took nothing`);
}
const errors = d => d.logs().filter(l => l.level === 'error');

test('an edge of the last release and a turn worker of this one', { edges: ['old'], turns: ['new'] }, async d => {
  await load(d, 'a');
  allServed(d);
  assert.deepEqual(errors(d), []);
  /* take listed what that edge accepted. */
  assert.equal((await d.cli(['chats', 'list', '--json', '--max', '1000'])).json.chats.length, CHATS);
});

test('an edge of this release and a turn worker of the last one', { edges: ['new'], turns: ['old'] }, async d => {
  await load(d, 'b');
  allServed(d);
  assert.deepEqual(errors(d), []);
});

test('both of each; then workers of both are killed', { edges: ['old', 'new'], turns: ['old', 'new'] }, async d => {
  await load(d, 'c');
  allServed(d);
  await load(d, 'k', async (at, done) => {
    for (let k = 1; !done(); k++) {
      await until(() => done() || at() > k * MESSAGES / 6, { ms: 120000 });
      if (done()) break;
      const release = k % 2 ? 'old' : 'new';
      await d.kill(d.turns.find(t => t.ended === null));
      startTurn(d, release);
      await d.kill(d.edges.find(e => e.ended === null));
      startEdge(d, release);
    }
  });
});

test('an upgrade and the way back, with a load all the time; the list of chats is whole in the end',
  { edges: ['old', 'old'], turns: ['old', 'old'] }, async d => {
    const replace = async (release, format) => {
      for (const [list, start] of [[d.turns, startTurn], [d.edges, startEdge]])
        for (const w of list.filter(x => x.ended === null)) {
          const fresh = start(d, release);
          await until(() => d.events('worker_started', fresh.name).length > 0, { ms: 20000, what: `${fresh.name} runs` });
          if (release === 'new' && list === d.turns && list.filter(x => x.ended === null).length > 2) {
            const early = await d.cli(['format', 'set', String(NEW_FORMAT)]);
            assert.equal(early.code, 1, 'an older worker lives');
            assert.match(early.stderr, /reads versions up to 2 only/);
          }
          await d.stopAndWait(w, { ms: 40000 });
        }
      assert.equal(await d.redis.get('{fleet}:format'), String(format));
    };
    await d.say('at-rest', 'hello'); /* never again, so only the list of old ones has it */
    await load(d, 'up', () => replace('new', OLD_FORMAT));
    let list = (await d.cli(['chats', 'list', '--json', '--max', '1000'])).json;
    assert.equal(list.whole, false);
    assert.ok(!list.chats.some(c => c.chat.endsWith('/at-rest')));

    await load(d, 'down', () => replace('old', OLD_FORMAT));
    await load(d, 'again', () => replace('new', OLD_FORMAT));
    await until(async () => (await d.cli(['format', 'set', String(NEW_FORMAT)])).code === 0, { ms: 20000, every: 500, what: 'the old workers\' records end' });
    list = (await d.cli(['chats', 'list', '--json', '--max', '1000'])).json;
    assert.equal(list.whole, true);
    assert.equal(list.chats.length, 3 * CHATS + 1);
    assert.ok(list.chats.some(c => c.chat.endsWith('/at-rest')));
    const counts = await d.counts();
    assert.equal(list.chats.reduce((n, c) => n + c.messages, 0), counts.accepted);
  });

for (const release of ['old', 'new'])
  test(`what a worker of the ${release === 'old' ? 'last' : 'present'} release does not know is left to others`,
    { edges: ['new'], turns: [release] }, async d => {
      await load(d, 'n');
      /* A kind of job that comes later has a queue of its own (of the last release
       * tasks are one); where one stands among the chats all the same, it is put
       * off, and not removed. */
      const kind = release === 'old' ? 'task' : 'later';
      const later = Array.from({ length: 16 }, (_, p) => `{p${p}}`);
      for (const p of later) {
        await d.redis.zadd(`${p}:due:${kind}`, 1, 'task-1');
        await d.redis.zadd(`${p}:due`, 1, 'task:stray');
        await d.redis.hset(`${p}:chat:task:stray`, 'kind', 'task', 'token', 'ffff');
      }
      /* A chat whose journal has a newer step. */
      await d.cli(['pause']);
      const waiting = d.say('newer', 'wait for me', { message_id: 'newer-1' });
      const keys = await until(async () => (await d.redis.keys('*:chat:default/http/newer')).length === 1 && d.redis.keys('*:chat:default/http/newer'));
      await d.redis.hset(keys[0], 'v', '99');
      await d.cli(['resume']);
      await Promise.all(Array.from({ length: CHATS }, (_, i) => d.say(`beside-${i}`, 'hello')));

      const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await d.redis.info('commandstats'))[1]);
      const from = await calls();
      await sleep(IDLE_MS);
      const perSecond = (await calls() - from) / (IDLE_MS / 1000);
      assert.ok(perSecond < IDLE_SCRIPTS_PER_S, `${perSecond} scripts a second: it spins`);
      for (const p of later) {
        assert.equal(await d.redis.zscore(`${p}:due:${kind}`, 'task-1'), '1', 'not looked at');
        assert.ok(Number(await d.redis.zscore(`${p}:due`, 'task:stray')) > 1, 'put off');
        assert.deepEqual(await d.redis.hgetall(`${p}:chat:task:stray`), { kind: 'task', token: 'ffff' });
      }
      assert.equal(await d.redis.hget(keys[0], 'v'), '99');
      /* Once somebody can read it, it is answered. */
      await d.redis.hdel(keys[0], 'v');
      assert.equal((await waiting).reply, 'r:wait for me');
      assert.equal(errors(d).length, 0, JSON.stringify(errors(d)[0]));
    });

test('limits: no edge trips over what the other one keeps', { edges: ['old', 'new'], turns: ['new'] }, async d => {
  d.writeSettings({ ...d.options.settings, chat: { ...d.options.settings.chat, rate_limit_per_minute: 5 } });
  for (const e of d.edges) { await e.started; e.signal('SIGHUP'); }
  await until(() => d.edges.every(e => d.events('config_loaded', e.name).length > 0), { what: 'the limit is read' });
  const all = await Promise.all(Array.from({ length: 60 }, (_, i) => d.chat({ chat_id: 'limited', message: `m${i}` }, { agent: false })));
  const count = status => all.filter(r => r.status === status).length;
  assert.equal(count(200) + count(429), 60, JSON.stringify(all.map(r => r.status)));
  assert.ok(count(200) >= 5 && count(200) <= 11, `${count(200)}: each release counts by itself`);
  assert.equal((await d.redis.keys('*:damaged*')).length, 0);
});
