import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'ollama/ollama#15457, ai-dynamo/dynamo#4723, su-kaka/gcli2api#406',
  saw: 'of two files to be written one or none was; two JSON texts stood glued together as arguments',
  shape: 'two calls, each whole in one delta, with ids of their own and the same index 0',
  right: 'an id that was not seen before begins another call, whatever its index',
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN,
    chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk(piece({ id: 'call_b', name: 'echo', args: '{"text":"two"}' })), chunk({}, 'tool_calls'), DONE),
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one', call_b: 'two' }),
};
