import { BEGIN, chunk, DONE, start, STOP, stream, textBlock } from '../wire.mjs';

export default {
  source: 'can1357/oh-my-pi#9433',
  saw: 'a complete answer is thrown away as cut',
  shape: '[DONE] (or message_stop) comes, a stop reason never did; or it was null to the end',
  right: '[DONE] ends an answer as well',
  wires: ['openai', 'anthropic'],
  requests: 1,
  answer: (req, n, variant, w) => w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right answer' }), DONE) : stream(start(), textBlock('right answer'), STOP),
};
