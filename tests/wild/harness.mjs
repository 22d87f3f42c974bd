/*
 * harness: tries cases on the whole product.
 *
 * A lane is an installation of its own (Redis, nginx, edge, one turn worker)
 * that asks one wire.  All lanes know the MCP servers of all cases, so a tool
 * that spoils one chat spoils all of them.  A lane runs its cases one after
 * another, each with a model's name of its own: what is learned of a backend,
 * and its breaker, belong to (host, address, model), so no case changes what
 * another one meets.
 *
 * A case is the default export of cases/NAME.mjs:
 *
 *   source, saw, shape, right   where it comes from, what people saw, what is
 *                on the wire, what is right
 *   wires        ["openai"], ["anthropic"] or both; default openai
 *   variants     one chat each; default one, ""
 *   answer(req, n, variant, w)  the double's n-th answer (from 0) to this chat:
 *                wire.mjs says what it is; ${w} has the wire's words.  Default:
 *                the model calls NAME__ping and repeats what came back
 *   mcp(m)       an MCP server of the case's name; ${m} is {http, method, body,
 *                headers, state, lane}, ${state} being kept for each lane
 *   before       so many plain exchanges precede in that chat
 *   reply        what the person's reply holds (string) or matches; default
 *                "right answer"
 *   requests     how many requests the model gets; default: not counted
 *   check(run)   more; ${run} is {reply, json, requests, mcp, log, ms, variant,
 *                wire, w, lane}: requests are {body, headers, path, at, aborted,
 *                left (ms until the client had gone)}
 *   settings     over those of the lane;  model: the model's name
 *   message      instead of the usual words;  more: members of the chat's body
 *   learns       true, of a case with an MCP server: what it teaches concerns
 *                others (the others of these share one model, so that the
 *                worker need not read its settings anew for each)
 *   slow         true: the next case begins once this one's question is asked
 *   ms           how long the person waits at most; default 20 s
 *   strict       false: the double does not look whether the request is valid
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import * as anthropicDouble from '../doubles/anthropic.mjs';
import * as openaiDouble from '../doubles/openai.mjs';
import { dragoman, until } from '../e2e/dragoman.mjs';
import { RawServer } from './server.mjs';
import { body, refuse, usePing, WIRES } from './wire.mjs';

const TAG = /\[wild:([^\]]+)\]/g;
const DOUBLES = { openai: openaiDouble, anthropic: anthropicDouble };

/* Cases by name, in order. */
export async function readCases(names = []) {
  const folder = new URL('cases/', import.meta.url);
  const cases = [];
  for (const file of fs.readdirSync(folder).filter(f => f.endsWith('.mjs')).sort()) {
    const c = (await import(new URL(file, folder))).default;
    c.name = file.slice(0, -4);
    for (const k of ['source', 'saw', 'shape', 'right']) assert.ok(c[k], `${file}: no ${k}`);
    c.wires ??= ['openai'];
    c.variants ??= [''];
    c.answer ??= usePing(c.name);
    cases.push(c);
  }
  return { cases, chosen: cases.filter(c => !names.length || names.some(n => c.name === n || c.name.startsWith(`${n}-`))) };
}

/* One chat of a case. */
class Run {
  constructor(c, variant, wire) {
    Object.assign(this, { case: c, variant, wire, w: WIRES[wire], requests: [], asked: [], refused: [], log: [] });
    this.name = [c.name, ...(variant === '' ? [] : [variant]), ...(c.wires.length > 1 ? [wire] : [])].join(' ');
    this.key = [c.name, variant, wire].join('/');
    this.before = 0;
    this.first = new Promise(resolve => { this.onFirst = resolve; });
    this.end = new Promise(resolve => { this.onEnd = resolve; });
  }

  /* The double's answer to ${req}. */
  async answer(req) {
    const bad = this.case.strict === false ? null : this.invalid(req.body);
    if (bad) { this.refused.push(bad); return this.w.refuse(bad); }
    if (this.before > 0) return this.w.say(`of course (${this.before})`);
    const n = this.requests.push(req) - 1;
    this.onFirst();
    return this.case.answer.call(this.case, req.body, n, this.variant, this.w, req);
  }

  /* What the real service refuses in any case; the schemas of tools are the
   * cases' own. */
  invalid(b) {
    const tools = b.tools?.map(t => t.function ? { type: 'function', function: { name: t.function.name, parameters: { type: 'object', properties: {} } } }
      : { name: t.name, input_schema: { type: 'object', properties: {} } });
    const { refuse: look } = DOUBLES[this.wire];
    return look({ ...b, ...(tools ? { tools } : {}) });
  }
}

