import assert from 'node:assert/strict';
import { ended, start, STOP, stream, textBlock, useBlock } from '../wire.mjs';

export default {
  source: 'BerriAI/litellm#28868 and #34433; twin of ollama/ollama#15457',
  saw: 'of two calls one is lost; arguments are glued together',
  shape: 'each block begins at index 0: thoughts, then words, then two uses of tools',
  right: 'a content_block_start begins a block, whatever its index',
  wires: ['anthropic'],
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(start(), textBlock('Let me see.', 0), useBlock('echo', { text: 'one' }, { index: 0, id: 'call_a' }), useBlock('echo', { text: 'two' }, { index: 0, id: 'call_b' }), ended('tool_use'), STOP),
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one', call_b: 'two' }),
};
