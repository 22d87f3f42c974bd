import assert from 'node:assert/strict';
import { BEGIN, chunk, open, PING, start, stream, words } from '../wire.mjs';

export default {
  source: 'maximhq/bifrost#6784: heartbeats kept a dead stream alive',
  saw: 'half a reply, and then minutes of nothing',
  shape: 'some words, then only pings or comments; the body stays open; llm.idle is one second',
  right: 'a ping is no content: after llm.idle it is broken, and asked again',
  wires: ['openai', 'anthropic'],
  slow: true,
  settings: { llm: { idle: '1s' } },
  requests: 2,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => {
    if (n > 0) return w.say();
    const beats = Array.from({ length: 40 }, () => [w.name === 'openai' ? ': alive\n\n' : PING, 300]).flat();
    return w.name === 'openai' ? stream(BEGIN, chunk({ content: 'something' }), ...beats) : stream(start(), open(0, { type: 'text', text: '' }), words(0, 'something'), ...beats);
  },
  check: run => assert.ok(run.ms < 8000, `${run.ms} ms`),
};
