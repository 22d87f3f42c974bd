/*
 * Pausing turns, and the end of programs: SIGTERM drains, nothing is lost.
 */
import assert from 'node:assert/strict';
import { sleep, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const s = sharedStack({ settings: { chat: { wait: '20s' } } });

s.test('dragoman pause: accepted messages wait, commands answer, resume answers them', async d => {
  let r = await d.cli(['pause']);
  assert.equal(r.code, 0, r.stderr);
  await until(async () => {
    const x = await d.get('/ready');
    return x.status === 503 && x.json.paused === true;
  }, { what: '/ready says paused' });
  const waiting = d.chat({ chat_id: 'p', message: 'hello' });
  const stream = d.stream({ chat_id: 's', message: 'hello' });
  await stream.until(x => x.of('status').some(e => e.status === 'paused'));
  await until(async () => (await d.counts()).waiting === 2);
  assert.ok((await d.say('p', '/status')).reply.includes('Waiting: 1'));
  await sleep(300);
  assert.equal(d.model.requests.length, 0);
  r = await d.cli(['resume']);
  assert.equal(r.code, 0, r.stderr);
  assert.equal((await waiting).json.reply, 'You said: hello');
  await stream.done;
  assert.deepEqual(stream.of('status').filter(e => !['waiting', 'working', 'asking'].includes(e.status)).map(e => e.status), ['accepted', 'paused']);
  await d.ready();
});

s.test('a turn worker that gets SIGTERM ends its step and hands the rest over', async d => {
  d.model.clear();
  const gates = [];
  d.model.handler = r => ({ text: `r:${r.lastUser}`, hang: new Promise(resolve => gates.push(resolve)) });
  const all = Array.from({ length: 8 }, (_, i) => d.chat({ chat_id: `t${i}`, message: 'x' }));
  await until(() => gates.length === 8);
  const old = [...d.turns];
  d.startTurn();
  const begun = performance.now();
  for (const w of old) w.signal('SIGTERM');
  await sleep(200);
  d.model.handler = r => ({ text: `r:${r.lastUser}` });
  for (const g of gates) g();
  for (const r of await Promise.all(all)) assert.equal(r.json.reply, 'r:x', r.text);
  for (const w of old) await until(() => w.ended !== null, { ms: 20000, what: 'the workers end' });
  assert.ok(performance.now() - begun < 20000);
  for (const w of old) assert.equal(w.ended, 0);
  d.turns = d.turns.filter(w => w.ended === null);
  assert.equal((await d.settled()).unaccounted, 0);
});

testWith({ edges: 1, turns: 2, settings: { server: { drain: '2s' }, turns: { lease: '15s' } } }, 'leases are handed back at once: no wait for their end', async d => {
  d.model.push({ hang: true });
  d.model.handler = r => ({ text: `r:${r.lastUser}` });
  const answer = d.chat({ chat_id: 'x', message: 'x' });
  await until(() => d.model.requests.length === 1);
  const begun = performance.now();
  for (const w of d.turns) w.signal('SIGTERM');
  d.startTurn();
  assert.equal((await answer).json.reply, 'r:x');
  assert.ok(performance.now() - begun < 10000, `${performance.now() - begun} ms; the lease is 15 s`);
  assert.equal(d.events('turn_handed_back').filter(l => l.chat === 'default/http/x').length, 1);
  assert.equal(d.model.requests.filter(r => r.lastUser === 'x').length, 2, 'asked again by the next worker');
});

testWith({ edges: 2, turns: 1, settings: { server: { drain: '10s' } } }, 'an edge that gets SIGTERM answers what it parked, and ends', async d => {
  let go;
  d.model.handler = r => ({ text: `r:${r.lastUser}`, hang: new Promise(resolve => { go ??= []; go.push(resolve); }) });
  const all = Array.from({ length: 6 }, (_, i) => d.chat({ chat_id: `e${i}`, message: 'x' }, { agent: false }));
  await until(() => go?.length === 6);
  const old = [...d.edges];
  for (const e of old) e.signal('SIGTERM');
  d.startEdge();
  await sleep(500);
  assert.equal((await d.get('/health', { agent: false })).status, 200, 'the new one serves');
  for (const g of go) g();
  for (const r of await Promise.all(all)) assert.equal(r.json?.reply, 'r:x', r.text);
  for (const e of old) {
    await until(() => e.ended !== null, { ms: 15000, what: 'the edge ends' });
    assert.equal(e.ended, 0);
  }
});

testWith({ edges: 1, turns: 1, settings: { server: { drain: '1s' } } }, 'at the end of server.drain a parked call gets 202 with where to ask', async d => {
  let go;
  d.model.push({ text: 'late', hang: new Promise(resolve => { go = resolve; }) });
  const answer = d.chat({ chat_id: 'drain', message: 'x', message_id: 'd1' }, { agent: false });
  const st = d.stream({ chat_id: 'drain', message: 'x', message_id: 'd1' });
  await until(() => d.model.requests.length === 1);
  await st.until(x => x.events.length >= 1);
  const [e] = d.edges;
  e.signal('SIGTERM');
  const r = await answer;
  assert.equal(r.status, 202, r.text);
  assert.equal(r.headers.location, r.json.url);
  await st.done;
  const error = st.of('error')[0];
  assert.ok(error && error.url === r.json.url, st.raw);
  await until(() => e.ended !== null, { ms: 8000 });
  assert.equal(e.ended, 0);
  d.startEdge();
  go();
  const done = await until(async () => {
    const p = await d.get(r.json.url, { headers: d.headersOf({}) });
    return p.status === 200 && p;
  });
  assert.equal(done.json.reply, 'late');
});

testWith({ edges: 1, turns: 1, settings: { chat: { paused: true } }, ready: false }, 'chat.paused in the configuration, lifted by SIGHUP', async d => {
  await until(async () => (await d.get('/health')).status === 200);
  const waiting = d.chat({ chat_id: 'cfg', message: 'x' });
  await until(async () => (await d.counts()).waiting === 1);
  await sleep(500);
  assert.equal(d.model.requests.length, 0);
  d.options.settings.chat.paused = false;
  d.writeSettings();
  for (const w of [...d.turns, ...d.edges]) w.signal('SIGHUP');
  assert.equal((await waiting).json.reply, 'You said: x');
});

testWith({ edges: 1, turns: 1, settings: { turns: { slots: 2 } } }, 'more turns.slots by SIGHUP: for the next start, and nobody is stuck behind a full worker', async d => {
  const go = {};
  d.model.handler = r => r.lastUser === 'quick' ? { text: 'quick' }
    : { text: r.lastUser, hang: new Promise(resolve => { go[r.lastUser] = resolve; }) };
  d.options.settings.turns.slots = 8;
  d.writeSettings();
  d.turns[0].signal('SIGHUP');
  await until(() => d.logs().some(l => l.event === 'config_loaded'), { what: 'it was read' });
  const slow = ['a', 'b', 'c'].map(name => d.say(name, name));
  await until(() => Object.keys(go).length === 2, { what: 'two turns run' });
  await until(async () => (await d.counts()).accepted === 3);
  const [first, second] = Object.keys(go);
  go[first]();
  await until(() => Object.keys(go).length === 3, { what: 'the third one runs' });
  go[second]();
  /* While the third one hangs, there is a slot again. */
  assert.equal((await d.say('d', 'quick', { ms: 20000 })).reply, 'quick');
  for (const name of Object.keys(go)) go[name]();
  await Promise.all(slow);
  await d.settled();
});

testWith({ edges: 1, turns: 1, settings: { turns: { lease: '15s' } } }, 'a shorter turns.lease by SIGHUP asks no model again', async d => {
  d.model.handler = () => ({ text: 'answered', delay: 5000 });
  const answer = d.say('lease', 'x', { ms: 60000 });
  await until(() => d.model.requests.length === 1);
  d.options.settings.turns.lease = '2s';
  d.writeSettings();
  d.turns[0].signal('SIGHUP');
  assert.equal((await answer).reply, 'answered');
  assert.equal(d.model.requests.length, 1);
});

testWith({ edges: 1, turns: 2 }, '/stop in the moment in which a turn is put off ends it at once', async d => {
  let go;
  d.model.handler = async () => {
    await new Promise(resolve => { go = resolve; });
    return { status: 503, headers: { 'retry-after': '15' } };
  };
  const answer = d.say('off', 'x', { ms: 60000 });
  await until(() => go);
  assert.match((await d.say('off', '/stop')).reply, /Stopping/);
  const at = performance.now();
  go();
  await answer;
  assert.ok(performance.now() - at < 8000, 'not when the model wants to be asked again');
});

testWith({ release: true, edges: 2, turns: 2 }, 'rolling restarts under load: no request fails', async d => {
  d.model.handler = r => ({ text: `r:${r.lastUser}`, delay: 20 });
  let running = true, served = 0;
  const bad = [];
  const load = Array.from({ length: 12 }, async (_, i) => {
    for (let n = 0; running; n++) {
      const r = await d.chat({ chat_id: `l${i}`, message: `m${n}` }).catch(err => ({ text: err.message }));
      if (r.json?.reply !== `r:m${n}`) bad.push(`${r.status} ${r.text}`); else served++;
    }
  });
  for (let i = 0; i < 3; i++) {
    for (const list of [d.edges, d.turns]) {
      const [old] = list.splice(0, 1);
      if (list === d.edges) d.startEdge(); else d.startTurn();
      await sleep(400);
      assert.equal(await d.stopAndWait(old), 0);
    }
  }
  running = false;
  await Promise.all(load);
  assert.deepEqual(bad, [], `${served} served`);
  assert.equal((await d.settled()).unaccounted, 0);
});
