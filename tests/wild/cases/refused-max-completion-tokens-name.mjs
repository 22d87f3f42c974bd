import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { refuse } from '../wire.mjs';

export default {
  source: 'twin of koosoli/ESPHomeDesigner#379: servers that know the older name only; words as FastAPI and Go servers have them',
  saw: 'an older server refuses each question',
  shape: 'max_completion_tokens is unknown, though the setting names it',
  right: 'the older name is used, and remembered',
  settings: { llm: { max_tokens_name: 'max_completion_tokens' } },
  variants: ['extra', 'unknown'],
  requests: 2,
  answer: (req, n, variant, w) => req.max_completion_tokens === undefined ? w.say()
    : variant === 'extra' ? refuse(422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'max_completion_tokens'], msg: 'Extra inputs are not permitted', input: 1000 }] })
      : refuse(400, { message: 'json: unknown field "max_completion_tokens"' }),
  check: async run => {
    assert.ok(run.requests[1].body.max_tokens > 0, 'the limit is still there');
    await again(1)(run);
  },
};
