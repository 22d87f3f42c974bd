import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

const said = {
  openai: error("Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.", { param: 'temperature', code: 'unsupported_value' }),
  kimi: error('invalid temperature: only 1 is allowed for this model'),
};
export default {
  source: 'johny-b/llmcomp#69, gabrii/Cursor-Azure-GPT-5#33, OpenHands/OpenHands#4131, QwenLM/qwen-code#921; Kimi\'s words',
  saw: 'thinking models refuse each question',
  shape: 'the temperature may only be 1',
  right: 'it is set to 1, or left out; remembered',
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => [undefined, 1].includes(req.temperature) ? w.say() : refuse(400, said[variant]),
  check: again(1),
};
