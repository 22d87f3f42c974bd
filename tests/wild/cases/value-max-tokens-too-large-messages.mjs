import assert from 'node:assert/strict';
import { again } from '../again.mjs';

export default {
  source: 'twin of tailcallhq/forgecode#1185 on Messages',
  saw: 'an older model refuses each question',
  shape: 'max_tokens: N > 512, which is the maximum allowed number of output tokens',
  right: 'the limit is set to what is named, and remembered',
  wires: ['anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => req.max_tokens <= 512 ? w.say() : w.refuse(`max_tokens: ${req.max_tokens} > 512, which is the maximum allowed number of output tokens for claude-old`),
  check: async run => {
    assert.equal(run.requests[1].body.max_tokens, 512);
    await again(1)(run);
  },
};
