/*
 * What the cases send, given to the readers alone: each first answer that is
 * one (status 200), whole, in one-byte pieces, with each end of lines, and cut
 * at every byte.  What must hold of them is in tests/unit/cuts.h; what they
 * mean, the cases say.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { readCases } from './harness.mjs';
import { WIRES } from './wire.mjs';

const run = promisify(execFile);
const BUILD = process.env.DRAGOMAN_BUILD;
const LONGEST = 16 * 1024; /* of a body: longer ones are floods, and cost most of the time */
const LEAST = 100; /* fewer would mean that they are no longer found */
const names = (process.env.WILD ?? '').split(/[ ,]+/).filter(Boolean);
const { chosen } = await readCases(names);

/* A question as the double gets it. */
function question(w, key) {
  const schema = { type: 'object', properties: { text: { type: 'string' } } };
  const tool = w.name === 'openai' ? { type: 'function', function: { name: 'echo', description: 'e', parameters: schema } } : { name: 'echo', description: 'e', input_schema: schema };
  const body = { model: 'm', stream: true, max_tokens: 100, messages: [...w.name === 'openai' ? [{ role: 'system', content: 's' }] : [], { role: 'user', content: `x [wild:${key}]` }], tools: [tool] };
  return { http: 'POST', path: w.path ?? '/', headers: {}, body, at: 0, aborted: false };
}

/* The body's bytes; null: it is no plain answer, or a cut within a line of it may be between two events. */
function bytesOf(a) {
  if (!a?.pieces || a.raw || a.status !== 200 || Object.keys(a.headers ?? {}).some(h => /^content-encoding$/i.test(h))) return null;
  const bytes = Buffer.concat(a.pieces.filter(p => typeof p !== 'number').map(p => Buffer.from(p)));
  return bytes.length <= LONGEST && !/\}(data|event):/.test(bytes) ? bytes : null;
}

const found = [];
for (const c of chosen)
  for (const wire of c.wires)
    for (const variant of c.variants) {
      const w = WIRES[wire], req = question(w, `${c.name}/${variant}/${wire}`);
      const answer = await (async () => c.answer.call(c, req.body, 0, variant, w, req))().catch(() => null);
      const bytes = bytesOf(answer);
      if (bytes) found.push({ name: [wire, c.name, variant].filter(Boolean).join('-').replace(/[^\w-]+/g, '_'), bytes });
    }
/* Many a case sends what another one sends: the reader of a wire reads it once. */
const streams = [...new Map(found.map(f => [`${f.name.split('-')[0]} ${f.bytes.toString('latin1')}`, f])).values()];

/* One process for each processor, the streams dealt by length. */
function groups() {
  const out = Array.from({ length: os.availableParallelism() }, () => []);
  for (const [i, f] of streams.toSorted((a, b) => b.bytes.length - a.bytes.length).entries()) out[i % out.length].push(f);
  return out.filter(g => g.length);
}

/* Each copy of a reader lives for a moment: what is freed need not be kept for the 256 MiB that follow, and an origin of
 * three functions tells which one it was.  That is half of the time. */
const ASAN_OPTIONS = [process.env.ASAN_OPTIONS, 'quarantine_size_mb=2', 'malloc_context_size=3'].filter(Boolean).join(':');

if (found.length || !names.length) {
  let folder;
  before(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dragoman-cuts-')); });
  test('streams of the cases may end anywhere', async () => {
    assert.ok(names.length || found.length >= LEAST, `${found.length} streams`);
    for (const f of streams) fs.writeFileSync(path.join(folder, f.name), f.bytes);
    await run('make', ['-s', '-C', BUILD, 'tests/unit/cut_streams']);
    const failed = await Promise.all(groups().map(g => run(path.join(BUILD, 'tests/unit/cut_streams'), g.map(f => path.join(folder, f.name)),
      { maxBuffer: 1 << 24, env: { ...process.env, ASAN_OPTIONS } })
      .then(() => '', e => `${e.stdout}\n${e.stderr}`.split('\n').filter(l => /ERROR|FAILED|runtime error|SUMMARY/.test(l)).join('\n') || e.message)));
    assert.equal(failed.filter(Boolean).join('\n'), '');
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
}
