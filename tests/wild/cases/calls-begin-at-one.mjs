import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'ai-dynamo/dynamo#4723, su-kaka/gcli2api#406',
  saw: 'a call of nothing at the first place, and the person waits',
  shape: 'the indexes are 1 and 3: no call has 0',
  right: 'two calls, in order; none is made up',
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, chunk(piece({ index: 1, id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk(piece({ index: 3, id: 'call_b', name: 'echo', args: '{"text":"two"}' })), chunk({}, 'tool_calls'), DONE),
  check: run => assert.deepEqual(run.w.sent(run.requests[1].body).map(c => c.args.text), ['one', 'two']),
};
