/*
 * deploy/quickstart as root: whose process each program is, what it may reach,
 * and that a state keeps its workers' user.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { get, QUICKSTART, quickstart, ROOT, run, start, states, stop, top } from './quickstart.mjs';

const skip = ROOT ? false : 'not root';
const OTHER = 'games'; /* on every Debian, with a group of its own */
const uids = fs.readFileSync('/etc/passwd', 'utf8').split('\n').map(l => l.split(':'));
const named = uid => uids.find(l => l[2] === uid)?.[0];

/* The programs of a state and whose they are: {name: [users]}. */
function who(state) {
  const found = {};
  const look = pid => {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const program = path.basename(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/)[0]).replace(/:$/, '');
    (found[program] ??= new Set()).add(named(/^Uid:\t(\d+)/m.exec(status)[1]));
    for (const child of fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean)) look(child);
  };
  look(fs.readFileSync(path.join(state, 'supervisor.pid'), 'utf8').trim());
  return Object.fromEntries(Object.entries(found).map(([name, users]) => [name, [...users].sort()]));
}
const as = (user, args, options) => run('setpriv', ['--reuid', user, '--regid', user, '--clear-groups', ...args], options);
const owner = file => named(String(fs.statSync(file).uid));
const mode = file => (fs.statSync(file).mode & 0o777).toString(8);

function assertUsers(state, worker, redis = 'redis') {
  assert.deepEqual(who(state), { 'dragoman-supervise': ['root'], 'redis-server': [redis], nginx: ['root', 'www-data'], 'dragoman-turn': [worker], 'dragoman-edge': [worker] });
  for (const file of ['secrets/encryption_key', 'secrets/proxy_secret', 'log', 'log/dragoman.log']) assert.equal(owner(path.join(state, file)), worker, file);
  for (const file of ['', 'secrets', 'nginx', 'supervisor', 'environment', 'user']) assert.equal(owner(path.join(state, file)), 'root', file);
  assert.equal(owner(path.join(state, 'redis')), redis);
}

test('Redis and nginx are Debian\'s users, the workers daemon; each reaches what it needs', { skip }, async () => {
  const state = path.join(top, 'plain');
  const { port, err, curl } = await start(state, [], { ms: 280000 });
  assert.match(err, /^Users: Redis runs as redis, nginx as www-data, the workers as daemon \(another one: --user NAME\)\.$/m);
  assert.equal((await get(port, '/ready')).status, 200);
  assertUsers(state, 'daemon');
  assert.match(JSON.parse((await run('bash', ['-c', curl])).out).reply, /message is a command/);
  /* The socket is for Redis's user and the workers; the data for Redis alone. */
  const [folder, socket] = [path.join(state, 'redis'), path.join(state, 'redis/redis.sock')];
  assert.deepEqual([mode(folder), mode(socket)], ['710', '770']);
  const ping = user => as(user, ['redis-cli', '-s', socket, 'ping']);
  assert.match((await ping('daemon')).out, /PONG/);
  for (const user of ['www-data', OTHER]) assert.match((await ping(user)).err, /Permission denied/, user);
  const data = path.join(folder, 'appendonlydir');
  for (const user of ['daemon', 'www-data']) assert.notEqual((await as(user, ['ls', data])).code, 0, user);
  for (const user of ['redis', 'www-data', OTHER]) assert.notEqual((await as(user, ['cat', path.join(state, 'secrets/encryption_key')])).code, 0, user);
  assert.equal((await quickstart(state, ['--exec', '--', 'dragoman', 'doctor'])).code, 0);
  await stop(state);
});

test('--user: the state keeps it, also through --restart and a stop; what was stored stays', { skip }, async () => {
  const state = path.join(top, 'theirs');
  const { port, curl } = await start(state);
  await run('bash', ['-c', curl]);
  const key = fs.readFileSync(path.join(state, 'secrets/encryption_key'), 'utf8');
  const count = async () => JSON.parse((await quickstart(state, ['--exec', '--', 'dragoman', '--json', 'doctor'])).out).findings.find(f => f.area === 'messages').finding;
  assert.match(await count(), /^1 accepted/);

  const other = await quickstart(state, ['--restart', '--user', OTHER], { ms: 60000 });
  assert.equal(other.code, 0, other.err);
  assert.match(other.err, new RegExp(`the workers as ${OTHER} `));
  assertUsers(state, OTHER);
  assert.match(await count(), /^1 accepted/);

  /* A change that is refused leaves to those who run what is theirs. */
  const wrong = await quickstart(state, ['--restart', '--user', 'daemon'], { env: { CHAT_HOST: 'nowhere' }, ms: 60000 });
  assert.equal(wrong.code, 2, wrong.err);
  assertUsers(state, OTHER);

  const again = await quickstart(state, ['--restart'], { ms: 60000 });
  assert.equal(again.code, 0, again.err);
  assertUsers(state, OTHER);
  assert.equal((await quickstart(state, ['--upgrade'], { ms: 60000 })).code, 0);
  assertUsers(state, OTHER);
  await stop(state);
  await start(state, ['--port', String(port)]);
  assertUsers(state, OTHER);
  assert.equal(fs.readFileSync(path.join(state, 'secrets/encryption_key'), 'utf8'), key);
  assert.match(await count(), /^1 accepted/);
  await stop(state);
});

