import assert from 'node:assert/strict';
import { chunk, DONE, stream } from '../wire.mjs';

export default {
  source: 'sipeed/picoclaw#966, xorbitsai/inference#1215; recorded answers with null members',
  saw: 'words are thrown away, since the answer seems to call tools',
  shape: 'tool_calls is an empty list or null beside the words, the reason is tool_calls',
  right: 'no call: the words are the reply',
  variants: ['empty', 'null'],
  requests: 1,
  answer: (req, n, variant) => stream(chunk({ role: 'assistant', content: 'right ', tool_calls: variant === 'empty' ? [] : null, function_call: null, refusal: null }), chunk({ content: 'answer', tool_calls: [] }), chunk({ tool_calls: [] }, 'tool_calls'), DONE),
  check: run => assert.equal(run.reply, 'right answer'),
};
