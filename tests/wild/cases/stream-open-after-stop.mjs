import assert from 'node:assert/strict';
import { BEGIN, chunk, ended, HOLD, start, stream, textBlock } from '../wire.mjs';

export default {
  source: 'musistudio/claude-code-router#1271, cohere-ai/cohere-python#756 (Oracle), kekzl/imp#755 (Messages)',
  saw: 'the answer is there, and the program waits for minutes',
  shape: 'the stop reason came; then nothing, and the body stays open',
  right: 'two seconds after the last content the answer is over',
  wires: ['openai', 'anthropic'],
  slow: true,
  requests: 1,
  answer: (req, n, variant, w) => ({ ...(w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right answer' }), chunk({}, 'stop')) : stream(start(), textBlock('right answer'), ended())), ...HOLD }),
  check: run => assert.ok(run.ms < 5000, `${run.ms} ms`),
};
