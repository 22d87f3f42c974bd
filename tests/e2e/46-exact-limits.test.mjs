/*
 * Never more than N messages of a chat in any 60 s, over all workers: of 2N at
 * once exactly N are let in, and half a minute later none.  The inbox takes more
 * than that, and nginx does not limit this machine.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { sleep } from './dragoman.mjs';
import { sharedStack } from './stacks.mjs';

const N = 200;
const CONNECTIONS = 64;
/* Longer than a limit that refills by and by would need for N / 2 more. */
const LATER_MS = 35000;

const s = sharedStack({
  release: true, edges: 2, turns: 2,
  settings: { chat: { rate_limit_per_minute: N, inbox_max: 4 * N, inbox_bytes: '16m', wait: '5s' } },
});

const burst = async (d, agent, n, what) => {
  const all = await Promise.all(Array.from({ length: n }, (_, i) => d.chat({ chat_id: 'exact', message: `${what} ${i}` }, { agent })));
  const passed = all.filter(r => r.status === 200 || r.status === 202).length;
  const refused = all.filter(r => r.status === 429);
  assert.equal(passed + refused.length, n, JSON.stringify(all.map(r => r.status)));
  for (const r of refused) {
    assert.match(r.json.detail, new RegExp(`max ${N} messages per minute`));
    assert.ok(Number(r.headers['retry-after']) <= 61);
  }
  return passed;
};

s.test(`of ${2 * N} at once over ${CONNECTIONS} connections and two edges ${N} pass, and none later in that minute`, async d => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    const start = performance.now();
    assert.equal(await burst(d, agent, 2 * N, 'at once'), N);
    for (const e of d.edges) assert.ok(d.logs(e.name).some(l => l.event === 'request_done'), `${e.name} served some`);
    await sleep(LATER_MS - (performance.now() - start));
    assert.ok(performance.now() - start < 55000, 'this minute is not over');
    assert.equal(await burst(d, agent, 2 * CONNECTIONS, 'later'), 0);
    const accepted = (await d.cli(['chats', 'show', 'exact', '--json'])).json.messages;
    assert.equal(accepted, N);
  } finally {
    agent.destroy();
  }
});
