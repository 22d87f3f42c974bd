import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { refuse } from '../wire.mjs';

const NINE = /^[a-zA-Z0-9]{9}$/;
export default {
  source: 'anomalyco/opencode#1680, jackmpcollins/magentic#276, karthink/gptel#1203, nearai/ironclaw#1241, langchain-ai/langchain#24668',
  saw: 'with Mistral each question after a call of a tool is refused',
  shape: 'an id of a call that is not nine letters or digits; code 3280',
  right: 'the ids get that form, the same in call and result, and it is remembered',
  requests: 3,
  answer: (req, n, variant, w) => {
    const ids = [...w.sent(req).map(c => c.id), ...Object.keys(w.results(req))];
    const bad = ids.find(id => !NINE.test(id));
    if (bad) return refuse(400, { object: 'error', message: `Tool call id was ${bad} but must be a-z, A-Z, 0-9, with a length of 9.`, type: 'invalid_function_call', param: null, code: '3280' });
    return ids.length ? w.say() : w.calls([['echo', { text: 'one' }, 'call_0fypS1hVX'], ['echo', { text: 'two' }, 'call_1fypS1hVX']]);
  },
  check: async run => {
    const { body: b } = run.requests[2];
    assert.deepEqual(run.w.sent(b).map(c => run.w.results(b)[c.id]), ['one', 'two']);
    await again(2)(run);
  },
};