test('a state of an older version, all of it daemon\'s, goes on', { skip }, async () => {
  const state = path.join(top, 'older');
  const { curl } = await start(state);
  await run('bash', ['-c', curl]);
  await stop(state);
  fs.rmSync(path.join(state, 'user'));
  assert.equal((await run('chown', ['-hR', 'daemon:', path.join(state, 'redis')])).code, 0);
  fs.chmodSync(path.join(state, 'redis'), 0o700);
  await start(state);
  assertUsers(state, 'daemon');
  assert.match((await quickstart(state, ['--exec', '--', 'dragoman', 'doctor'])).out, /1 accepted, all accounted for/);
  await stop(state);
});

test('who reads a chat is in the log of its state, and root follows no link there', { skip }, async () => {
  const state = path.join(top, 'read');
  const { curl } = await start(state);
  await run('bash', ['-c', curl]);
  const log = path.join(state, 'log/dragoman.log');
  const shows = () => quickstart(state, ['--exec', '--', 'dragoman', 'chats', 'show', 'me', '--contents']);
  const r = await shows();
  assert.equal(r.code, 0, r.err);
  assert.match(fs.readFileSync(log, 'utf8'), /"event":"chat_contents_shown",.*"uid":0/);
  assert.equal(owner(log), 'daemon');
  /* What its owner puts in its place. */
  const precious = path.join(top, 'read-precious');
  fs.writeFileSync(precious, 'mine\n', { mode: 0o600 });
  for (const make of [['ln', '-s', precious, log], ['mkfifo', log]]) {
    fs.renameSync(log, `${log}.1`);
    assert.equal((await as('daemon', make)).code, 0);
    const refused = await shows();
    assert.equal(refused.code, 1, refused.err);
    assert.match(refused.err, /log\.file takes no line/);
    fs.rmSync(log);
    fs.renameSync(`${log}.1`, log);
  }
  assert.equal(fs.readFileSync(precious, 'utf8'), 'mine\n');
  await stop(state);
});

test('a user whose group has other members has Redis run as the same user, and it is said', { skip }, async () => {
  const state = path.join(top, 'shared');
  const { err } = await start(state, ['--user', 'nobody']);
  assert.match(err, /^Users: Redis runs as nobody, nginx as www-data, the workers as nobody /m);
  assert.match(err, /^ {2}Redis is not apart from the workers: the group nogroup of nobody has other members\. .*adduser --system --group NAME$/m);
  assertUsers(state, 'nobody', 'nobody');
  assert.deepEqual([mode(path.join(state, 'redis')), mode(path.join(state, 'redis/redis.sock'))], ['700', '700']);
  /* From there to a user with a group of its own, and back. */
  for (const [user, redis] of [['daemon', 'redis'], ['nobody', 'nobody']]) {
    const r = await quickstart(state, ['--restart', '--user', user], { ms: 60000 });
    assert.equal(r.code, 0, r.err);
    assertUsers(state, user, redis);
  }
  await stop(state);
});

test('who cannot be the workers\' user', { skip }, async () => {
  const state = path.join(top, 'never');
  for (const [name, why] of [
    ['no-such-user', /^quickstart: --user: there is no user "no-such-user"\. To make one: adduser --system --group NAME$/m],
    ['root', /--user: root is root, whose rights the workers do not need; choose another user$/m],
    ['redis', /--user: Redis and nginx become redis, and must not read the workers' secrets/],
    ['www-data', /--user: Redis and nginx become www-data, and/],
    ['a:b', /there is no user "a:b"/],
    ['0', /there is no user "0"/],
  ]) {
    const r = await quickstart(state, ['--detach', '--yes', '--user', name]);
    assert.equal(r.code, 2, r.err);
    assert.match(r.err, why);
  }
  const upgrade = await quickstart(state, ['--upgrade', '--user', OTHER]);
  assert.equal(upgrade.code, 2);
  assert.match(upgrade.err, /--upgrade leaves the settings as they are/);
  states.delete(state);
  assert.ok(!fs.existsSync(state));
});

test('--user is root\'s alone', async t => {
  const call = ['--detach', '--yes', '--state', path.join(top, 'mine'), '--user', OTHER];
  let r;
  if (!ROOT) r = await run(QUICKSTART, call);
  else if ((await as('daemon', ['test', '-x', QUICKSTART])).code !== 0) return t.skip('the clone is private');
  else r = await as('daemon', [QUICKSTART, ...call]);
  assert.equal(r.code, 2);
  assert.match(r.err, /^quickstart: --user: only root can let the workers be another user\. Leave it out: all of it runs as /m);
});
