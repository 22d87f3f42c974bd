import { body, error, fullContext, refuse } from '../wire.mjs';

const M = 'This model\'s maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.';
const SHAPES = {
  text: { error: M }, message: { message: M }, detail: { detail: M }, list: { detail: [{ loc: ['body', 'messages'], msg: M, type: 'value_error' }] }, errors: { errors: [{ message: M }] },
  inside: { error: { message: `litellm.BadRequestError: OpenAIException - ${JSON.stringify(error(M))}`, type: null, param: null, code: '400' } },
  raw: { error: { message: 'Provider returned error', code: 400, metadata: { raw: JSON.stringify(error(M)), provider_name: 'Azure' } } },
  title: { type: 'https://x/errors', title: 'Bad Request', status: 400, detail: M },
};
export default {
  source: 'BeehiveInnovations/pal-mcp-server#134 (OpenRouter\'s metadata.raw), OpenHands/OpenHands#8685 (LiteLLM), meta-llama/llama-models#354 (title and detail), n4ze3m/page-assist#406',
  saw: '"Provider returned error", or nothing: what the provider said stood elsewhere',
  shape: 'one refusal in eight shapes, and as plain text',
  right: 'read wherever it stands: too long, so once more with less',
  wires: ['openai', 'anthropic'],
  variants: [...Object.keys(SHAPES), 'plain'],
  before: 4,
  requests: 2,
  full: {},
  answer(req, n, variant, w) {
    return !(this.full[variant + w.name] ??= fullContext())(req) ? w.say() : variant === 'plain' ? body(M, { status: 400, type: 'text/plain' }) : refuse(400, SHAPES[variant]);
  },
};
