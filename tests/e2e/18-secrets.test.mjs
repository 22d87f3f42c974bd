/*
 * No secret and no word of people, models or tools where it does not belong:
 * logs, Redis, arguments of processes, core files.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { startModern } from '../doubles/mcp.mjs';
import { CHAT_TOKEN } from '../doubles/memcp.mjs';
import { ANTHROPIC_KEY, OPENAI_KEY } from '../doubles/model.mjs';
import { SECRET, until } from './dragoman.mjs';
import { sharedStack, testWith } from './stacks.mjs';

const WORDS = {
  'what a person said': 'planted-person-words-8801', 'what a model said': 'planted-model-words-8802',
  'what a tool answered': 'planted-tool-words-8803', 'an argument': 'planted-argument-8804',
  'a key of an MCP server': 'planted-mcp-key-8805', 'a streamed piece': 'planted-stream-8806',
  'a message that waits': 'planted-waiting-8807', 'an unfinished answer': 'planted-journal-8808',
};
let mcp;
const s = sharedStack(async () => {
  mcp = await startModern();
  mcp.token = WORDS['a key of an MCP server'];
  return {
    memcp: true,
    settings: { log: { level: 'debug' }, chat: { auth: 'memcp', wait: '150s' }, mcp: { timeout: '120s', servers: { srv: { url: mcp.url, headers: { Authorization: `Bearer ${WORDS['a key of an MCP server']}` } } } } },
    env: { SQL_ECHO: 'true' },
  };
});

function places(d) {
  const out = new Map();
  for (const f of fs.readdirSync(d.file('log'))) out.set(`log/${f}`, fs.readFileSync(d.file(`log/${f}`), 'latin1'));
  for (const p of [...d.edges, ...d.turns, d.redisServer, d.nginx].filter(x => x?.ended === null))
    out.set(`${p.name} cmdline`, fs.readFileSync(`/proc/${p.pid}/cmdline`, 'latin1'));
  return out;
}

s.test('a busy hour, then a search of all places', async d => {
  d.memcp.handler = () => ({ data: { text: WORDS['what a tool answered'] } });
  await d.say('spy', 'hi');
  await d.say('spy', 'a-wrong-token-8809');
  await d.say('spy', CHAT_TOKEN);
  d.model.push({ calls: [{ name: 'query_skills', arguments: { name: WORDS['an argument'] } }, { name: 'srv__say_hello', arguments: { name: WORDS['an argument'] } }] }, { text: WORDS['what a model said'] });
  await d.say('spy', WORDS['what a person said']);
  d.model.push({ text: WORDS['a streamed piece'], pieces: 1, drip: 100 });
  await d.stream({ chat_id: 'spy', message: WORDS['what a person said'] }).done;
  /* faults, since errors like to tell too much */
  for (const fault of [{ status: 500, message: `oops ${WORDS['what a model said']}` }, { status: 401, message: `bad key ${OPENAI_KEY}` }, { garbage: WORDS['what a model said'] }, { status: 400, message: WORDS['what a person said'] }]) {
    d.model.push(fault);
    await d.say('spy', WORDS['what a person said'], { ms: 60000 });
    d.model.clear();
  }
  d.memcp.handler = () => ({ status: 500, detail: WORDS['what a tool answered'] });
  d.model.push({ calls: [{ name: 'query_skills', arguments: { name: WORDS['an argument'] } }] }, { text: 'x' });
  await d.say('spy', 'x');
  for (const body of ['{"chat_id":', { chat_id: 5, message: WORDS['what a person said'] }, { chat_id: 'spy', message: WORDS['what a person said'].repeat(1000), message_id: 'x y' }])
    await d.request('POST', '/chat', { body, headers: d.headersOf({}) });
  await d.chat({ chat_id: 'spy', message: 'x' }, { secret: 'wrong-secret-8810' });
  /* something left in each place of Redis */
  d.model.push({ text: WORDS['an unfinished answer'], calls: [{ name: 'srv__slow', arguments: { ms: 120000 } }] });
  const running = d.chat({ chat_id: 'spy', message: WORDS['what a person said'] }, { ms: 180000 });
  await until(() => mcp.calls.some(c => c.name === 'slow'));
  const waiting = d.chat({ chat_id: 'spy', message: WORDS['a message that waits'] }, { ms: 180000 });
  await until(async () => (await d.counts()).waiting === 2);
  await d.cli(['turns', 'list']);
  await d.cli(['turns', 'show', 'default/http/spy']);
  await d.cli(['doctor']);
  await d.cli(['config', 'show']);

  const secrets = {
    ...WORDS, 'the OpenAI key': OPENAI_KEY, 'the Anthropic key': ANTHROPIC_KEY, 'the proxy secret': SECRET, 'the sealing key': d.key,
    'a meMCP token': CHAT_TOKEN, 'a wrong token': 'a-wrong-token-8809', 'a wrong secret': 'wrong-secret-8810',
    'a derived token': [...d.memcp.derived.keys()].at(-1),
  };
  const look = (where, text) => {
    for (const [what, secret] of Object.entries(secrets))
      assert.ok(!text.includes(secret), `${what} in ${where}: …${text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 80)}…`);
  };
  for (const [where, text] of places(d)) look(where, text);
  for (const key of await d.redis.keys('*')) {
    look('a key of Redis', key);
    const type = await d.redis.type(key);
    if (type === 'none') continue; /* its time was over */
    const values = {
      string: k => d.redis.get(k), list: k => d.redis.lrange(k, 0, -1), hash: k => d.redis.hgetall(k),
      zset: k => d.redis.zrange(k, 0, -1, 'WITHSCORES'), set: k => d.redis.smembers(k), stream: k => d.redis.xrange(k, '-', '+'),
    };
    look(`Redis ${type} ${key}`, JSON.stringify(await values[type](key)));
  }
  const aof = execFileSync('find', [d.dir, '-path', '*appendonly*', '-type', 'f'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  assert.ok(aof.length > 0);
  for (const f of aof) look(f, fs.readFileSync(f, 'latin1'));
  await d.say('spy', '/stop');
  await Promise.all([running, waiting]);
  await mcp.stop();
});

