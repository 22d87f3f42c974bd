import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'aaif-goose/goose#11686 (vMLX), aaif-goose/goose#6309 (vLLM)',
  saw: 'Tool \'\' not found, again and again',
  shape: 'the first piece has the id and an empty name, or no arguments; the name comes with the arguments, by index',
  right: 'the name that comes is the call\'s',
  variants: ['empty', 'missing'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, chunk(piece({ id: 'call_a', name: variant === 'empty' ? '' : undefined })), chunk(piece({ name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE),
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' }),
};
