import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, ended, piece, start, STOP, stream, useBlock } from '../wire.mjs';

export default {
  source: 'Blaizzy/mlx-vlm#1014, xorbitsai/inference#1215, sgl-project/sglang#17320',
  saw: 'the tool is never called: the reason said stop',
  shape: 'calls are there, the stop reason is "stop", "function_call" or null; on Messages "end_turn"',
  right: 'calls are calls, whatever the reason',
  wires: ['openai', 'anthropic'],
  variants: ['stop', 'function_call'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : w.name === 'openai' ? stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, variant), DONE)
    : stream(start(), useBlock('echo', { text: 'one' }, { id: 'call_a' }), ended(variant === 'stop' ? 'end_turn' : variant), STOP),
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' }),
};