export class Wild {
  static async start(cases, runs, { lanes = { openai: 2, anthropic: 1 }, settings = {} } = {}) {
    const w = new Wild();
    w.settings = settings;
    w.harmed = [];
    w.cases = cases;
    w.runs = runs;
    w.byKey = new Map(runs.map(r => [r.key, r]));
    w.model = await RawServer.start(req => w.answerModel(req));
    w.servers = await Promise.all(cases.filter(c => c.mcp).map(async c => {
      const s = { case: c, requests: [], states: new Map() };
      s.server = await RawServer.start(req => w.answerMcp(s, req));
      return s;
    }));
    const wires = Object.keys(lanes).filter(wire => runs.some(r => r.wire === wire));
    w.lanes = await Promise.all(wires.flatMap(wire => Array.from({ length: Math.min(lanes[wire], runs.filter(r => r.wire === wire).length) }, (_, i) => w.startLane(wire, `${wire}${i}`))));
    w.done = Promise.all(w.lanes.map(lane => w.work(lane)));
    return w;
  }

  async startLane(wire, name) {
    const lane = { name, wire, model: 'wild', offset: 0 };
    lane.settings = {
      chat: { host: wire, model: 'wild', ...this.settings.chat },
      llm: { base_url: wire === 'openai' ? `${this.model.url}/v1` : this.model.url, retry_for: '4s' },
      mcp: { timeout: '6s', servers: Object.fromEntries(this.servers.map(s => [s.case.name, { url: `${s.server.url}/${name}` }])) },
    };
    lane.d = await dragoman({ model: false, edges: 1, turns: 1, settings: structuredClone(lane.settings) });
    return lane;
  }

  async answerModel(req) {
    if (req.path.split('?')[0].endsWith('/models')) return body({ object: 'list', data: [{ id: 'wild', object: 'model' }] });
    if (typeof req.body !== 'object') return refuse(400, 'no JSON');
    const key = [...JSON.stringify(req.body.messages ?? '').matchAll(TAG)].at(-1)?.[1];
    if (key?.startsWith('tools/')) {
      const lane = this.lanes.find(l => l.name === key.slice(6));
      lane.offered = lane.w.tools(req.body).map(t => t.name);
      return lane.w.say('seen');
    }
    const run = this.byKey.get(key);
    if (!run) return refuse(404, { error: { message: `no case ${key}` } });
    return run.answer(req);
  }

  async answerMcp(s, req) {
    const lane = req.path.slice(1).split('/')[0];
    const m = { http: req.http, method: req.body?.method, body: req.body, headers: req.headers, path: req.path, lane, at: req.at };
    if (!s.states.has(lane)) s.states.set(lane, {});
    m.state = s.states.get(lane);
    s.requests.push(m);
    return s.case.mcp.call(s.case, m);
  }

  /* ---- a lane's work ---------------------------------------------------- */

  /* The model of this name is new to the lane: nothing was learned of it, no
   * breaker is open.  The only place that knows how that is had. */
  async forget(lane, model, settings) {
    const worker = lane.d.turns.at(-1);
    const from = fs.statSync(worker.log).size;
    lane.d.options.settings = structuredClone(lane.settings);
    const mine = lane.d.options.settings;
    mine.chat.model = model;
    for (const [group, members] of Object.entries(settings ?? {})) mine[group] = { ...mine[group], ...members };
    lane.d.writeSettings(mine);
    worker.signal('SIGHUP');
    const line = await until(() => {
      assert.equal(worker.ended, null, `${worker.name} ended`);
      return this.lines(worker.log, from).find(l => /^config_(loaded|kept|refused)$/.test(l.event));
    }, { ms: 10000, every: 10, what: 'the worker read its configuration' });
    assert.equal(line.event, 'config_loaded', `settings: ${line.what ?? ''}`);
  }

  lines(file, from) {
    const out = [];
    for (const l of fs.readFileSync(file).subarray(from).toString().split('\n')) {
      if (!l.startsWith('{')) continue;
      try { out.push(JSON.parse(l)); } catch { /* half written */ }
    }
    return out;
  }

  /* Until the tools of all servers are offered, or for a while. */
  async waitForTools(lane) {
    lane.w = WIRES[lane.wire];
    const wanted = this.servers.filter(s => !s.case.learns && this.runs.some(r => r.case === s.case)).map(s => `${s.case.name}__${s.case.tool ?? 'ping'}`);
    let n = 0;
    await until(async () => {
      await lane.d.say(`tools-${n++}`, `[wild:tools/${lane.name}]`);
      return wanted.every(t => lane.offered.includes(t));
    }, { ms: 8000, every: 250 }).catch(() => { /* the cases say which */ });
  }

