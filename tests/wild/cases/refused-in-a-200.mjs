import { body, data, error, fullContext, stream } from '../wire.mjs';

export default {
  source: 'BeehiveInnovations/pal-mcp-server#134, ggml-org/llama.cpp#16104, xberg-io/liter-llm#189; recorded answers with an error member',
  saw: 'a bad answer, where it was a refusal that said what is wrong',
  shape: 'status 200 and a body, a line or an event that is an error: the context is full',
  right: 'a refusal whatever the status: once more with less',
  variants: ['body', 'line', 'event', 'choice'],
  before: 4,
  requests: 2,
  full: {},
  answer(req, n, variant, w) {
    if (!(this.full[variant] ??= fullContext())(req)) return w.say();
    const e = error('the request exceeds the available context size (8192 tokens), try increasing it', { code: 400, type: 'exceed_context_size_error' });
    return variant === 'body' ? body(e) : variant === 'line' ? stream(`${JSON.stringify(e)}\n`) : variant === 'event' ? stream(`event: error\n${data(e)}`)
      : body({ id: 'x', object: 'chat.completion', choices: [{ index: 0, error: e.error, finish_reason: 'error', message: { role: 'assistant', content: '' } }] });
  },
};
