import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

const said = {
  openai: n => error(`This model's maximum context length is 4096 tokens. However, you requested ${3500 + n} tokens (3500 in the messages, ${n} in the completion). Please reduce the length of the messages or completion.`, { param: 'messages', code: 'context_length_exceeded' }),
  vllm: n => ({ object: 'error', message: `'max_tokens' or 'max_completion_tokens' is too large: ${n}. This model's maximum context length is 4096 tokens and your request has 3500 input tokens (${n} > 4096 - 3500).`, type: 'BadRequestError', param: 'max_tokens', code: 400 }),
};
export default {
  source: 'ChatGPTNextWeb/NextChat#3195; vLLM says the same of 4,096',
  saw: 'a short question is refused: the prompt fits, the prompt and the limit do not',
  shape: 'a context of 4,096 tokens, 3,500 in the messages and 1,000 asked for; there is no history to shorten',
  right: 'asked with a limit that fits (596)',
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => w.limit(req) <= 596 ? w.say() : refuse(400, said[variant](w.limit(req))),
  check: run => {
    const limit = run.w.limit(run.requests[1].body);
    assert.ok(limit > 100, `${limit} tokens are too few`);
  },
};