  async work(lane) {
    if (this.servers.length) await this.waitForTools(lane).catch(() => {});
    const open = [];
    /* MCP servers first, as they were connected at the start. */
    for (const run of [...this.runs.filter(r => r.case.mcp), ...this.runs.filter(r => !r.case.mcp)]) {
      if (run.wire !== lane.wire || run.lane) continue;
      run.lane = lane;
      const ending = this.attempt(run).then(() => run.onEnd({}), error => run.onEnd({ error }));
      if (run.case.slow) {
        open.push(ending);
        await Promise.race([run.first, ending]);
      } else {
        await ending;
      }
    }
    await Promise.all(open);
  }

  async attempt(run) {
    const c = run.case, { lane } = run, { d } = lane;
    if (d.turns.at(-1).ended !== null) {
      const dead = d.turns.pop();
      this.harmed.push(`${lane.name}: ${dead.name} ended with ${dead.ended}`);
      d.startTurn();
      await d.ready();
    }
    const worker = d.turns.at(-1), edge = d.edges[0];
    const id = run.key.replaceAll('/', '.');
    const settings = typeof c.settings === 'function' ? c.settings(this.model.url, run.variant) : c.settings;
    if (!c.mcp || c.learns || settings || c.model) await this.forget(lane, c.model ?? `${run.w.model}-${id}`, settings);
    const say = text => d.chat({ chat_id: id, message: `${text} [wild:${run.key}]`, ...c.more }, { ms: c.ms ?? 20000 });
    for (run.before = c.before ?? 0; run.before > 0; run.before--) {
      const r = await say('A question before.');
      assert.equal(r.status, 200, r.text);
    }
    const from = [worker, edge].map(p => [p.log, fs.existsSync(p.log) ? fs.statSync(p.log).size : 0]);
    const begun = performance.now();
    const r = await say(c.message ?? 'Please answer.').catch(err => ({ error: err }));
    run.ms = Math.round(performance.now() - begun);
    /* The reply is out before its line is written. */
    if (r.status === 200) await until(() => worker.ended !== null
      || this.lines(worker.log, from[0][1]).some(l => l.event === 'turn_done' && String(l.chat).includes(id)), { ms: 5000, every: 5 }).catch(() => {});
    run.log = from.flatMap(([file, at]) => this.lines(file, at)).filter(l => !l.chat || String(l.chat).includes(id));
    run.mcp = this.servers.find(s => s.case === c)?.requests.filter(m => m.lane === lane.name) ?? [];
    run.json = r.json;
    run.reply = r.json?.reply ?? '';
    this.judge(run, r, worker);
    await c.check?.(run);
  }

  judge(run, r, worker) {
    const c = run.case, want = c.reply ?? 'right answer';
    const told = l => [l.event, l.kind, l.status, l.tool, l.server, l.why].filter(x => x !== undefined && x !== '').join(' ');
    const story = () => `asked ${run.requests.length} times in ${run.ms} ms; log: ${run.log.filter(l => l.level !== 'info').slice(-4).map(told).join('; ').slice(0, 700)}`;
    assert.equal(worker.ended, null, `the worker ended with ${worker.ended}`);
    assert.deepEqual(run.refused, [], 'the request is one that the service refuses');
    assert.ok(!r.error, `${r.error?.message}; ${story()}`);
    assert.equal(r.status, 200, `${r.status} ${r.text}`);
    if (want instanceof RegExp) assert.match(run.reply, want, story());
    else assert.ok(run.reply.includes(want), `the reply is ${JSON.stringify(run.reply.slice(0, 300))}, not ${JSON.stringify(want)}; ${story()}`);
    if (c.requests !== undefined) assert.equal(run.requests.length, c.requests, `requests to the model; ${story()}`);
  }

  async stop() {
    const ends = await Promise.allSettled(this.lanes.map(l => l.d.end()));
    await Promise.all([this.model, ...this.servers.map(s => s.server)].map(s => s.stop()));
    const failed = [...this.harmed, ...ends.filter(e => e.status === 'rejected').map(e => e.reason.message)];
    if (failed.length) throw new Error(failed.join('\n'));
  }
}

export function runsOf(cases) {
  return cases.flatMap(c => c.variants.flatMap(v => c.wires.map(wire => new Run(c, v, wire))));
}
