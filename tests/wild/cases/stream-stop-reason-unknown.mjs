import { chunk, DONE, ended, start, STOP, stream, textBlock } from '../wire.mjs';

export default {
  source: 'open-webui/open-webui#16377, anomalyco/opencode#49167; recorded answers with an empty reason in each chunk',
  saw: 'an answer that ended in a word nobody knew was an error',
  shape: 'the reason is "" in each chunk and at last "eos", "end_turn" or "STOP"; on Messages "stop" or none',
  right: 'any reason is a reason; an empty one is none',
  wires: ['openai', 'anthropic'],
  variants: ['eos', 'end_turn', 'STOP'],
  requests: 1,
  answer: (req, n, variant, w) => w.name === 'openai' ? stream(chunk({ role: 'assistant', content: 'right' }, ''), chunk({ content: ' answer' }, ''), chunk({}, variant), DONE)
    : stream(start({ stop_reason: '' }), textBlock('right answer'), ended(variant), STOP),
};
