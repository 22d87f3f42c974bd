/*
 * nginx/README.md with Debian's own nginx: its commands as they stand in the
 * page, in a copy of /etc/nginx, with the nginx.conf of the package.  A site
 * without TLS serves, then one with TLS, whose certificate comes after the
 * site that is to obtain it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort, TOP, until } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const run = promisify(execFile);
const PATH = `${process.env.PATH}:/usr/sbin`;
const has = fs.existsSync('/etc/nginx/nginx.conf') && process.getuid() === 0;

/* The blocks of commands in the section ${title} of a page. */
function blocks(page, title) {
  const text = fs.readFileSync(path.join(TOP, page), 'utf8');
  const section = text.slice(text.indexOf(`## ${title}`)).split(/^## /m)[1];
  return [...section.matchAll(/^```sh\n([^]*?)^```/gm)].map(m => m[1]);
}

let port, tls, acme;
const s = sharedStack(async () => ({ edges: 1, turns: 1, port: port = await freePort(), nginx: false, ready: false,
  before: async () => { tls = await freePort(); acme = await freePort(); } }));

/* What the page names, in the folder of the test; its privileged ports too. */
const here = (d, text) => text
  .replaceAll('/usr/local/share/dragoman/nginx', path.join(TOP, 'nginx'))
  .replaceAll('systemctl reload nginx', 'true')
  .replaceAll('./generate --http', `./generate --http --socket unix:${d.file('edge.sock')}`)
  .replaceAll('./generate --site', `./generate --site --listen 127.0.0.1:${port}`)
  .replaceAll(/nginx -t/g, `nginx -t -q -c ${d.file('etc-nginx/nginx.conf')}`)
  .replaceAll('/etc/nginx', d.file('etc-nginx'))
  .replaceAll('/etc/letsencrypt', d.file('letsencrypt'))
  .replaceAll('/var/log/nginx', d.file('log'));

/* The files as written: the same replacements, and ports that are free. */
function settle(d) {
  for (const name of ['nginx.conf', 'sites-available/dragoman', 'sites-available/default', 'snippets/dragoman-locations.conf', 'snippets/dragoman-mcp.conf']) {
    const file = d.file(`etc-nginx/${name}`);
    if (!fs.existsSync(file)) continue;
    fs.writeFileSync(file, here(d, fs.readFileSync(file, 'utf8')).replace('/run/nginx.pid', d.file('nginx.pid'))
      .replace(/listen 80( default_server)?;/, `listen 127.0.0.1:${acme}$1;`)
      .replace(/listen 443 /, `listen 127.0.0.1:${tls} `)
      .replace(/^\s*listen \[::\]:.*\n/gm, ''));
  }
}

async function commands(d, text) {
  for (const line of here(d, text).split('\n').filter(l => l && !/certbot/.test(l))) {
    if (/nginx -t/.test(line)) settle(d);
    d.said = await run('sh', ['-ec', line], { cwd: path.join(TOP, 'nginx'), env: { PATH } });
  }
}

async function reload(d) {
  d.nginx.signal('SIGTERM');
  await d.nginx.end;
  await startNginx(d, acme);
}

async function startNginx(d, at) {
  d.nginx = d.child('nginx', 'nginx', ['-c', d.file('etc-nginx/nginx.conf'), '-e', d.file('log/nginx-error.log'), '-g', 'daemon off;'], { env: { PATH } });
  await until(() => {
    assert.equal(d.nginx.ended, null, 'nginx ended');
    return d.answers({ port: at, host: '127.0.0.1' });
  }, { what: 'nginx listens' });
}

const secure = (url, ca) => new Promise((resolve, reject) => https.get({ host: '127.0.0.1', port: tls, path: url, ca, servername: 'chat.example.org', headers: { host: 'chat.example.org' } },
  res => { let text = ''; res.on('data', c => { text += c; }); res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text })); }).on('error', reject));

