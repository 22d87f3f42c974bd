/*
 * terminal: a program on a pseudo terminal (pty.pl), and a screen that shows
 * what a person would see of it.
 *
 *   const t = await terminal(['dragoman', 'chat'], { env, cwd, columns: 40 });
 *   t.type('hello\r');  await t.sees('You said: hello');  t.text();
 *   assert.equal(await t.ends(), 0);
 *
 * out and err: 'pipe' takes standard output or error away from the terminal
 * (t.stdout, t.stderr).
 */
import { spawn } from 'node:child_process';
import { afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import unicode11 from '@xterm/addon-unicode11';
import { until } from './dragoman.mjs';

const PTY = fileURLToPath(new URL('pty.pl', import.meta.url));
export const PASTE = ['\x1b[200~', '\x1b[201~'];
export const KEY = { up: '\x1b[A', down: '\x1b[B', right: '\x1b[C', left: '\x1b[D', home: '\x1b[H', end: '\x1b[F', delete: '\x1b[3~', backspace: '\x7f', pageUp: '\x1b[5~', altEnter: '\x1b\r' };

class Terminal {
  constructor(program, { env, cwd, rows = 24, columns = 80, out, err, unicode = '11' }) {
    this.screen = new xterm.Terminal({ rows, cols: columns, scrollback: 5000, allowProposedApi: true });
    this.screen.loadAddon(new unicode11.Unicode11Addon());
    this.screen.unicode.activeVersion = unicode;
    this.raw = '';
    this.stdout = '';
    this.stderr = '';
    this.written = Promise.resolve();
    const given = `3${out === 'pipe' ? 4 : ''}${err === 'pipe' ? 5 : ''}`;
    const stdio = ['pipe', 'pipe', 'inherit', 'pipe', out === 'pipe' ? 'pipe' : 'ignore', err === 'pipe' ? 'pipe' : 'ignore'];
    this.process = spawn('perl', [PTY, String(rows), String(columns), given, ...program], { env, cwd, stdio });
    this.process.stdin.on('error', () => {});
    this.process.stdio[3].on('error', () => {});
    this.process.stdout.on('data', bytes => {
      this.raw += bytes.toString('latin1');
      this.written = new Promise(resolve => this.screen.write(bytes, resolve));
    });
    /* What the screen is asked (where is the cursor?), it answers. */
    this.screen.onData(bytes => this.type(bytes));
    if (out === 'pipe') this.process.stdio[4].on('data', bytes => { this.stdout += bytes; });
    if (err === 'pipe') this.process.stdio[5].on('data', bytes => { this.stderr += bytes; });
    this.end = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', async code => { await this.written; resolve(code); });
    });
  }
  type(text) { this.process.stdin.write(text); }
  resize(rows, columns) {
    this.screen.resize(columns, rows);
    this.process.stdio[3].write(`size ${rows} ${columns}\n`);
  }
  signal(name) { this.process.stdio[3].write(`signal ${name}\n`); }
  /* All that was ever shown, a row a line; rows that only a width broke are one. */
  lines() {
    const b = this.screen.buffer.active, out = [];
    for (let i = 0; i < b.length; i++) {
      const row = b.getLine(i), text = row.translateToString(true);
      if (row.isWrapped && out.length) out[out.length - 1] += text;
      else out.push(text);
    }
    while (out.length && out.at(-1) === '') out.pop();
    return out;
  }
  text() { return this.lines().join('\n'); }
  /* The row of the cursor, and its column. */
  row() {
    const b = this.screen.buffer.active;
    return b.getLine(b.baseY + b.cursorY).translateToString(true);
  }
  column() { return this.screen.buffer.active.cursorX; }
  /* Is ${text} shown so ("bold", "italic", "dim", "underline", "strike", "colour")? */
  has(text, style) {
    const b = this.screen.buffer.active;
    const is = { bold: c => c.isBold(), italic: c => c.isItalic(), dim: c => c.isDim(), underline: c => c.isUnderline(), strike: c => c.isStrikethrough(), colour: c => !c.isFgDefault() }[style];
    for (let y = 0; y < b.length; y++) {
      const x = b.getLine(y).translateToString(true).indexOf(text);
      if (x !== -1) return [...text].every((_, i) => is(b.getLine(y).getCell(x + i)));
    }
    return false;
  }
  sees(what, { ms } = {}) {
    const look = what instanceof RegExp ? () => what.test(this.text()) : typeof what === 'function' ? () => what(this) : () => this.text().includes(what);
    return until(look, { ms, what: `the screen shows ${what}` }).catch(err => { throw new Error(`${err.message}\n--- screen\n${this.text()}\n--- raw\n${JSON.stringify(this.raw.slice(-2000))}`); });
  }
  /* An empty prompt is there, the ${n}th of the terminal. */
  prompts(n) {
    return this.sees(t => t.text().split('\n').filter(l => /^you>/.test(l)).length === n && /^you>$/.test(t.row().trimEnd()));
  }
  /* It ends by itself; its exit code. */
  async ends() {
    let code = null;
    this.end.then(c => { code = c; });
    await this.sees(() => code !== null);
    return code;
  }
  kill() { this.process.kill('SIGKILL'); }
}

/* None outlives its test, also when that fails. */
const living = new Set();
const killAll = () => { for (const t of living) t.kill(); };
afterEach(killAll);
process.on('exit', killAll);

export function terminal(program, options = {}) {
  const t = new Terminal(program, options);
  living.add(t);
  t.end.then(() => living.delete(t), () => living.delete(t));
  return t;
}
