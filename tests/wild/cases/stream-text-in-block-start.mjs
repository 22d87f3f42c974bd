import { close, ended, open, start, STOP, stream, words } from '../wire.mjs';

export default {
  source: 'langchain-ai/langchain#38442, earendil-works/pi#7283 (LiteLLM as gateway)',
  saw: 'the first letters of a reply are missing',
  shape: 'content_block_start has text; the deltas go on from there',
  right: 'both are the text',
  wires: ['anthropic'],
  requests: 1,
  reply: /^right answer$/,
  answer: () => stream(start(), open(0, { type: 'text', text: 'right ' }), words(0, 'answer'), close(0), ended(), STOP),
};
