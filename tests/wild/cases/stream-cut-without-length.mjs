import assert from 'node:assert/strict';
import { BEGIN, chunk, open, start, stream, words } from '../wire.mjs';

export default {
  source: 'bolna-ai/bolna#464, can1357/oh-my-pi#9433; relays that speak HTTP/1.0',
  saw: 'after some answers that broke off, no question was asked any more',
  shape: 'a body without length or chunks ends in its middle: a stream, a whole document',
  right: 'it was cut, and is asked for again; the end of a connection opens no breaker, however many there are',
  wires: ['openai', 'anthropic'],
  variants: ['stream', 'whole'],
  settings: { llm: { retry_for: '1s' } },
  reply: /./,
  answer: (req, n, variant, w) => {
    if (variant === 'stream') return { ...(w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right ans' }), 20) : stream(start(), open(0, { type: 'text', text: '' }), words(0, 'right ans'), 20)), framing: 'close' };
    const { pieces: [text], ...whole } = w.whole('right answer');
    return { ...whole, pieces: [text.slice(0, text.indexOf('right') + 9), 20], framing: 'close' };
  },
  check: async run => {
    const { d } = run.lane;
    const asked = run.requests.length;
    if (run.variant === 'stream') assert.match(run.reply, /right ans/);
    await Promise.all([1, 2, 3, 4, 5, 6].map(i => d.say(`${run.key.replaceAll('/', '.')}.${i}`, `And now? [wild:${run.key}]`)));
    assert.ok(run.requests.length - asked >= 12, `each chat's was asked for again: ${run.requests.length - asked} requests`);
    assert.deepEqual([...await d.metrics()].filter(([k, v]) => k.startsWith('dragoman_breaker_open') && k.includes(run.key.replaceAll('/', '.')) && v > 0), []);
  },
};
