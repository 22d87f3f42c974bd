import { ended, open, start, STOP, stream, textBlock, words } from '../wire.mjs';

export default {
  source: 'BerriAI/litellm#33859, BerriAI/litellm#38153 (a gateway that falls back in the middle of an answer); recorded likewise',
  saw: 'the stream is refused, or two answers stand in one reply',
  shape: 'message_start twice: at once, with the same id; or after words that another model had begun',
  right: 'what stood before the second one is void',
  wires: ['anthropic'],
  variants: ['at-once', 'after-words'],
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant) => variant === 'at-once' ? stream(start(), start(), textBlock('right answer'), ended(), STOP)
    : stream(start(), open(0, { type: 'text', text: '' }), words(0, 'something else, which was'), start({ id: 'msg_2' }), textBlock('right answer'), ended(), STOP),
};
