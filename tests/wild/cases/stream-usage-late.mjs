import assert from 'node:assert/strict';
import { BEGIN, chunk, data, stream } from '../wire.mjs';

export default {
  source: 'musistudio/claude-code-router#1235 and #1271, ayunis-core/ayunis-core#885',
  saw: 'no tokens are counted: the usage came after the stop reason',
  shape: 'usage in a chunk of its own (choices empty, or null), half a second after the stop reason, without [DONE]',
  right: 'what comes last is counted',
  variants: ['empty', 'null'],
  requests: 1,
  answer: (req, n, variant) => stream(BEGIN, chunk({ content: 'right answer' }), chunk({}, 'stop'), 500,
    data({ id: 'x', object: 'chat.completion.chunk', choices: variant === 'empty' ? [] : null, usage: { prompt_tokens: 1234, completion_tokens: 56, total_tokens: 1290 } })),
  check: run => {
    const done = run.log.find(l => l.event === 'turn_done');
    assert.deepEqual([done.tokens_in, done.tokens_out], [1234, 56]);
  },
};
