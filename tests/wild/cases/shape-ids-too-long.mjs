import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

export default {
  source: 'BerriAI/litellm#18160, BerriAI/litellm#41590: after a fall-back the id of another provider is too long',
  saw: 'a hard 400 in the middle of a turn',
  shape: 'ids of more than 40 characters are refused, in OpenAI\'s words',
  right: 'shorter ids, the same in call and result; remembered',
  requests: 3,
  answer(req, n, variant, w) {
    if (!w.rounds(req)) return w.call('echo', '{"text":"one"}', `chatcmpl-tool-${'a'.repeat(60)}`);
    const i = req.messages.findIndex(m => m.tool_calls);
    const { length } = req.messages[i].tool_calls[0].id;
    return length > 40 ? refuse(400, error(`Invalid 'messages[${i}].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length ${length} instead.`, { param: `messages[${i}].tool_calls[0].id`, code: 'string_above_max_length' })) : w.say();
  },
  check: async run => {
    const before = run.requests.length;
    await run.lane.d.say(run.key.replaceAll('/', '.'), `And again. [wild:${run.key}]`);
    assert.equal(run.requests.length - before, 2, 'remembered: a call, then words');
  },
};
