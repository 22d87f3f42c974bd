import { again } from '../again.mjs';

export default {
  source: 'OpenHands/OpenHands#4131 (o1-mini), SilasMarvin/lsp-ai#95',
  saw: 'one thing was mended, the next was refused',
  shape: 'one refusal after another: stream_options, then max_tokens, then temperature',
  right: 'up to four repeats; then all is remembered',
  requests: 4,
  answer: (req, n, variant, w) => req.stream_options ? w.refuse('Unrecognized request argument supplied: stream_options')
    : req.max_tokens !== undefined ? w.refuse("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", { param: 'max_tokens', code: 'unsupported_parameter' })
      : ![undefined, 1].includes(req.temperature) ? w.refuse("Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.", { param: 'temperature', code: 'unsupported_value' })
        : w.say(),
  check: again(1),
};
