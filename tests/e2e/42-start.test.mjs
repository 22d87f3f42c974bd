/*
 * The start of a worker: options, and signals that come before it serves.  A
 * FIFO as --env-file holds a worker in the middle of reading its settings.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BUILD, until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const PROGRAMS = { edge: 'dragoman-edge', turn: 'dragoman-turn' };
const s = sharedStack({ edges: 1, turns: 1 });

const call = (program, args) => new Promise(resolve => {
  execFile(path.join(BUILD, program), args, { env: {} }, (err, out, said) => resolve({ code: err ? err.code : 0, out, said }));
});

let starts = 0;
/* A worker that has opened ${pipe} and reads: who opens it for writing without
 * waiting is refused until then.  release() lets it read the end. */
async function reading(d, what) {
  const pipe = d.file(`pipe${++starts}`);
  execFileSync('mkfifo', [pipe]);
  const env = what === 'edge' ? { ...d.edgeEnv(), SERVER_LISTEN: `unix:${d.file(`edge${starts}.sock`)}` } : d.turnEnv();
  const w = d.child(`begun${starts}`, path.join(BUILD, PROGRAMS[what]), ['--env-file', pipe], { env });
  const said = () => fs.readFileSync(w.log, 'utf8');
  const events = () => said().split('\n').filter(l => l.startsWith('{')).map(l => JSON.parse(l).event);
  const hold = () => until(() => {
    try { return fs.openSync(pipe, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK); } catch (err) {
      if (err.code !== 'ENXIO') throw err;
      return false;
    }
  }, { what: 'it reads its settings' });
  const fd = await hold();
  return { w, events, said, release: () => fs.closeSync(fd), again: async () => fs.closeSync(await hold()) };
}

for (const [what, program] of Object.entries(PROGRAMS)) {
  s.test(`${program}: a SIGHUP in its first milliseconds ends nothing, and is a reload when it serves`, async d => {
    const { w, events, said, release, again } = await reading(d, what);
    w.signal('SIGHUP');
    release();
    await until(() => events().includes('worker_started') || w.ended !== null, { what: 'it serves' });
    assert.equal(w.ended, null, said());
    await again();
    await until(() => events().includes('config_loaded'), { what: 'the reload' });
    w.signal('SIGTERM');
    assert.equal(await w.end, 0);
  });

  s.test(`${program}: told to end before it serves, it ends as it does later`, async d => {
    const { w, events, said, release } = await reading(d, what);
    w.signal('SIGTERM');
    release();
    assert.equal(await w.end, 0, said());
    assert.ok(events().includes('worker_stopped'));
  });

  s.test(`${program}: --help, --version, and what it does not take`, async () => {
    const help = await call(program, ['--help']);
    assert.equal(help.code, 0);
    assert.match(help.out, new RegExp(`^Usage: ${program} \\[--config FILE\\] \\[--env-file FILE\\]$`, 'm'));
    for (const option of ['--config', '--env-file', '--help', '--version', 'SIGHUP', 'Exit codes']) assert.ok(help.out.includes(option), option);
    assert.match((await call(program, ['-V'])).out, new RegExp(`^${program} \\d`));
    const unknown = await call(program, ['--nothing']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.said, /^Usage: /m);
    const stray = await call(program, ['stray']);
    assert.equal(stray.code, 2);
    assert.match(stray.said, new RegExp(`^${program}: what is stray\\? See --help\\.$`, 'm'));
  });
}

s.test('a turn worker that waits for Redis ends when it is told to', async d => {
  const w = d.child('lonely', path.join(BUILD, 'dragoman-turn'), [], { env: { ...d.turnEnv(), REDIS_URL: `unix://${d.file('nowhere.sock')}` } });
  await until(() => fs.readFileSync(w.log, 'utf8').includes('redis_failed'), { what: 'it has asked' });
  w.signal('SIGTERM');
  assert.equal(await w.end, 0);
});
