import assert from 'node:assert/strict';
import { refuse } from '../wire.mjs';

export default {
  source: 'evalstate/fast-agent#279, tensorzero/tensorzero#2805, BerriAI/litellm#4584',
  saw: 'o4-mini and others refuse each question with tools',
  shape: 'parallel_tool_calls is unsupported, or unknown',
  right: 'never sent, so that nothing is refused or learned',
  variants: ['unsupported', 'unknown'],
  requests: 2,
  answer: (req, n, variant, w) => req.parallel_tool_calls === undefined ? n === 0 ? w.call() : w.say()
    : variant === 'unsupported' ? w.refuse("Unsupported parameter: 'parallel_tool_calls' is not supported with this model.", { param: 'parallel_tool_calls', code: 'unsupported_parameter' })
      : refuse(422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'parallel_tool_calls'], msg: 'Extra inputs are not permitted' }] }),
  check: ({ requests }) => {
    for (const { body } of requests) {
      assert.ok(body.tools.length > 0, 'a question with tools');
      assert.equal('parallel_tool_calls' in body, false);
    }
  },
};
