import { BEGIN, chunk, DONE, ended, PING, start, STOP, stream, textBlock } from '../wire.mjs';

export default {
  source: 'kekzl/imp#755, maximhq/bifrost#6784; reasoning models send nothing but pings until they have thought',
  saw: 'a model that thinks is cut off by the time-out that is meant for a stalled answer',
  shape: 'pings or comments for three seconds, then the whole answer; llm.idle is one second',
  right: 'until the first content llm.first_byte counts',
  wires: ['openai', 'anthropic'],
  slow: true,
  settings: { llm: { idle: '1s', first_byte: '20s' } },
  requests: 1,
  answer: (req, n, variant, w) => {
    const beats = Array.from({ length: 10 }, () => [w.name === 'openai' ? ': thinking\n\n' : PING, 300]).flat();
    return w.name === 'openai' ? stream(...beats, BEGIN, chunk({ content: 'right answer' }), chunk({}, 'stop'), DONE) : stream(start(), ...beats, textBlock('right answer'), ended(), STOP);
  },
};
