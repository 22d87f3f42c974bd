/*
 * dragoman chat as a person has it: a pseudo terminal, keys, and a screen that
 * shows what is there to see; and as a program has it: a question, a pipe, an
 * exit code.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { BUILD, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';
import { CHAT_TOKEN } from '../doubles/memcp.mjs';
import { KEY, PASTE, terminal } from './terminal.mjs';

const DRAGOMAN = path.join(BUILD, 'dragoman');
const s = sharedStack({ edges: 1, turns: 1, settings: { chat: { max_input_chars: 100000, wait: '60s' } } });
const CTRL = Object.fromEntries([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((c, i) => [c, String.fromCharCode(i + 1)]));
/* The editing tests need libedit; without it plain input is tested. */
const LIBEDIT = fs.readFileSync(path.join(BUILD, 'config.h'), 'utf8').includes('#define HAVE_LIBEDIT 1');
const edit = LIBEDIT ? s.test : name => s.test(name, (d, t) => t.skip('built without libedit'));

let homes = 0, chats = 0;
const home = d => { const dir = d.file(`home${homes++}`); fs.mkdirSync(dir); return dir; };
const environment = (d, more = {}) => ({ ...d.turnEnv(), TERM: 'xterm-256color', HOME: d.file('nobody'), DRAGOMAN_URL: `http://127.0.0.1:${d.port}`, ...more });

/* dragoman chat on a terminal, with its first prompt. */
async function chat(d, { args = [], env, ready = true, ...options } = {}) {
  const t = terminal([DRAGOMAN, 'chat', ...args.includes('--chat-id') ? [] : ['--chat-id', `chat-${chats++}`], ...args], { env: environment(d, env), cwd: d.dir, ...options });
  /* A sanitizer's finding in it fails the test. */
  t.end.then(() => fs.existsSync(d.file('log')) && fs.appendFileSync(d.file('log/terminal'), `${t.raw}\n${t.stderr}`));
  if (ready) await t.prompts(1);
  return t;
}
async function leave(t) {
  t.type('\x04');
  assert.equal(await t.ends(), 0, t.text());
}
/* What the model was asked last. */
const asked = d => d.model.last().body.messages.findLast(m => m.role === 'user').content;
/* Type ${keys}, and wait until the model has had a message. */
async function sends(d, t, keys) {
  const before = d.model.requests.length;
  t.type(keys);
  await until(() => d.model.requests.length > before, { what: `a message is sent: ${t.text()}` });
  return asked(d);
}

s.test('the greeting, a conversation, leaving', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--chat-id', 'greeted'] });
  assert.match(t.text(), new RegExp(`Talking to http://127.0.0.1:${d.port} as greeted`));
  assert.match(t.text(), /Model: openai\/gpt-test\. Tools: \d/);
  t.type('hello there\r');
  await t.sees('You said: hello there');
  await t.prompts(2);
  assert.equal(d.model.last().body.stream, true);
  t.type('   \r');
  await t.prompts(3);
  await leave(t);
  assert.equal(d.model.requests.length, 1, 'blanks alone are no message');
  for (const word of ['exit\r', 'quit\r', ' quit \r', '/quit\r', '/exit\r', 'EXIT\r']) {
    const u = await chat(d);
    u.type(word);
    assert.equal(await u.ends(), 0, u.text());
  }
  assert.equal(d.model.requests.length, 1);
});

s.test('Ctrl-C clears the line, and leaves when it is empty twice', async d => {
  d.model.clear();
  const t = await chat(d);
  t.type('not this');
  await t.sees('you> not this');
  t.type('\x03');
  await t.sees('you> not this^C');
  await t.prompts(2);
  t.type('\x03');
  await t.sees('Ctrl-C again');
  await t.prompts(3);
  assert.equal(await sends(d, t, 'this\r'), 'this', 'one that is not followed by another leaves nothing');
  await t.sees('You said: this');
  t.type('\x03');
  await t.sees(x => x.text().split('Ctrl-C again').length === 3);
  t.type('\x03');
  assert.equal(await t.ends(), 0);
});

