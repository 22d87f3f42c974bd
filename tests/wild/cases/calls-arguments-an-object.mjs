import assert from 'node:assert/strict';
import { BEGIN, chunk, completion, DONE, refuse, stream } from '../wire.mjs';

export default {
  source: 'langchain-ai/langchainjs#11188, ollama/ollama#6155',
  saw: '"[object Object]" in place of arguments',
  shape: 'arguments is a JSON object, not a text; in the stream and in a whole answer',
  right: 'the object is the arguments',
  variants: ['stream', 'whole'],
  requests: 2,
  answer: (req, n, variant, w) => {
    const calls = [{ index: 0, id: 'call_a', type: 'function', function: { name: 'echo', arguments: { text: 'one' } } }];
    return n > 0 ? w.say() : variant === 'stream' ? stream(BEGIN, chunk({ tool_calls: calls }), chunk({}, 'tool_calls'), DONE) : refuse(200, completion({ content: null, tool_calls: calls }, 'tool_calls'));
  },
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' }),
};
