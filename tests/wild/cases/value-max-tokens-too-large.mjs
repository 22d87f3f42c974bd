import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { completion, error, refuse } from '../wire.mjs';

const MAX = 512;
const said = {
  openai: n => error(`max_tokens is too large: ${n}. This model supports at most ${MAX} completion tokens, whereas you provided ${n}.`, { param: 'max_tokens', code: 'invalid_value' }),
  relay: n => error('Param Incorrect', { type: 'upstream_error', param: `max_tokens is too large: ${n}. This model supports at most ${MAX} completion tokens, whereas you provided ${n}.`, code: '400' }),
  range: () => error(`Invalid max_tokens value, the valid range of max_tokens is [1, ${MAX}]`),
  groq: () => error(`\`max_tokens\` must be less than or equal to \`${MAX}\`, the maximum value for \`max_tokens\` is less than the \`context_window\` for this model`, { param: 'max_tokens' }),
};
export default {
  source: 'diffbot/code-gpt-docs#284, ChatGPTNextWeb/NextChat#3195, algorithmicsuperintelligence/optillm#4, AQBot-Desktop/AQBot#93, tailcallhq/forgecode#1185, opencode-ai/opencode#140',
  saw: '"hello" fails: the limit asked for is larger than the model\'s',
  shape: `a model that gives ${MAX} tokens at most says so, in five ways`,
  right: 'the limit is set to what is named, and remembered',
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => w.limit(req) <= MAX ? w.say() : refuse(400, said[variant](w.limit(req))),
  check: async run => {
    assert.equal(run.w.limit(run.requests[1].body), MAX);
    await again(1)(run);
  },
};
