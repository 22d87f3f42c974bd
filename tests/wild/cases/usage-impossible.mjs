import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, start, STOP, stream, textBlock } from '../wire.mjs';

const TOKENS = { most: '9223372036854775807', least: '-9223372036854775808', real: '1e300', time: '1749032296123' };

export default {
  source: 'relays that write a time or a float into usage; a hostile model server',
  saw: 'a budget that is used up for everybody, by one answer',
  shape: 'usage of as many tokens as no answer has, negative ones',
  right: 'the answer is given and its tokens are estimated; the next question is answered',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(TOKENS),
  settings: { budget: { day: 10000000 } },
  requests: 1,
  answer: (req, n, variant, w) => {
    const t = TOKENS[variant];
    if (n > 0) return w.say();
    return w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right answer' }), chunk({}, 'stop'), `data: {"choices":[],"usage":{"prompt_tokens":${t},"completion_tokens":${t}}}\n\n`, DONE)
      : stream(start(), textBlock('right answer'), `event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":${t},"cache_read_input_tokens":${t},"output_tokens":${t}}}\n\n`, STOP);
  },
  check: async run => {
    const r = await run.lane.d.chat({ chat_id: `after.${run.key.replaceAll('/', '.')}`, message: `And now? [wild:${run.key}]` });
    assert.equal(r.json?.reply, 'right answer', JSON.stringify(r.json));
    assert.equal(run.log.filter(l => l.event === 'model_usage_unlikely').length, ['most', 'time'].includes(run.variant) ? 1 : 0);
  },
};
