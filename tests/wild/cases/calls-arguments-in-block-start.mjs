import assert from 'node:assert/strict';
import { ended, start, STOP, stream, useBlock } from '../wire.mjs';

const SHAPES = { whole: { begun: { text: 'one' }, pieces: [] }, empty: { begun: { text: 'one' }, pieces: [''] }, both: { begun: { text: 'one' }, pieces: ['{"text":"one"}'] } };
export default {
  source: 'vllm-project/vllm#34887, langchain-ai/langchain#34408',
  saw: 'the tool is called with an empty object',
  shape: 'content_block_start has the whole input, and no piece follows, or an empty one, or the same once more',
  right: 'pieces are the arguments where there are some, else what the block began with',
  wires: ['anthropic'],
  variants: Object.keys(SHAPES),
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(start(), useBlock('echo', null, { id: 'call_a', ...SHAPES[variant] }), ended('tool_use'), STOP),
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' }),
};