s.test('the page, with the nginx.conf of the package: without TLS, before and after the certificate', async (d, t) => {
  if (!has) return t.skip('needs Debian\'s nginx, and root as the page does');
  const [plain, certificate] = blocks('nginx/README.md', 'With Debian\'s nginx');
  fs.cpSync('/etc/nginx', d.file('etc-nginx'), { recursive: true, verbatimSymlinks: true });
  const [own] = (await run('dpkg-query', ['-W', '-f', '${Conffiles}\n', 'nginx-common', 'nginx']).catch(() => ({ stdout: '' }))).stdout.split('\n').filter(l => l.includes('/etc/nginx/nginx.conf'));
  if (own) {
    const { stdout } = await run('md5sum', ['/etc/nginx/nginx.conf']);
    assert.equal(stdout.split(' ')[0], own.trim().split(' ')[1], 'the nginx.conf of the package');
  }
  for (const name of ['conf.d', 'sites-enabled', 'sites-available', 'snippets'])
    fs.mkdirSync(d.file(`etc-nginx/${name}`), { recursive: true });
  fs.rmSync(d.file('etc-nginx/sites-enabled'), { recursive: true });
  fs.mkdirSync(d.file('etc-nginx/sites-enabled'));
  fs.symlinkSync('../sites-available/default', d.file('etc-nginx/sites-enabled/default'));
  await commands(d, plain);
  await startNginx(d, port);
  await d.ready();
  assert.equal((await d.say('me', 'hello')).reply, 'You said: hello');
  const wrong = await d.get('/nowhere');
  assert.equal(wrong.status, 404);
  assert.ok(wrong.json.detail);
  assert.doesNotMatch(String(wrong.headers.server), /\d/, 'no version is told');
  const large = await d.chat('x'.repeat(2 * 1024 * 1024));
  assert.equal(large.status, 413);
  assert.match(large.json.detail, /too large/);

  /* Before there is a certificate nginx starts, and only Let's Encrypt is answered. */
  const [first, ...rest] = certificate.split('\n').filter(l => l && !/certbot/.test(l));
  await commands(d, `${first}\n${rest[0]}`);
  await reload(d);
  const before = await new Promise((resolve, reject) => d.request('GET', '/', { headers: { host: 'chat.example.org' }, agent: false }).then(reject, resolve));
  assert.match(String(before), /ECONNREFUSED/, 'the site without TLS is gone');
  const port80 = async url => { d.port = acme; try { return await d.get(url, { headers: { host: 'chat.example.org' }, agent: false }); } finally { d.port = port; } };
  assert.equal((await port80('/health')).status, 301);
  assert.equal((await port80('/.well-known/acme-challenge/x')).status, 404);

  const live = d.file('letsencrypt/live/chat.example.org');
  fs.mkdirSync(live, { recursive: true });
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${live}/privkey.pem`,
    '-out', `${live}/fullchain.pem`, '-subj', '/CN=chat.example.org', '-addext', 'subjectAltName=DNS:chat.example.org', '-days', '2']);
  const certified = certificate.replaceAll('chat.example.org >', `chat.example.org --certificate ${live}/fullchain.pem --key ${live}/privkey.pem >`)
    .split('\n').filter(l => l && !/certbot/.test(l)).slice(2).join('\n');
  await commands(d, certified);
  await reload(d);
  const site = fs.readFileSync(d.file('etc-nginx/sites-available/dragoman'), 'utf8');
  const { stderr: version } = await run('nginx', ['-v'], { env: { PATH } });
  const [, major, minor, patch] = /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(version).map(Number);
  const isNew = major > 1 || minor > 25 || (minor === 25 && patch >= 1);
  assert.equal(/^\thttp2 on;$/m.test(site), isNew);
  assert.equal(/ssl http2;/.test(site), !isNew);
  assert.doesNotMatch(fs.readFileSync(d.file('log/nginx'), 'utf8') + d.said.stderr, /deprecated|duplicate/);
  const r = await secure('/health', fs.readFileSync(`${live}/fullchain.pem`));
  assert.equal(r.status, 200, r.text);
  assert.ok(r.headers['strict-transport-security']);
});
