/*
 * dragoman-supervise: whatever is killed comes back within a second, whoever
 * kills the supervisor leaves nobody behind, a restart loses no connection.
 * Here with small shell processes; 22-quickstart kills the product's.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { BUILD, SLOW, sleep, until } from './dragoman.mjs';

const PROGRAM = path.join(BUILD, 'dragoman-supervise');
const ROOT = process.getuid() === 0;
const top = fs.mkdtempSync(path.join(os.tmpdir(), 'ds-'));
fs.chmodSync(top, 0o755);
const running = new Set();
const LONG_NAME = `SECRET_${'LONG_'.repeat(60)}KEY`;
let folders = 0;

after(async () => {
  for (const s of running) s.process.kill('SIGTERM');
  for (const s of running) await s.end;
  fs.rmSync(top, { recursive: true, force: true });
});

function folder(lines) {
  const dir = path.join(top, String(++folders));
  fs.mkdirSync(path.join(dir, 'supervisor'), { recursive: true });
  fs.writeFileSync(path.join(dir, 'processes'), `${lines.map(l => l.join('\t')).join('\n')}\n`);
  return dir;
}

function supervise(dir, args = []) {
  const p = spawn(PROGRAM, [dir, ...args], { env: { PATH: process.env.PATH, SECRET_KEY: 'k', [LONG_NAME]: 'k', OTHER: 'o' }, stdio: ['ignore', 'pipe', 'pipe'] });
  const s = { dir, process: p, out: '', err: '' };
  p.stdout.on('data', c => { s.out += c; });
  p.stderr.on('data', c => { s.err += c; });
  /* exit, not close: what is left behind may hold the pipes. */
  s.end = new Promise(resolve => p.on('exit', (code, signal) => { running.delete(s); resolve(code ?? signal); }));
  running.add(s);
  return s;
}

