import assert from 'node:assert/strict';
import { chunk, completion, DONE, refuse, stream } from '../wire.mjs';

export default {
  source: 'xorbitsai/inference#1099, kirel in ollama/ollama#6155; recorded answers with function_call',
  saw: 'an empty reply: the call stood in a member of 2023',
  shape: 'delta.function_call in pieces, the reason is function_call; or in a whole message',
  right: 'it is a call; its result goes back in the way of today',
  variants: ['stream', 'whole'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : variant === 'whole' ? { ...refuse(200, completion({ content: null, function_call: { name: 'echo', arguments: '{"text":"one"}' } }, 'function_call')) }
    : stream(chunk({ role: 'assistant', content: null, function_call: { name: 'echo', arguments: '' } }), chunk({ function_call: { arguments: '{"text":' } }), chunk({ function_call: { arguments: '"one"}' } }), chunk({}, 'function_call'), DONE),
  check: run => assert.deepEqual(Object.values(run.w.results(run.requests[1].body)), ['one']),
};