s.test('programs are not dumpable, their environment is nobody else\'s', async d => {
  for (const p of [...d.edges, ...d.turns]) {
    const status = fs.readFileSync(`/proc/${p.pid}/status`, 'utf8');
    assert.ok(status.includes('State:'));
    /* not dumpable: /proc/PID/environ belongs to root whoever runs it */
    const limits = fs.readFileSync(`/proc/${p.pid}/limits`, 'utf8');
    const core = /Max core file size\s+(\S+)/.exec(limits)[1];
    const sanitized = /libasan|libtsan/.test(execFileSync('ldd', [`/proc/${p.pid}/exe`], { encoding: 'utf8' }));
    if (!sanitized) assert.equal(fs.statSync(`/proc/${p.pid}/environ`).uid, 0, 'dumpable');
    assert.equal(core, '0', `${p.name} may write a core`);
  }
});

s.test('the edge is given no key of a model', async d => {
  for (const e of d.edges) {
    const env = fs.readFileSync(`/proc/${e.pid}/environ`, 'latin1');
    assert.ok(!env.includes(OPENAI_KEY) && !env.includes(ANTHROPIC_KEY));
  }
});

const MCP_KEY = 'planted-of-mcp-9901';
const KEYS = { 'llm.backends': 'planted-of-backends-9902', 'llm.headers': 'planted-of-headers-9903' };
const ROWS = {
  'mcp.servers': { srv: { url: 'http://127.0.0.1:9/mcp', headers: { Authorization: `Bearer ${MCP_KEY}` } } },
  'llm.backends': { b: { host: 'openai', model: 'm', base_url: 'http://127.0.0.1:9/v1', api_key: KEYS['llm.backends'] } },
  'llm.headers': { 'X-Key': KEYS['llm.headers'] },
};
testWith({ env: { MCP_SERVERS: JSON.stringify(ROWS['mcp.servers']), LLM_BACKENDS: JSON.stringify(ROWS['llm.backends']), LLM_HEADERS: JSON.stringify(ROWS['llm.headers']), OPENAI_API_KEY: OPENAI_KEY } },
  'an edge that is given keys of models wipes them from its environment; those of MCP servers it needs', async d => {
    for (const e of d.edges) {
      const environ = () => fs.readFileSync(`/proc/${e.pid}/environ`, 'latin1');
      assert.match(environ(), /LLM_BACKENDS=/, 'it was given');
      /* /ready may have been the other edge's. */
      await until(() => fs.readFileSync(e.log, 'utf8').includes('"worker_started"'));
      for (const [what, key] of Object.entries({ ...KEYS, 'the OpenAI key': OPENAI_KEY })) assert.ok(!environ().includes(key), what);
      assert.ok(environ().includes(MCP_KEY), 'clients of /mcp call them from here');
    }
  });

