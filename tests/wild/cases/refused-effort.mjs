import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

export default {
  source: 'laurent22/joplin#16451, pipecat-ai/pipecat#4043, livekit/agents#5088, openai/openai-openapi#541 (gpt-5.4 and later, which think by themselves)',
  saw: 'each question with tools is refused, though no effort was asked for',
  shape: 'Function tools with reasoning_effort are not supported; set reasoning_effort to none',
  right: 'asked with reasoning_effort none and with its tools; remembered',
  requests: 2,
  answer: (req, n, variant, w) => req.tools && req.reasoning_effort !== 'none'
    ? refuse(400, error("Function tools with reasoning_effort are not supported for gpt-5.6-terra in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.", { param: 'reasoning_effort' })) : w.say(),
  check: async run => {
    const b = run.requests[1].body;
    assert.equal(b.reasoning_effort, 'none');
    assert.ok(b.tools.length > 0, 'its tools');
    await again(1)(run);
  },
};
