import { BEGIN, chunk, DONE, ended, start, STOP, stream, textBlock } from '../wire.mjs';

export default {
  source: 'BerriAI/litellm#2195; twin on the other wire',
  saw: 'the end of a reply is missing',
  shape: 'one stop reason, then a pause, then more words and a second one',
  right: 'words that still come are not lost',
  wires: ['openai', 'anthropic'],
  slow: true,
  requests: 1,
  reply: 'right answer, all of it',
  answer: (req, n, variant, w) => w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right answer' }, 'stop'), 400, chunk({ content: ', all of it' }), chunk({}, 'stop'), DONE)
    : stream(start(), textBlock('right answer'), ended(), 400, textBlock(', all of it', 1), ended(), STOP),
};
