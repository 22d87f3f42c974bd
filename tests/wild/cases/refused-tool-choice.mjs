import { refuse } from '../wire.mjs';

export default {
  source: 'zed-industries/zed#36094 (OpenRouter), vllm-project/vllm#9426, Mininglamp-OSS/octo-smart-summary#2 (Kimi)',
  saw: 'the last round ends in a refusal: a choice of tools was named',
  shape: 'tool_choice is refused: 404 from OpenRouter, 400 from vLLM',
  right: 'left out when it is refused; the model sums up all the same',
  wires: ['openai', 'anthropic'],
  variants: ['openrouter', 'vllm'],
  settings: { llm: { rounds: 1 } },
  answer: (req, n, variant, w) => {
    if (req.tool_choice !== undefined) return variant === 'openrouter' ? refuse(404, { error: { message: "No endpoints found that support the provided 'tool_choice' value. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing", code: 404 } })
      : refuse(400, { object: 'error', message: "[{'type': 'value_error', 'loc': ('body',), 'msg': 'Value error, tool_choice must either be a named tool, \"auto\", or \"required\".'}]", type: 'BadRequestError', param: null, code: 400 });
    return w.rounds(req) ? w.say() : w.call();
  },
};
