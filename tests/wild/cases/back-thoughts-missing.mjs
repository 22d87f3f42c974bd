import { again } from '../again.mjs';

export default {
  source: 'anomalyco/opencode#24083 (DeepSeek), FellouAI/eko#281 (Kimi)',
  saw: 'a call that came without thoughts is refused when it goes back, and each question of that chat after it',
  shape: 'in thinking mode each assistant message with calls must have reasoning_content, and this model wrote none',
  right: 'asked again with an empty one; remembered',
  requests: 3,
  answer: (req, n, variant, w) => {
    if (req.messages.some(m => m.tool_calls && typeof m.reasoning_content !== 'string')) return w.refuse('The `reasoning_content` in the thinking mode must be passed back to the API.');
    return w.rounds(req) ? w.say() : w.call();
  },
  check: again(2),
};
