import { BEGIN, data, DONE, stream } from '../wire.mjs';

export default {
  source: 'OleksandrChekhovskyi/hax#15 (OpenRouter), fox1245/NeoGraph#124',
  saw: 'an empty success',
  shape: 'no words, and finish_reason "error"; or stop with native_finish_reason "network_error"',
  right: 'a passing failure: asked again',
  variants: ['error', 'native'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, data({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: '' }, finish_reason: variant === 'error' ? 'error' : 'stop', native_finish_reason: variant === 'error' ? 'error' : 'network_error' }] }), DONE),
};