const lives = pid => {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const children = pid => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
const read = (dir, name) => { try { return fs.readFileSync(path.join(dir, name), 'utf8'); } catch { return ''; } };
const last = (dir, name) => Number(read(dir, name).trim().split('\n').at(-1));
const shell = (name, count, script, env = '-') => ['run', name, String(count), '-', env, 'sh', '-c', script];
const SLEEPS = 'exec sleep 1000';

/* One that ran for a second comes back after 100 ms, one that did not after 900.
 * A busy machine may add more than the 100 that are left of a second, but not to
 * most of them, and not as much as another wait. */
const MORE_MS = 600 * SLOW;
const median = list => [...list].sort((a, b) => a - b)[list.length >> 1];

test('a killed process is back within a second, and again after each kill', async () => {
  const s = supervise(folder([shell('a', 2, `echo $$ >>pids; ${SLEEPS}`), shell('b', 1, SLEEPS)]));
  await until(() => children(s.process.pid).length === 3, { what: 'three processes' });
  const back = async victim => {
    const at = performance.now();
    process.kill(victim, 'SIGKILL');
    await until(() => { const now = children(s.process.pid); return now.length === 3 && !now.includes(victim); }, { every: 5, what: 'it is back' });
    return performance.now() - at;
  };
  const young = [], old = [];
  for (let i = 0; i < 3; i++) young.push(await back(children(s.process.pid).at(-1)));
  assert.ok(median(young) < 900 + MORE_MS, `${young} ms`);
  await sleep(1100);
  for (let i = 0; i < 3; i++) old.push(await back(children(s.process.pid)[0]));
  assert.ok(median(old) < 100 + MORE_MS, `${old} ms`);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
  assert.match(s.err, /ended: signal 9; started again/);
});

test('one that cannot run is tried for ever, without a busy loop', async () => {
  const s = supervise(folder([shell('bad', 1, 'echo x >>tries; exit 5'), ['run', 'gone', '1', '-', '-', '/nonexistent/program'], shell('good', 1, SLEEPS)]));
  await until(() => read(s.dir, 'tries').length >= 8, { ms: 15000, what: 'four tries' });
  assert.ok(s.err.match(/bad 1/g).length <= 20);
  assert.match(read(s.dir, 'supervisor/gone.err'), /cannot start \/nonexistent\/program: No such file/);
  assert.equal(s.process.exitCode, null);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('stops in the reverse order, one group after the other', async () => {
  const ends = name => `trap 'echo ${name} >>order; exit 0' TERM; echo up >>${name}; while :; do sleep 0.02; done`;
  const s = supervise(folder([shell('first', 1, ends('first')), shell('second', 2, ends('second')), shell('third', 1, ends('third'))]));
  await until(() => read(s.dir, 'second').length === 6 && read(s.dir, 'first') && read(s.dir, 'third'), { what: 'all run' });
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
  assert.deepEqual(read(s.dir, 'order').trim().split('\n'), ['third', 'second', 'second', 'first']);
  assert.equal(read(s.dir, 'supervisor.pid'), '');
});

test('those below a wait start when its file is there, or after five seconds; a file of before does not count', async () => {
  const dir = folder([shell('first', 1, `echo 1 >>first; while [ ! -e go ]; do sleep 0.02; done; : >there; ${SLEEPS}`), ['wait', 'there'], shell('second', 1, `echo 2 >>second; ${SLEEPS}`)]);
  fs.writeFileSync(path.join(dir, 'there'), '');
  const s = supervise(dir);
  await until(() => read(dir, 'first'), { what: 'the first runs' });
  assert.equal(fs.existsSync(path.join(dir, 'there')), false);
  assert.equal(read(dir, 'second'), '');
  fs.writeFileSync(path.join(dir, 'go'), '');
  await until(() => read(dir, 'second'), { ms: 4000, what: 'the second runs' });
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
  const never = folder([['wait', 'never'], shell('second', 1, `echo 2 >>second; ${SLEEPS}`)]);
  const t = supervise(never);
  await until(() => read(never, 'second'), { ms: 15000, what: 'it does not wait for ever' });
  t.process.kill('SIGTERM');
  assert.equal(await t.end, 0);
});

test('SIGHUP is passed on', async () => {
  const s = supervise(folder([shell('a', 2, "trap 'echo hup >>hups' HUP; echo up >>ups; while :; do sleep 0.02; done")]));
  await until(() => read(s.dir, 'ups').length === 6, { what: 'both run' });
  s.process.kill('SIGHUP');
  await until(() => read(s.dir, 'hups').length === 8, { what: 'both were told' });
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

/* Says that it serves, as sd_notify(3) does. */
const READY = `use Socket; $| = 1;
  sub note { open(my $f, '>>', shift) or die; print $f "@_\\n"; close $f }
  sub ready { my $to = $ENV{NOTIFY_SOCKET}; $to =~ s/^@/\\0/; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); send($s, 'READY=1', 0, pack_sockaddr_un($to)) or die "$!" }`.replace(/\s+/g, ' ');
const worker = (name, count, program) => ['worker', name, String(count), '-', '-', 'perl', '-e', `${READY} ${program.replace(/\s+/g, ' ')}`];

test('SIGUSR2: workers are followed by their next generation, which serves before the former is told to end', async () => {
  /* Who is told to end does so when a file is there. */
  const s = supervise(folder([shell('run', 1, 'echo $$ >>others; exec sleep 1000'), worker('w', 2, `
    $SIG{TERM} = sub { note('log', 'told', $$); select(undef, undef, undef, 0.02) until -e 'go'; note('log', 'end', $$); exit };
    note('log', 'up', $$); select(undef, undef, undef, 0.02) until -e 'serve'; ready(); sleep 1000 while 1`)]));
  const log = what => read(s.dir, 'log').split('\n').filter(l => l.startsWith(what)).map(l => Number(l.split(' ')[1]));
  await until(() => log('up').length === 2 && read(s.dir, 'others'), { what: 'all run' });
  s.process.kill('SIGUSR2');
  await until(() => log('up').length === 4, { what: 'the next generation' });
  assert.equal(log('told').length, 0);
  fs.writeFileSync(path.join(s.dir, 'serve'), '');
  await until(() => log('told').length === 2, { what: 'the former are told' });
  assert.deepEqual(log('told').sort(), log('up').slice(0, 2).sort());
  assert.equal(children(s.process.pid).length, 5, 'the former still end');
  /* Asked again: a third generation only when the first has gone. */
  s.process.kill('SIGUSR2');
  await until(() => s.err.match(/renewing/g).length === 2, { what: 'heard' });
  assert.equal(log('up').length, 4);
  fs.writeFileSync(path.join(s.dir, 'go'), '');
  await until(() => log('end').length === 4, { what: 'the second generation ends, too' });
  assert.equal(log('up').length, 6);
  await until(() => children(s.process.pid).length === 3, { what: 'as many as before' });
  assert.equal(read(s.dir, 'others').trim().split('\n').length, 1, 'no worker, not renewed');
  assert.match(s.err, /w 1: \d+ follows \d+/);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('SIGUSR2 and a program that cannot serve: the former goes on, until one can', async () => {
  const s = supervise(folder([worker('w', 1, "if (-e 'broken') { note('tries', 'x'); exit 2 } note('ups', $$); ready() unless -e 'mute'; sleep 1000")]));
  await until(() => read(s.dir, 'ups'), { what: 'it runs' });
  const first = last(s.dir, 'ups');
  fs.writeFileSync(path.join(s.dir, 'broken'), '');
  fs.writeFileSync(path.join(s.dir, 'mute'), '');
  s.process.kill('SIGUSR2');
  await until(() => read(s.dir, 'tries').length >= 4, { what: 'two tries' });
  assert.ok(lives(first));
  /* The next one runs, and never says that it serves. */
  fs.rmSync(path.join(s.dir, 'broken'));
  await until(() => last(s.dir, 'ups') !== first, { what: 'the next one runs' });
  assert.ok(lives(first));
  fs.rmSync(path.join(s.dir, 'mute'));
  process.kill(last(s.dir, 'ups'), 'SIGKILL');
  await until(() => !lives(first), { what: 'the next generation' });
  const second = last(s.dir, 'ups');
  assert.ok(lives(second));
  /* And stopped in the middle of it: neither is left. */
  fs.writeFileSync(path.join(s.dir, 'broken'), '');
  s.process.kill('SIGUSR2');
  await until(() => read(s.dir, 'tries').length >= 6, { what: 'a try' });
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
  assert.ok(!lives(second));
});

test('stopped while a former one ends: that is not told twice; the table says how long it may take', async () => {
  const s = supervise(folder([['stop', '2'], worker('w', 1, `
    $SIG{TERM} = sub { note('told', $$) }; note('ups', $$); ready(); while (1) { sleep 1000; exit if -e 'go' }`)]));
  await until(() => read(s.dir, 'ups'), { what: 'it runs' });
  const first = last(s.dir, 'ups');
  s.process.kill('SIGUSR2');
  await until(() => read(s.dir, 'told'), { what: 'it is told to end' });
  const second = last(s.dir, 'ups');
  const at = performance.now();
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
  assert.ok(performance.now() - at > 1000, 'killed only when the time is over');
  assert.deepEqual(read(s.dir, 'told').trim().split('\n').map(Number), [first, second]);
  assert.ok(!lives(first) && !lives(second));
});

test('what a killed process leaves in its group ends with it', async () => {
  const s = supervise(folder([shell('master', 1, 'sleep 1000 & echo $! >>workers; echo $$ >>masters; wait')]));
  await until(() => read(s.dir, 'masters').endsWith('\n'), { what: 'it runs' });
  const worker = last(s.dir, 'workers');
  process.kill(last(s.dir, 'masters'), 'SIGKILL');
  await until(() => !lives(worker), { what: 'the worker is gone' });
  s.process.kill('SIGTERM');
  await s.end;
});

test('kill -9 of the supervisor leaves nobody; the next one waits for them', async () => {
  const slow = "trap 'sleep 0.7; echo old >>order; exit 0' TERM; echo new >>order; echo $$ >>pids; while :; do sleep 0.02; done";
  const dir = folder([shell('slow', 1, slow), shell('quick', 1, SLEEPS)]);
  const s = supervise(dir);
  await until(() => read(dir, 'pids').endsWith('\n') && children(s.process.pid).length === 2, { what: 'both run' });
  const pids = children(s.process.pid);
  process.kill(s.process.pid, 'SIGKILL');
  await s.end;
  const next = supervise(dir);
  await until(() => read(dir, 'order').endsWith('old\nnew\n'), { what: 'the next generation' });
  assert.equal(read(dir, 'order'), 'new\nold\nnew\n', 'never two at once');
  for (const pid of pids) assert.ok(!lives(pid), `${pid} was left behind`);
  const third = supervise(dir);
  assert.equal(await third.end, 3);
  assert.match(third.err, /already running/);
  next.process.kill('SIGTERM');
  assert.equal(await next.end, 0);
});

test('the socket outlives its server: connections wait', async () => {
  /* perl answers one connection and ends; each further one waits for the next. */
  const serve = 'use Socket; $ENV{LISTEN_PID} == $$ or die; open(my $l, "+<&=", 3) or die; accept(my $c, $l) or die; syswrite($c, "hello"); close($c);';
  const s = supervise(folder([['listen', 'a', 'a.sock', '0600', '-'], ['run', 'one', '1', '-', '-', 'socket=a', 'perl', '-e', serve]]));
  await until(() => fs.existsSync(path.join(s.dir, 'a.sock')), { what: 'the socket' });
  const ask = () => new Promise((resolve, reject) => {
    let text = '';
    net.connect(path.join(s.dir, 'a.sock')).on('data', c => { text += c; }).on('end', () => resolve(text)).on('error', reject);
  });
  await until(async () => await ask() === 'hello', { what: 'an answer' });
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), ['hello', 'hello', 'hello']);
  assert.equal(fs.statSync(path.join(s.dir, 'a.sock')).mode & 0o777, 0o600);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('each process gets the sockets that it names, and no other', async () => {
  /* Which descriptors from 3 on are sockets, and what they are called. */
  const show = name => `ls -l /proc/self/fd | grep -c 'socket:' >${name}.n; echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID == $$))" >${name}.tmp; mv ${name}.tmp ${name}; ${SLEEPS}`;
  const run = (name, ...sockets) => ['run', name, '1', '-', 'none', ...sockets.map(n => `socket=${n}`), 'sh', '-c', show(name)];
  const s = supervise(folder([['listen', 'first', 'first.sock', '0600', '-'], ['listen', 'second', 'second.sock', '0666', '-'],
    run('none'), run('one', 'second'), run('both', 'second', 'first')]));
  await until(() => read(s.dir, 'none') && read(s.dir, 'one') && read(s.dir, 'both'), { what: 'all wrote' });
  assert.deepEqual(['none', 'one', 'both'].map(n => read(s.dir, n).trim()), ['0', '1 second 1', '2 second:first 1']);
  assert.deepEqual(['none', 'one', 'both'].map(n => Number(read(s.dir, `${n}.n`))), [0, 1, 2]);
  /* The supervisor holds each socket once. */
  const held = fs.readdirSync(`/proc/${s.process.pid}/fd`).map(fd => { try { return fs.readlinkSync(`/proc/${s.process.pid}/fd/${fd}`); } catch { return ''; } }).filter(l => l.startsWith('socket:'));
  assert.equal(new Set(held).size, held.length, held.join(' '));
  assert.deepEqual(['first', 'second'].map(n => fs.statSync(path.join(s.dir, `${n}.sock`)).mode & 0o777), [0o600, 0o666]);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('reload=no: no SIGHUP; a worker gets it when it serves', async () => {
  const s = supervise(folder([['run', 'deaf', '1', '-', '-', 'reload=no', 'perl', '-e', `${READY} $SIG{HUP} = sub { note('deaf', 'hup') }; note('deaf', 'up'); sleep 1000 while 1`.replace(/\s+/g, ' ')],
    worker('w', 1, "note('log', 'up'); select(undef, undef, undef, 0.02) until -e 'serve'; $SIG{HUP} = sub { note('log', 'hup') }; ready(); sleep 1000 while 1"),
    ['run', 'r', '1', '-', '-', 'perl', '-e', `${READY} $SIG{HUP} = sub { note('r', 'hup') }; note('r', 'up'); sleep 1000 while 1`.replace(/\s+/g, ' ')]]));
  await until(() => read(s.dir, 'deaf') && read(s.dir, 'log') && read(s.dir, 'r'), { what: 'all run' });
  s.process.kill('SIGHUP');
  await until(() => read(s.dir, 'r') === 'up\nhup\n', { what: 'who takes it was told' });
  /* The worker would have ended. */
  fs.writeFileSync(path.join(s.dir, 'serve'), '');
  await until(() => read(s.dir, 'log') === 'up\nhup\n', { what: 'the worker is told when it serves' });
  s.process.kill('SIGHUP');
  await until(() => read(s.dir, 'log') === 'up\nhup\nhup\n' && read(s.dir, 'r') === 'up\nhup\nhup\n', { what: 'and again' });
  assert.equal(read(s.dir, 'deaf'), 'up\n');
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('a worker can say that it serves, whatever its environment leaves out', async () => {
  const one = (name, env) => Object.assign(worker(name, 1, `$SIG{HUP} = sub { note('${name}', 'hup') }; note('${name}', 'up'); ready(); sleep 1000 while 1`), { 4: env });
  const s = supervise(folder([one('none', 'none'), one('some', 'NOTIFY_*')]));
  const both = text => () => read(s.dir, 'none') === text && read(s.dir, 'some') === text;
  await until(both('up\n'), { what: 'both run' });
  s.process.kill('SIGHUP');
  await until(both('up\nhup\n'), { what: 'both are told' });
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('as many processes as a large machine has', async () => {
  const s = supervise(folder([shell('a', 100, SLEEPS)]));
  await until(() => children(s.process.pid).length === 100, { what: 'a hundred processes' });
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('environment: all, none, or without some names', async () => {
  const show = name => `env >${name}.tmp; mv ${name}.tmp ${name}; ${SLEEPS}`;
  const s = supervise(folder([shell('all', 1, show('all')), shell('some', 1, show('some'), `${'NOT_HERE,'.repeat(70)}*_KEY,*_KEY_FILE`), shell('none', 1, show('none'), 'none')]));
  await until(() => read(s.dir, 'all') && read(s.dir, 'some') && read(s.dir, 'none'), { what: 'all wrote' });
  assert.match(read(s.dir, 'all'), /^SECRET_KEY=k$/m);
  assert.match(read(s.dir, 'some'), /^OTHER=o$/m);
  assert.doesNotMatch(read(s.dir, 'some'), /SECRET_/);
  assert.doesNotMatch(read(s.dir, 'none'), /SECRET_KEY|OTHER/);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('a user, in folders that only root may enter', async t => {
  if (!ROOT) return t.skip('not root');
  const secret = path.join(top, 'secret');
  fs.mkdirSync(secret, { mode: 0o700 });
  const dir = path.join(secret, 'state');
  fs.mkdirSync(path.join(dir, 'supervisor'), { recursive: true });
  fs.chmodSync(dir, 0o711);
  fs.mkdirSync(path.join(dir, 'theirs'));
  fs.chownSync(path.join(dir, 'theirs'), 1, 1);
  fs.copyFileSync('/bin/sh', path.join(secret, 'sh'));
  fs.chmodSync(path.join(secret, 'sh'), 0o755);
  fs.writeFileSync(path.join(dir, 'processes'), ['run', 'a', '1', 'daemon', '-', path.join(secret, 'sh'), '-c', `id -un >theirs/t && mv theirs/t theirs/who; ${SLEEPS}`].join('\t') + '\n');
  const s = supervise(dir);
  await until(() => read(dir, 'theirs/who'), { what: 'it runs' });
  assert.equal(read(dir, 'theirs/who'), 'daemon\n');
  const once = supervise(dir, ['--run', 'daemon', 'sh', '-c', 'id -un; exit 4']);
  assert.equal(await once.end, 4);
  assert.equal(once.out, 'daemon\n');
  const group = supervise(dir, ['--run', 'www-data:daemon', 'sh', '-c', 'id -un; id -gn; id -Gn']);
  assert.equal(await group.end, 0);
  assert.equal(group.out, 'www-data\ndaemon\ndaemon\n');
  assert.equal(await supervise(dir, ['--run', 'daemon:no-such', 'true']).end, 1);
  s.process.kill('SIGTERM');
  assert.equal(await s.end, 0);
});

test('a wrong table or command line is said at once', async () => {
  for (const [dir, message, code] of [
    [folder([['run', 'a', '1']]), /not understood in processes/, 1],
    [folder([['stop', 'never']]), /not understood in processes/, 1],
    ...['x', '2x', '', '0', '-1', '+1', '99999999999'].map(n => [folder([shell('a', n, SLEEPS)]), /not understood in processes: run\ta/, 1]),
    ...['rw', '0888', '', '1777', '-1'].map(mode => [folder([['listen', 'a', 'a.sock', mode, '-']]), /not understood in processes: listen\ta/, 1]),
    [folder([shell('a', 257, SLEEPS)]), /more than 256 processes/, 1],
    [folder([['listen', 'a.sock', '0600', '-']]), /not understood in processes/, 1],
    [folder([['run', 'a', '1', '-', '-', 'socket=a', 'sh']]), /not understood in processes: run.*socket=a/, 1],
    [folder([['run', 'a', '1', '-', '-', 'reload=perhaps', 'sh']]), /not understood in processes/, 1],
    [folder([['run', 'a', '1', '-', '-', 'reload=no']]), /not understood in processes/, 1],
    [folder(Array.from({ length: 8 }, (_, i) => ['listen', `s${i}`, `s${i}.sock`, '0600', '-'])), /not understood in processes: listen\ts7/, 1],
    /* Who is not root becomes nobody else, and looks nobody up. */
    ...ROOT ? [[folder([['run', 'a', '1', 'nobody-here', '-', 'sh']]), /no such user/, 1]] : [],
    [path.join(top, 'nowhere'), /cannot enter/, 1],
    ['--help', /^Usage:/, 2],
  ]) {
    const s = supervise(dir);
    /* A user is looked up when the process starts: it is tried again. */
    if (/no such user/.test(message.source)) {
      await until(() => message.test(read(dir, 'supervisor/a.err')) || message.test(s.err), { what: String(message) });
      s.process.kill('SIGTERM');
      await s.end;
      continue;
    }
    assert.equal(await s.end, code);
    await until(() => message.test(s.err), { what: String(message) });
  }
});
