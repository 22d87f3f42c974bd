/*
 * Recorded answers of real providers, each at once and in pieces through the
 * whole product: words as the reply; calls with ids, names, arguments and order
 * in the next question; errors by their kind.  They are others' data and no
 * part of this repository: DRAGOMAN_RECORDED, or ../shared/recorded, has them.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { TOP } from '../e2e/dragoman.mjs';
import { runsOf, Wild } from './harness.mjs';
import { read } from './reference.mjs';

const folder = process.env.DRAGOMAN_RECORDED ?? path.join(TOP, '../shared/recorded');
const names = (process.env.WILD ?? '').split(/[ ,]+/).filter(Boolean);
const wanted = !names.length || names.includes('recorded');
const found = wanted && fs.existsSync(folder);
const PIECE = 61; /* bytes; cuts within characters, escapes and lines */
const squeezed = text => text.replace(/\s+/g, '');

function recordings() {
  return fs.readdirSync(folder).filter(f => f.endsWith('.json')).sort().map(file => {
    const r = JSON.parse(fs.readFileSync(path.join(folder, file)));
    r.name = file.slice(0, -5);
    r.bytes = r.body_base64 ? Buffer.from(r.body_base64, 'base64') : Buffer.from(r.body);
    return r;
  });
}

function cut(bytes) {
  const out = [];
  for (let at = 0; at < bytes.length; at += PIECE) out.push(bytes.subarray(at, at + PIECE));
  return out;
}

/* The case of a recording. */
function caseOf(r) {
  const c = {
    name: r.name, wires: [r.wire], variants: ['', 'in pieces'], reply: /[^]*/, ms: 30000,
    /* Its tools are not ours, and its ids are as they are. */
    strict: false,
    answer: (req, n, variant, w) => n > 0 ? w.say() : { status: r.status, headers: { 'Content-Type': r.content_type ?? 'application/json' },
      pieces: variant === '' ? [r.bytes] : cut(r.bytes), framing: variant === '' ? 'length' : 'chunked' },
  };
  c.check = r.kind === 'error' ? run => checkError(r, run) : run => checkAnswer(read(r, r.bytes.toString()), run);
  return c;
}

/* What must come of a refusal, by its code; of others the status says it. */
const REFUSALS = {
  /* the model wrote a call that is none: once more */
  tool_use_failed: { kind: 'retry', again: () => {} },
  unsupported_parameter: { kind: 'invalid', again: (first, next, e) => {
    assert.ok(e.param in first && !(e.param in next), `${e.param} is left out`);
    for (const [, name] of e.message.matchAll(/Use '(\w+)' instead/g)) assert.equal(next[name], first[e.param], `${name} in its place`);
  } },
  unsupported_value: { kind: 'invalid', again: (first, next, e) => {
    assert.match(e.message, /role.* 'system'/);
    assert.ok(first.messages.some(m => m.role === 'system') && !next.messages.some(m => m.role === 'system'), 'no system role');
  } },
  model_not_found: { kind: 'model' },
  invalid_value: { kind: 'invalid' },
};
const STATUSES = { 400: 'invalid', 401: 'denied', 402: 'quota', 403: 'denied', 404: 'invalid', 413: 'context', 422: 'invalid', 429: 'retry', 500: 'retry', 503: 'retry', 529: 'retry' };

/* What is understood is asked otherwise, and answered; of all else the operator
 * sees kind, status, code and parameter, and the person gets a sentence. */
function checkError(r, run) {
  const e = JSON.parse(r.bytes.toString()).error;
  const want = REFUSALS[e.code] ?? { kind: STATUSES[r.status] };
  if (want.again) {
    assert.equal(run.requests.length, 2, 'asked once more');
    assert.equal(run.reply, 'right answer');
    want.again(run.requests[0].body, run.requests[1].body, e);
    return;
  }
  const failed = run.log.find(l => l.event === 'model_failed');
  assert.deepEqual([failed?.kind, failed?.status, failed?.code, failed?.param ?? ''], [want.kind, r.status, e.code ?? '', e.param ?? '']);
  assert.ok(failed.remedy, 'a remedy');
  assert.ok(run.reply && run.reply !== 'right answer', run.reply);
}

function checkAnswer(want, run) {
  if (want.calls.length) {
    assert.equal(run.reply, 'right answer');
    const { body } = run.requests[1];
    const sent = run.w.sent(body), results = run.w.results(body);
    const ids = want.calls.map(c => c.id);
    const own = !ids.every(Boolean) || new Set(ids).size < ids.length;
    assert.deepEqual(sent.map(c => [own ? null : c.id, c.name, c.args]), want.calls.map(c => [own ? null : c.id, c.name, c.args]), 'calls');
    assert.deepEqual(Object.keys(results).sort(), sent.map(c => c.id).sort(), 'a result for each');
    if (want.signed?.length) {
      const back = body.messages.findLast(m => m.role === 'assistant').content.filter(b => /thinking$/.test(b.type));
      assert.deepEqual(back, want.signed, 'signed blocks go back unchanged');
    }
  } else if (want.words.trim() !== '') {
    assert.equal(run.requests.length, 1, 'asked once');
    assert.equal(squeezed(run.reply), squeezed(want.words));
  } else if (want.refused) {
    assert.equal(run.requests.length, 1, 'asked once');
    assert.match(run.reply, /declined/);
  } else {
    assert.equal(run.reply, 'right answer', 'an empty answer, or an error in it, is asked for again');
  }
}

if (wanted && !found) {
  test('recorded answers', { skip: `no recordings at ${folder}: set DRAGOMAN_RECORDED to their folder` }, () => {});
} else if (found) {
  const runs = runsOf(recordings().map(caseOf));
  let wild;
  before(async () => { wild = await Wild.start([], runs, { settings: { chat: { max_output_chars: 100000 } } }); });
  for (const run of runs)
    test(run.name, async () => {
      const { error } = await run.end;
      if (error) throw error;
    });
  test('no worker was harmed by them', async () => {
    await wild.done;
    await wild.stop();
    wild = null;
  });
  after(async () => { await wild?.stop().catch(() => {}); });
}
