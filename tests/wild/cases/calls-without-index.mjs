import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'su-kaka/gcli2api#406, ollama/ollama#15457; recorded answers without index',
  saw: 'the second call is lost, or its arguments end in the first',
  shape: 'two calls in pieces; no piece has an index, only the first of each has an id',
  right: 'an id begins a call; a piece without one continues the call begun last',
  variants: ['none', 'null'],
  answer: (req, n, variant, w) => {
    const p = o => { const d = piece({ ...o, index: null }); if (variant === 'null') d.tool_calls[0].index = null; return chunk(d); };
    return n > 0 ? w.say() : stream(BEGIN, p({ id: 'call_a', name: 'echo', args: '' }), p({ args: '{"text":' }), p({ args: '"one"}' }),
      p({ id: 'call_b', name: 'echo', args: '{"text"' }), p({ args: ':"two"}' }), chunk({}, 'tool_calls'), DONE);
  },
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one', call_b: 'two' }),
};
