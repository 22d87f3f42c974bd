import { BEGIN, chunk, close, DONE, ended, open, start, STOP, stream } from '../wire.mjs';

const half = text => `data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}]}\n\n`;
const wordsOf = text => `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}\n\n`;
export default {
  source: 'elie222/rakazo#416, elizaOS/eliza#30904',
  saw: 'broken signs in place of an emoji that fell between two pieces, and a database that refused the text',
  shape: 'one piece ends in the escape \\ud83d, the next one begins with \\ude00',
  right: 'the first half waits for the second: one character',
  wires: ['openai', 'anthropic'],
  requests: 1,
  reply: 'right \u{1f600} answer',
  answer: (req, n, variant, w) => w.name === 'openai'
    ? stream(BEGIN, half('right \\ud83d'), half('\\ude00 answer'), chunk({}, 'stop'), DONE)
    : stream(start(), open(0, { type: 'text', text: '' }), wordsOf('right \\ud83d'), wordsOf('\\ude00 answer'), close(0), ended(), STOP),
};
