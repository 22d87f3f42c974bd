import { BEGIN, chunk, open, start, stream, words } from '../wire.mjs';

export default {
  source: 'can1357/oh-my-pi#9433, ranxianglei/billion-context-omp#105',
  saw: 'half a reply, taken for a whole one',
  shape: 'the body ends (cleanly, without its last chunk, or by a reset) in the middle of the words, with no stop reason',
  right: 'no answer yet: asked again, and the whole one is given once',
  wires: ['openai', 'anthropic'],
  variants: ['clean', 'cut', 'reset'],
  requests: 2,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => n > 0 ? w.say() : { ...(w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right ans' }), 50) : stream(start(), open(0, { type: 'text', text: '' }), words(0, 'right ans'), 50)),
    ...(variant === 'clean' ? {} : { then: variant }) },
};