s.test('Ctrl-C stops an answer: before its first word, and in its middle', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--chat-id', 'stopped'] });
  const before = d.model.requests.length;
  d.model.push({ text: 'never shown', hang: new Promise(() => {}) });
  t.type('a question that takes long\r');
  await until(() => d.model.requests.length > before);
  t.type('\x03');
  await t.sees('stopping');
  await t.prompts(2);
  await until(() => d.model.requests[before].aborted, { what: 'the model is not asked any further' });

  d.model.clear();
  d.model.push({ text: 'first words and then very many more of them', pieces: 8, drip: 2000 });
  t.type('another one\r');
  await t.sees('first');
  t.type('\x03');
  await t.prompts(3);
  assert.doesNotMatch(t.text(), /many more of them|never shown/);
  d.model.clear();
  assert.equal(await sends(d, t, 'are you still there?\r'), 'are you still there?');
  await t.sees('You said: are you still there?');
  await leave(t);
  await d.settled();
});

edit('keys edit the line', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--no-history'] });
  const cases = [
    [`abd${KEY.left}c\r`, 'abcd'],
    [`bc${KEY.home}a${KEY.end}d\r`, 'abcd'],
    [`bc${CTRL.A}a${CTRL.E}d\r`, 'abcd'],
    [`abcx${KEY.backspace}d\r`, 'abcd'],
    [`abxcd${KEY.left}${KEY.left}${KEY.left}${KEY.delete}\r`, 'abcd'],
    [`one two${CTRL.W}three\r`, 'one three'],
    [`gone${CTRL.U}kept\r`, 'kept'],
    [`keep and cut${'\x1b[1;5D'.repeat(2)}${CTRL.K}this\r`, 'keep this'],
    [`ab${KEY.pageUp}\x1b[24~\x1b[1;2Pcd\r`, 'abcd'],
    [`first${KEY.altEnter}second\r`, 'first\nsecond'],
    ['a\tb\r', /^a\t?b$/],
  ];
  for (const [keys, wanted] of cases) {
    const got = await sends(d, t, keys);
    if (wanted instanceof RegExp) assert.match(got, wanted);
    else assert.equal(got, wanted, JSON.stringify(keys));
    await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  }
  /* As the bytes of one key come apart on a slow line. */
  t.type('abd');
  for (const byte of KEY.left) t.type(byte);
  await t.sees('you> abd');
  await until(() => t.column() === 7);
  assert.equal(await sends(d, t, 'c\r'), 'abcd');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

edit('~/.editrc: whose fingers know vi', async d => {
  d.model.clear();
  const HOME = home(d);
  fs.writeFileSync(path.join(HOME, '.editrc'), 'bind -v\n');
  const t = await chat(d, { args: ['--no-history'], env: { HOME } });
  t.type('hello world');
  await t.sees('you> hello world');
  t.type('\x1b');
  await until(() => t.column() === 15, { what: 'a command is expected' });
  assert.equal(await sends(d, t, `0cwbye\x1b${KEY.left}iX${KEY.end}Y\r`), 'bXye worldY');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

edit('characters that are wide, or several that are one', async d => {
  d.model.clear();
  for (const unicode of ['11', '6']) { /* two kinds of terminals: how wide are emoji? */
    const t = await chat(d, { args: ['--no-history'], unicode });
    for (const [typed, back, wanted] of [
      ['漢字かな', 2, '漢字Xかな'],
      ['Cafe\u0301 noir', 5, 'Cafe\u0301X noir'],
      ['Cafe\u0301 noir', 6, 'CafXe\u0301 noir'],
      ['a👍🏽b👩‍💻c', 2, 'a👍🏽bX👩‍💻c'],
      ['x🇩🇪🇫🇷y', 2, 'x🇩🇪X🇫🇷y'],
      ['한국어 텍스트', 3, '한국어 X텍스트'],
      ['สวัสดี', 1, 'สวัสXดี'],
    ]) {
      t.type(typed + KEY.left.repeat(back));
      await t.sees(x => x.row().trimEnd() === `you> ${typed}`);
      assert.equal(await sends(d, t, 'X\r'), wanted);
      await t.sees(`you> ${wanted}`);
      await t.sees(x => /^you>$/.test(x.row().trimEnd()));
    }
    /* What was one character to type is one to delete. */
    assert.equal(await sends(d, t, `ab👩‍💻${KEY.backspace}${KEY.backspace}c\r`), 'ac');
    await t.sees(x => /^you>$/.test(x.row().trimEnd()));
    /* The cursor stands where the terminal draws it. */
    t.type('漢字e\u0301x');
    await t.sees('you> 漢字e\u0301x');
    await until(() => t.column() === 5 + 4 + 1 + 1);
    t.type(KEY.left);
    await until(() => t.column() === 5 + 4 + 1);
    t.type('\x03');
    await t.sees('^C');
    await leave(t);
  }
});

s.test('a paste of several lines is one message, sent by Enter', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--no-history'] });
  t.type(`${PASTE[0]}if x:\r\ty = "é"\r\n\r\nend\r${PASTE[1]}`);
  await t.sees('you> if x:\n        y = "é"\n\nend');
  assert.equal(d.model.requests.length, 0);
  assert.equal(await sends(d, t, ' # mine\r'), 'if x:\n\ty = "é"\n\nend # mine');
  await t.sees('You said: if x:');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  /* Controls in it are no keys. */
  assert.equal(await sends(d, t, `${PASTE[0]}a\x1b[31mb\x03c\x7f\x04d\x00${PASTE[1]}\r`).catch(() => ''), 'a[31mbcd');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  /* Longer than the screen: its end is there to see, and then all of it. */
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`);
  t.type(PASTE[0] + lines.join('\r') + PASTE[1]);
  await t.sees('line 59');
  assert.equal(await sends(d, t, '\r'), lines.join('\n'));
  await t.sees(`you> ${lines.slice(0, 40).join('\n')}`);
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

s.test('no bracketed paste: each line is a message, and none is lost', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--no-history'] });
  t.type('first\rsecond\rthird\r');
  await t.sees('You said: third');
  assert.deepEqual(d.model.requests.map(r => r.body.messages.findLast(m => m.role === 'user').content), ['first', 'second', 'third']);
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

s.test('a line may be longer than 4 KB, typed or pasted, on any terminal', async d => {
  d.model.clear();
  for (const env of [{}, { TERM: 'dumb' }]) {
    const t = await chat(d, { args: ['--no-history'], env });
    for (const marks of [['', ''], PASTE]) {
      const long = `begin ${'0123456789 '.repeat(2000)}end`;
      d.model.push({ text: 'short answer' });
      assert.equal(await sends(d, t, `${marks[0]}${long}${marks[1]}\r`), long);
      await t.sees(x => /^you>$/.test(x.row().trimEnd()));
    }
    await leave(t);
  }
});

s.test('too long for the server: its own sentence', async d => {
  const r = await d.cli(['chat', '-'], { env: { SERVER_PORT: String(d.port) }, input: 'x'.repeat(3 * 1024 * 1024) });
  assert.equal(r.code, 1, r.stderr);
  assert.match(r.stderr, /too (long|large)/);
  assert.equal(r.stdout, '');
});

s.test('without keys that edit, arrows have the history', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--no-history'], env: { TERM: 'dumb' } });
  for (const text of ['one', 'twenty', 'three']) {
    await sends(d, t, `${text}\r`);
    await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  }
  assert.equal(await sends(d, t, `${KEY.up.repeat(5)}${KEY.down}!\r`), 'twenty!');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  assert.equal(await sends(d, t, `${KEY.up}${KEY.down.repeat(3)}${KEY.left}new\r`), 'new');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

edit('history: arrows, the next time, Ctrl-R; no secrets; off', async d => {
  d.model.clear();
  const HOME = home(d), file = path.join(HOME, '.local/state/dragoman/history');
  const t = await chat(d, { env: { HOME } });
  for (const text of ['first one', 'second one', 'my key is sk-abcdefghijklmnop', '/connect meMCP t0ken']) {
    await sends(d, t, `${text}\r`);
    await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  }
  await sends(d, t, `${PASTE[0]}two\rlines${PASTE[1]}\r`);
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  const long = `unsent ${'x'.repeat(3000)} end`;
  t.type(`${PASTE[0]}${long}${PASTE[1]}`);
  await t.sees('x end');
  t.type(KEY.up);
  await t.sees('you> two\nlines');
  t.type(KEY.up);
  await t.sees('you> second one');
  t.type(KEY.up.repeat(3));
  await t.sees('you> first one');
  t.type(KEY.down.repeat(9));
  assert.equal(await sends(d, t, '\r'), long, 'what was being written is kept');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.equal(fs.readFileSync(file, 'utf8'), `first one\nsecond one\ntwo\\nlines\n${long}\n`);

  const u = await chat(d, { env: { HOME } });
  assert.equal(await sends(d, u, `${KEY.up}${KEY.up}\r`), 'two\nlines');
  await u.sees(x => /^you>$/.test(x.row().trimEnd()));
  u.type(`${CTRL.R}secon`);
  await u.sees('second one');
  u.type('\x1b');
  await u.sees(x => x.text().endsWith('you> second one'));
  assert.equal(await sends(d, u, '\r'), 'second one');
  await u.sees(x => /^you>$/.test(x.row().trimEnd()));
  /* A key that means something else ends the search, and does it. */
  u.type(`${CTRL.R}first`);
  await u.sees('first one\nbck:first');
  assert.equal(await sends(d, u, `${KEY.end}!\r`), 'first one!');
  await u.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(u);

  for (const off of [{ args: ['--no-history'] }, { env: { DRAGOMAN_HISTORY: 'off' } }]) {
    const HOME2 = home(d);
    const v = await chat(d, { ...off, env: { ...off.env, HOME: HOME2 } });
    await sends(d, v, 'kept nowhere\r');
    await v.sees(x => /^you>$/.test(x.row().trimEnd()));
    v.type(KEY.up);
    await v.sees(x => x.row().trimEnd() === 'you> kept nowhere');
    v.type('\x03');
    await v.sees('^C');
    await leave(v);
    assert.deepEqual(fs.readdirSync(HOME2), []);
  }
});

s.test('another size of the window does not break the line', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--no-history'], columns: 90 });
  t.type('a line that is longer than the narrow window will be in a moment');
  await t.sees(x => x.text().replaceAll('\n', '').endsWith('in a moment'));
  const line = 'you> a line that is longer than the narrow window will be in a moment';
  const before = t.text().split('\n').slice(0, 3).join('\n');
  /* Its text is there once, all of it, and what stood above it. */
  const whole = x => { const all = x.text(); return all.startsWith(before) && all.slice(before.length).replaceAll('\n', '') === line; };
  for (const [rows, columns] of [[24, 60], [24, 30], [10, 100], [24, 20], [24, 60], [24, 59], [24, 25]]) {
    t.resize(rows, columns);
    await t.sees(whole);
    /* In the middle of it, too. */
    t.type(KEY.left.repeat(20));
    await t.sees(whole);
    t.type(KEY.end);
    await t.sees(whole);
  }
  t.type('!');
  assert.equal(await sends(d, t, '\r'), 'a line that is longer than the narrow window will be in a moment!');
  await t.sees('You said: a line');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

s.test('what is typed while an answer streams waits for the prompt', async d => {
  d.model.clear();
  const t = await chat(d, { args: ['--no-history'] });
  d.model.push({ text: 'one two three four five six seven eight', pieces: 8, drip: 150 });
  t.type('count\r');
  await t.sees('one');
  t.type('typed meanwhile');
  await t.sees('one two three four five six seven eight\nyou> typed meanwhile');
  assert.equal(await sends(d, t, '\r'), 'typed meanwhile');
  await t.sees('You said: typed meanwhile');
  d.model.push({ text: 'again some words that take their time to come', pieces: 8, drip: 100 });
  t.type('more\r');
  await t.sees('again some');
  t.type(`${PASTE[0]}pasted\rmeanwhile${PASTE[1]}`);
  await t.sees('you> pasted\nmeanwhile');
  assert.equal(await sends(d, t, '\r'), 'pasted\nmeanwhile');
  await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  await leave(t);
});

const MARKDOWN = '# Title\n\nSome **bold** and *slanted* words, `code`, ~~gone~~.\n\n- item\n\n```sh\nls *.c\n```\n[a page](https://example.org/x_y_z) \u001b]0;evil\u0007end';

s.test('Markdown is shown, however it is cut; controls of the model are not obeyed', async d => {
  d.model.clear();
  for (const pieces of [1, 7, 40]) {
    const t = await chat(d, { args: ['--no-history'] });
    d.model.push({ text: MARKDOWN, pieces });
    t.type('show\r');
    await t.sees('end\nyou>');
    assert.match(t.text(), /\nTitle\n\nSome bold and slanted words, code, gone\.\n\n• item\n\n```sh\nls \*\.c\n```\na page \(https:\/\/example\.org\/x_y_z\) \]?0;evilend\n/);
    for (const [text, style] of [['Title', 'bold'], ['bold', 'bold'], ['slanted', 'italic'], ['gone', 'strike'], ['ls *.c', 'colour'], ['```sh', 'dim'], ['https://example', 'underline']])
      assert.ok(t.has(text, style), `${text} is ${style}`);
    assert.ok(!t.has('words', 'bold'));
    await leave(t);
  }
});

s.test('NO_COLOR, TERM=dumb, other locales', async d => {
  d.model.clear();
  const text = 'A **bold** “word” – naïve 漢字 …';
  d.model.push({ text });
  const plain = await chat(d, { args: ['--no-history'], env: { NO_COLOR: '1' } });
  plain.type('x\r');
  await plain.sees(`${text}\nyou>`);
  assert.doesNotMatch(plain.raw, /\x1b\[[0-9;]*m/);
  await leave(plain);

  d.model.push({ text });
  const dumb = await chat(d, { args: ['--no-history'], env: { TERM: 'dumb' } });
  dumb.type('xyz\x7f\x7f\r');
  await dumb.sees(`${text}\nyou>`);
  assert.equal(asked(d), 'x');
  assert.doesNotMatch(dumb.raw, /\x1b/, 'no control sequence at all');
  await leave(dumb);

  d.model.push({ text });
  const ascii = await chat(d, { args: ['--no-history'], env: { LC_ALL: 'C' } });
  assert.equal(await sends(d, ascii, 'gr\u00fcn\r'), 'gr\u00fcn', 'what was typed arrives');
  await ascii.sees('A bold "word" - na');
  await ascii.sees(x => /^you>$/.test(x.row().trimEnd()));
  assert.doesNotMatch(ascii.raw, /[\x80-\xff]/, 'nothing that is not ASCII');
  await leave(ascii);

  d.model.push({ text });
  const unset = await chat(d, { args: ['--no-history'], env: { LC_ALL: '', LANG: '', LC_CTYPE: '' } });
  unset.type('x\r');
  await unset.sees('“word” – naïve 漢字 …');
  await leave(unset);
});

s.test('a line says what goes on, and is gone with the answer', async d => {
  d.model.clear();
  let go;
  const t = await chat(d, { args: ['--no-history'] });
  d.model.push({ text: 'here it is', hang: new Promise(resolve => { go = resolve; }) });
  t.type('slow\r');
  await t.sees(/model openai\/gpt-test, [1-9] s/);
  go();
  await t.sees('you> slow\nhere it is\nyou>');
  assert.doesNotMatch(t.text(), /model openai\/gpt-test,/);

  let end;
  d.model.push({ text: 'Let me **look**.', calls: [{ name: 'echo', arguments: { text: 'a' } }] }, { text: 'after the tool', hang: new Promise(resolve => { end = resolve; }) });
  t.type('use a tool\r');
  await until(() => t.raw.includes('tool echo'), { what: 'the tool is named' });
  end();
  await t.sees('you> use a tool\nLet me look.\nafter the tool\nyou>');
  d.model.push({ text: 'first words that break off', pieces: 6, drip: 60, reset: 4 }, { text: 'whole' });
  t.type('again\r');
  await t.sees(/you> again\nfirst.*\n\(the answer begins anew\)\nwhole\nyou>/);
  await leave(t);
});

s.test('paused, or no worker: said at once, before and while one waits', async d => {
  d.model.clear();
  assert.equal((await d.cli(['pause'])).code, 0);
  await until(async () => (await d.get('/ready')).json.paused);
  const t = await chat(d, { args: ['--no-history'] });
  assert.match(t.text(), /Note: turns are paused; messages wait until `dragoman resume`/);
  t.type('waits\r');
  await t.sees(/^turns are paused: the message waits/m);
  const piped = d.cli(['chat', '--chat-id', 'p', 'a question'], { env: { SERVER_PORT: String(d.port) } });
  assert.equal((await d.cli(['resume'])).code, 0);
  await t.sees('you> waits\nYou said: waits\nyou>');
  await leave(t);
  assert.equal((await piped).stdout, 'You said: a question\n');

  for (const w of d.turns) { w.signal('SIGKILL'); await w.end; }
  await until(async () => (await d.get('/ready')).json.turn_workers === 0, { ms: 30000 });
  const u = await chat(d, { args: ['--no-history'] });
  assert.match(u.text(), /Note: no turn worker is alive; messages wait until one is started/);
  u.type('waits again\r');
  await u.sees(/^no turn worker is alive/m);
  const p = spawn(DRAGOMAN, ['chat', '--chat-id', 'q', 'anybody?'], { env: environment(d), cwd: d.dir, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = new Promise(resolve => p.on('close', resolve));
  let out = '', err = '';
  p.stdout.on('data', c => { out += c; });
  p.stderr.on('data', c => { err += c; });
  await until(() => err.includes('no turn worker is alive'), { what: 'a pipe says so on standard error' });
  d.startTurn();
  await u.sees('you> waits again\nYou said: waits again\nyou>');
  assert.equal(await end, 0);
  assert.equal(out, 'You said: anybody?\n');
  assert.doesNotMatch(err, /\x1b/);
  await leave(u);
  /* An edge's view of the workers is up to 2 s old. */
  await until(async () => (await d.get('/ready')).status === 200);
});

s.test('one question, a pipe: the reply alone on standard output', async d => {
  d.model.clear();
  const env = { SERVER_PORT: String(d.port) };
  for (const [args, input, wanted] of [
    [['one question'], undefined, 'You said: one question\n'],
    [['several', 'words'], undefined, 'You said: several words\n'],
    [['--', '-x', 'is no option'], undefined, 'You said: -x is no option\n'],
    [[], 'from a pipe\n', 'You said: from a pipe\n'],
    [[], 'one\n\n two\nquit\nthree\n', 'You said: one\nYou said: two\n'],
    [['Explain', 'this:', '-'], 'a\nb\n', 'You said: Explain this:\n\na\nb\n'],
    [['--no-stream', 'whole'], undefined, 'You said: whole\n'],
    [['--stream', 'in pieces'], undefined, 'You said: in pieces\n'],
  ]) {
    const r = await d.cli(['chat', '--chat-id', 'one', ...args], { env, input });
    assert.equal(r.stdout, wanted);
    assert.equal(r.stderr, '');
    assert.equal(r.code, 0);
  }
  d.model.push({ text: 'a **b** \u001b[31m“c”' });
  const r = await d.cli(['chat', 'raw'], { env: { ...env, LC_ALL: 'C' } });
  assert.equal(r.stdout, 'a **b** [31m“c”\n', 'as it is, in UTF-8');
  d.model.push({ calls: [{ name: 'echo', arguments: { text: 'a' } }] }, { text: 'x' });
  const quiet = await d.cli(['chat', 'tool'], { env });
  assert.equal(quiet.stdout + quiet.stderr, 'x\n');
});

s.test('exit codes: 0 replied, 1 refused, 2 usage, 3 unreachable, 130 interrupted', async d => {
  d.model.clear();
  const env = { SERVER_PORT: String(d.port) };
  const code = async (args, more = {}) => (await d.cli(['chat', ...args], { env: { ...env, ...more.env }, input: more.input })).code;
  assert.equal(await code(['hi']), 0);
  assert.equal(await code(['hi'], { env: { PROXY_SECRET: 'wrong-secret-0000000000000000' } }), 1);
  assert.equal(await code(['--bogus']), 2);
  assert.equal(await code(['']), 2);
  assert.equal(await code(['--url']), 2);
  assert.equal(await code(['--url', 'http://127.0.0.1:9', 'hi']), 3);
  assert.equal(await code(['--url', 'http://127.0.0.1:9'], { input: 'hi\n' }), 3);
  const gone = await chat(d, { args: ['--url', 'http://127.0.0.1:9'], ready: false });
  assert.equal(await gone.ends(), 3);
  assert.match(gone.text(), /nobody answers at http:\/\/127\.0\.0\.1:9/);

  const before = d.model.requests.length;
  d.model.push({ text: 'never', hang: new Promise(() => {}) });
  const p = spawn(DRAGOMAN, ['chat', '--chat-id', 'interrupted', 'long'], { env: environment(d), cwd: d.dir, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  const end = new Promise(resolve => p.on('close', resolve));
  p.stdout.on('data', c => { out += c; });
  await until(() => d.model.requests.length > before);
  p.kill('SIGINT');
  assert.equal(await end, 130);
  assert.equal(out, '');
  await until(() => d.model.requests[before].aborted, { what: 'the server was told to stop' });
  await d.settled();
});

s.test('standard output elsewhere: the person sees the prompt on standard error', async d => {
  d.model.clear();
  d.model.push({ text: 'an **answer**' });
  const t = await chat(d, { args: ['--no-history'], out: 'pipe' });
  assert.match(t.text(), /Talking to/);
  t.type('hello\r');
  await until(() => t.stdout === 'an **answer**\n');
  await t.prompts(2);
  await leave(t);
  assert.equal(t.stdout, 'an **answer**\n');
});

/* The terminal is a shell's, too. */
s.test('the terminal is given back: after leaving, a signal, Ctrl-Z', async d => {
  d.model.clear();
  const script = 'before=$(stty -g); dragoman chat --no-history; echo "left $?"; [ "$(stty -g)" = "$before" ] && echo as before; exec sleep 0';
  const env = environment(d, { PATH: `${BUILD}:${process.env.PATH}` });
  for (const how of ['\x04', 'quit\r', 'TERM', 'QUIT']) {
    const t = terminal(['bash', '-c', script], { env, cwd: d.dir });
    await t.prompts(1);
    if (how.length === 4 && how === how.toUpperCase()) {
      const pid = fs.readFileSync(`/proc/${t.process.pid}/task/${t.process.pid}/children`, 'utf8').trim();
      const own = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
      process.kill(Number(own), `SIG${how}`);
    } else {
      t.type(how);
    }
    await t.sees('as before');
    await t.ends();
    assert.ok(t.raw.lastIndexOf('\x1b[?2004l') > t.raw.lastIndexOf('\x1b[?2004h'), 'pastes are not marked any more');
  }
  const t = terminal(['bash', '--norc', '-i'], { env: { ...env, PS1: 'shell$ ' }, cwd: d.dir });
  await t.sees('shell$');
  t.type('dragoman chat --no-history\r');
  await t.sees('you>');
  t.type('half a');
  await t.sees('you> half a');
  t.type('\x1a');
  await t.sees('Stopped');
  t.type('fg\r');
  await t.sees(x => x.row().trimEnd() === 'you> half a');
  assert.equal(await sends(d, t, ' line\r'), 'half a line');
  await t.sees('You said: half a line');
  t.type('\x04');
  await t.sees(x => /^shell\$/.test(x.row()));
  t.type('exit\r');
  await t.ends();
});

testWith({ edges: 1, turns: 1, memcp: true }, 'a token that the server asked for is not kept', async d => {
  const HOME = home(d), file = path.join(HOME, '.local/state/dragoman/history');
  const t = await chat(d, { env: { HOME } });
  const says = async text => {
    t.type(`${text}\r`);
    await t.sees(`you> ${text}\n`);
    await t.sees(x => /^you>$/.test(x.row().trimEnd()));
  };
  await says('hello');
  await says('no-such-token');
  await says(CHAT_TOKEN);
  await t.sees('You are connected');
  await says('and this is kept');
  await leave(t);
  assert.equal(fs.readFileSync(file, 'utf8'), 'and this is kept\n');

  /* Nor where it is the first thing that a terminal hears: the conversation
   * waits for it since another one was left, or has never begun. */
  for (const before of [['hello'], []]) {
    const id = `waits-${before.length}`;
    for (const lines of [before, [CHAT_TOKEN, 'kept too']]) {
      const u = await chat(d, { args: ['--chat-id', id], env: { HOME } });
      for (const text of lines) {
        u.type(`${text}\r`);
        await u.sees(`you> ${text}\n`);
        await u.sees(x => /^you>$/.test(x.row().trimEnd()));
      }
      await leave(u);
    }
    assert.ok(!fs.readFileSync(file, 'utf8').includes(CHAT_TOKEN));
  }
  assert.match(fs.readFileSync(file, 'utf8'), /kept too/);
});

/* Conversations that the model was asked in: what was said before, and now. */
const told = d => d.model.last().body.messages.filter(m => m.role !== 'system').map(m => m.content);

s.test('a question and a pipe are conversations of their own; a person continues one, and is told', async d => {
  d.model.clear();
  const env = { SERVER_PORT: String(d.port), DRAGOMAN_URL: `http://127.0.0.1:${d.port}` };
  const user = await chat(d, { args: ['--no-history', '--chat-id', 'goes-on'] });
  assert.doesNotMatch(user.text(), /Continues a conversation/);
  await sends(d, user, 'my name is Ada\r');
  await user.sees('You said: my name is Ada');
  await leave(user);
  assert.equal((await d.cli(['chat', 'a secret'], { env })).stdout, 'You said: a secret\n');
  assert.equal((await d.cli(['chat', 'who am I?'], { env })).stdout, 'You said: who am I?\n');
  assert.deepEqual(told(d), ['who am I?']);
  assert.equal((await d.cli(['chat'], { env, input: 'one\ntwo\n' })).stdout, 'You said: one\nYou said: two\n');
  assert.deepEqual(told(d), ['one', 'You said: one', 'two'], 'a pipe is one conversation');
  assert.equal((await d.cli(['chat', '--chat-id', 'goes-on', 'and now?'], { env })).stdout, 'You said: and now?\n');
  assert.equal(told(d).length, 3, '--chat-id names one to go on with');
  const again = await chat(d, { args: ['--no-history', '--chat-id', 'goes-on'] });
  await again.sees('Continues a conversation of 2 exchanges; /reset forgets it.');
  again.type('/stauts\r');
  await again.sees('There is no command /stauts. /help lists them');
  await leave(again);
});

s.test('a conversation of its own begins anew though its name was used before', async d => {
  d.model.clear();
  const env = { DRAGOMAN_URL: `http://127.0.0.1:${d.port}` };
  assert.equal((await d.cli(['chat', 'x'], { env })).code, 0);
  const chats = [...new Set(d.logs('turn').map(l => l.chat).filter(c => /-once-[0-9a-f]{2}$/.test(c ?? '')))];
  assert.ok(chats.length > 0);
  /* Words lie in every one of the 256 of this user. */
  const base = chats[0].split('/').at(-1).slice(0, -2);
  await Promise.all(Array.from({ length: 256 }, (_, i) => d.say(`${base}${i.toString(16).padStart(2, '0')}`, 'before')));
  assert.equal((await d.cli(['chat', 'now'], { env })).code, 0);
  assert.deepEqual(told(d), ['now']);
});

s.test('a model that fails: exit 1, marked, and the command that looks for the cause', async d => {
  d.model.clear();
  const env = { DRAGOMAN_URL: `http://127.0.0.1:${d.port}` };
  const fails = () => d.model.push({ status: 401, body: { error: { message: 'no', code: 'invalid_api_key' } } });
  fails();
  assert.equal((await d.say('fails', 'x')).failed, true);
  assert.equal((await d.say('fails', 'x')).failed, undefined);
  fails();
  const r = await d.cli(['chat', 'a question'], { env });
  assert.equal(r.code, 1);
  assert.match(r.stdout, /^Sorry, the provider of the language model rejected the API key/);
  assert.equal(r.stderr, '(`dragoman doctor` looks for the cause)\n');
  fails();
  const quick = await d.cli(['chat', 'a question'], { env: { ...env, DRAGOMAN_QUICKSTART: 'deploy/quickstart --state /x' } });
  assert.match(quick.stderr, /^\(`deploy\/quickstart --state \/x --exec -- dragoman doctor` looks/);
  fails();
  const piped = await d.cli(['chat'], { env, input: 'one\ntwo\n' });
  assert.equal(piped.code, 1);
  assert.match(piped.stdout, /\nYou said: two\n$/, 'the next line is asked all the same');
  fails();
  const json = await d.cli(['--json', 'chat', 'x'], { env });
  assert.equal(json.code, 1);
  assert.equal(JSON.parse(json.stdout).failed, true);
});

testWith({ nginx: true, settings: { chat: { max_input_chars: 2000, max_output_chars: 50 } } }, 'what is too long is refused before it is sent, and a cut answer is told', async d => {
  const env = { DRAGOMAN_URL: `http://127.0.0.1:${d.port}` };
  const long = await d.cli(['chat', 'Review this:', '-'], { env, input: 'ä'.repeat(2000) });
  assert.equal(long.code, 1);
  assert.equal(long.stdout, '');
  assert.match(long.stderr, /the message is too long: it has 2014 characters, and the server reads only the first 2000; nothing was sent\. .*chat\.max_input_chars/);
  assert.equal(d.model.requests.length, 0);
  d.model.push({ text: 'word '.repeat(20) });
  const cut = await d.cli(['chat', '-'], { env, input: 'x'.repeat(2000) });
  assert.equal(cut.code, 0, cut.stderr);
  assert.equal(d.model.last().lastUser.length, 2000);
  assert.match(cut.stderr, /^\(not whole: .*llm\.max_tokens\)\n$/);
  assert.match(cut.stdout, /\(The answer was cut here: a reply has at most 50 characters/);
});

s.test('a secret that is not there, and a server that is not ours', async d => {
  const env = { DRAGOMAN_URL: `http://127.0.0.1:${d.port}`, PROXY_SECRET: '', PROXY_SECRET_FILE: '/nowhere/secret', ENCRYPTION_KEY: '', DRAGOMAN_CONFIG: '/nowhere.yaml' };
  const r = await d.cli(['chat', 'x'], { env });
  assert.equal(r.code, 1);
  assert.match(r.stderr, /PROXY_SECRET_FILE: \/nowhere\/secret cannot be read: No such file/);
  assert.match(r.stderr, /does not accept our proxy secret \(we have none\)/);
  const server = http.createServer((q, a) => a.writeHead(404).end('not here')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const other = await d.cli(['chat', 'x'], { env: { DRAGOMAN_URL: `http://127.0.0.1:${server.address().port}` } });
  server.closeAllConnections();
  server.close();
  assert.equal(other.code, 1);
  assert.match(other.stderr, /answered 404.*it is not Dragoman/);
});
