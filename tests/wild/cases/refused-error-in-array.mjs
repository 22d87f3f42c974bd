import { fullContext, refuse } from '../wire.mjs';

export default {
  source: 'n4ze3m/page-assist#406, 0xsline/OpenChatCut#6, coreply/coreply#20',
  saw: 'a complaint about a bracket instead of what the provider said',
  shape: 'Gemini\'s OpenAI endpoint: the body of the 400 is a list whose first element has the error',
  right: 'read like the object alone: too many input tokens, so once more with less',
  wires: ['openai', 'anthropic'],
  before: 4,
  requests: 2,
  full: {},
  answer(req, n, variant, w) {
    return (this.full[w.name] ??= fullContext())(req) ? refuse(400, [{ error: { code: 400, message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', status: 'INVALID_ARGUMENT' } }]) : w.say();
  },
};
