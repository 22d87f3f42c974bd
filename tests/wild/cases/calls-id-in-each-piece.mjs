import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'ai-dynamo/dynamo#4723, ar-jan/llm-venice#45',
  saw: 'one call becomes five, each with a part of the arguments',
  shape: 'id, type and name come again with each piece of the arguments; or as empty texts',
  right: 'an id that is known, or empty, begins nothing; a name is not doubled',
  variants: ['again', 'empty'],
  answer: (req, n, variant, w) => {
    const more = variant === 'again' ? { id: 'call_a', name: 'echo' } : { id: '', name: '' };
    return n > 0 ? w.say() : stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '' })), chunk(piece({ ...more, args: '{"te' })), chunk(piece({ ...more, args: 'xt":"one"}' })), chunk({}, 'tool_calls'), DONE);
  },
  check: run => assert.deepEqual(run.w.sent(run.requests[1].body), [{ id: 'call_a', name: 'echo', args: { text: 'one' } }]),
};
