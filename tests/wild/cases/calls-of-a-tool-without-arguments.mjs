import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, ended, piece, start, STOP, stream, useBlock } from '../wire.mjs';

export default {
  source: 'ogx-ai/ogx#5462, agentjido/req_llm#801 (servers that leave out what is empty)',
  saw: 'a tool without arguments can never be called',
  shape: 'arguments are "", null, missing, "null"; on Messages no piece, or an empty one',
  right: 'an empty object',
  wires: ['openai', 'anthropic'],
  variants: ['empty', 'null', 'missing', 'word'],
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n > 0) return w.say();
    return w.name === 'openai' ? stream(BEGIN, chunk(piece({ id: 'call_a', name: 'time', args: { empty: '', null: null, word: 'null' }[variant] })), chunk({}, 'tool_calls'), DONE)
      : stream(start(), useBlock('time', null, { id: 'call_a', pieces: { empty: [''], null: [], missing: [], word: ['null'] }[variant] }), ended('tool_use'), STOP);
  },
  check: run => {
    assert.deepEqual(run.w.sent(run.requests[1].body)[0].args, {});
    assert.match(run.w.results(run.requests[1].body).call_a, /20\d\d/, 'the time');
  },
};
