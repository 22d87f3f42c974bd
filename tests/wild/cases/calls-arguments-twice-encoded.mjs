import assert from 'node:assert/strict';
import { ended, start, STOP, stream, useBlock } from '../wire.mjs';

export default {
  source: 'tailcallhq/forgecode#2764, vllm-project/vllm#54964, openclaw/openclaw#40425',
  saw: 'the tool complains that its arguments are no object',
  shape: 'arguments is the JSON of a text that is the JSON of the object',
  right: 'decoded twice',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : w.name === 'openai' ? w.call('echo', JSON.stringify('{"text":"one"}'))
    : stream(start(), useBlock('echo', null, { id: 'call_a', pieces: [JSON.stringify('{"text":"one"}')] }), ended('tool_use'), STOP),
  check: run => {
    assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' });
    assert.deepEqual(run.w.sent(run.requests[1].body)[0].args, { text: 'one' }, 'an object goes back');
  },
};