/* Is ${text} anywhere in the memory of process ${pid} that it can write to?  Root may look. */
function memoryHas(pid, text) {
  const needle = Buffer.from(text), step = 1 << 20;
  const mem = fs.openSync(`/proc/${pid}/mem`, 'r');
  const bytes = Buffer.alloc(step + needle.length);
  try {
    for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      for (let at = parseInt(from, 16); at < parseInt(to, 16); at += step) {
        const len = Math.min(bytes.length, parseInt(to, 16) - at);
        let n = 0;
        try { n = fs.readSync(mem, bytes, 0, len, at); } catch { /* not to be read: a guard */ }
        if (bytes.subarray(0, n).includes(needle)) return true;
      }
    }
  } finally {
    fs.closeSync(mem);
  }
  return false;
}

/* servers_config.json is read when a client of /mcp wants tools. */
const ALL_KEYS = { ...KEYS, 'the OpenAI key': OPENAI_KEY, 'the Anthropic key': ANTHROPIC_KEY };
const given = { MCP_SERVERS: JSON.stringify(ROWS['mcp.servers']), LLM_BACKENDS: JSON.stringify(ROWS['llm.backends']), LLM_HEADERS: JSON.stringify(ROWS['llm.headers']), LLM_FALLBACK: 'b', OPENAI_API_KEY: OPENAI_KEY, ANTHROPIC_API_KEY: ANTHROPIC_KEY };
const servers = { mcpServers: { filed: { url: 'http://127.0.0.1:9/mcp', headers: { Authorization: 'Bearer planted-of-file-9904' } } } };
ALL_KEYS['mcp.config'] = 'planted-of-file-9904';
for (const [how, options] of Object.entries({
  'in its environment': { env: given },
  'in its file of settings': { env: { OPENAI_API_KEY: OPENAI_KEY, ANTHROPIC_API_KEY: ANTHROPIC_KEY },
    settings: { mcp: { servers: ROWS['mcp.servers'] }, llm: { backends: ROWS['llm.backends'], headers: ROWS['llm.headers'], fallback: 'b' } } },
}))
  testWith({ ...options, release: true, edges: 1, turns: 1, ready: false,
    before: d => fs.writeFileSync(d.file('servers_config.json'), JSON.stringify(servers)) }, `an edge that is given keys ${how} has none of a model in its memory`, async d => {
    if (process.getuid() !== 0) return; /* of programs that are not dumpable, nobody else sees it */
    await until(async () => (await d.get('/health')).status === 200);
    /* SIGHUP reads them once more. */
    d.edges[0].signal('SIGHUP');
    await until(() => fs.readFileSync(d.edges[0].log, 'utf8').includes('config_loaded'));
    const has = pid => Object.entries(ALL_KEYS).filter(([, key]) => memoryHas(pid, key)).map(([what]) => what);
    /* The turn worker has all: whoever looks so, finds them. */
    await until(() => has(d.turns[0].pid).length === Object.keys(ALL_KEYS).length, { every: 200, what: 'all keys in a turn worker' });
    assert.ok(memoryHas(d.edges[0].pid, SECRET), 'and in an edge what is its own');
    assert.deepEqual(has(d.edges[0].pid), []);
  });
