import { BEGIN, body, chunk, completion, DONE, stream } from '../wire.mjs';

const NONE = { message: '', type: '', code: 0 };

export default {
  source: 'relays in Go, which write their struct of an error though it is empty; Cline\'s gateway, which wraps the answer',
  saw: 'a good answer, taken for an error',
  shape: 'an error without words, type and code beside choices; choices within data',
  right: 'the words are the answer',
  variants: ['stream', 'whole', 'wrapped'],
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant) => ({
    stream: () => stream(BEGIN, chunk({ content: 'right answer' }, null, { error: NONE }), chunk({}, 'stop', { error: NONE }), DONE),
    whole: () => body(completion({ content: 'right answer' }, 'stop', { error: NONE })),
    wrapped: () => body({ data: completion({ content: 'right answer' }), success: true }),
  })[variant](),
};
