import { error, fullContext, refuse } from '../wire.mjs';

const said = {
  xai: error("This model's maximum prompt length is 131072 but the request contains 537812 tokens."),
  kimi: error('Invalid request: Your request exceeded model token limit: 8192 (requested: 9001)'),
  copilot: error('prompt token count of 130000 exceeds the limit of 128000', { type: null, code: 'model_max_prompt_tokens_exceeded' }),
  dashscope: error('Range of input length should be [1, 30720]', { code: 'invalid_parameter_error' }),
  vllm: { object: 'error', message: 'The decoder prompt (length 41000) is longer than the maximum model length of 32768.', type: 'BadRequestError', param: null, code: 400 },
  groq: error('Please reduce the length of the messages or completion.', { code: 'context_length_exceeded', param: 'messages' }),
  mistral: { object: 'error', message: 'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length', type: 'invalid_request_invalid_args', code: '3051' },
  cerebras: { message: 'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192', type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' },
  lmstudio: { error: 'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.' },
  together: error('Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 1000 `max_new_tokens`', { type: 'invalid_request_error' }),
  bedrock: { message: 'Input is too long for requested model.' },
};
export default {
  source: 'earendil-works/pi#5930 and its list of providers\' words, openxjarvis/pi-mono-python (overflow), lmstudio-ai/lmstudio-bug-tracker#237, cline/cline#3664; the words of vLLM, Mistral, Cerebras, TGI and Bedrock',
  saw: 'the same 400 again and again, where shortening the history would have helped',
  shape: 'status 400: the prompt is too long, in the words of eleven providers',
  right: 'asked once more with less',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  before: 4,
  requests: 2,
  full: {},
  answer(req, n, variant, w) {
    return (this.full[variant + w.name] ??= fullContext())(req) ? refuse(400, said[variant]) : w.say();
  },
};
