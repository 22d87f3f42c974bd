import assert from 'node:assert/strict';
import { chunk, close, delta, DONE, ended, open, start, STOP, stream, textBlock } from '../wire.mjs';

const CALL = 'I look.\n<tool_call>\n{"name": "echo", "arguments": {"text": "one"}}\n</tool_call>';
const THOUGHTS = open(0, { type: 'thinking', thinking: '', signature: '' }) + delta(0, { type: 'thinking_delta', thinking: 'Hm.' }) + delta(0, { type: 'signature_delta', signature: 'c2ln' }) + close(0);
export default {
  source: 'vllm-project/vllm#22975 behind gateways that speak Messages; inflexa-ai/inflexa#470 (calls as text in a text block)',
  saw: 'the question after it is refused: a result without its call',
  shape: 'thoughts in their own block or member, then a call written as text',
  right: 'the call goes back with its result, the thoughts too, and its markup does not',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say()
    : w.name === 'openai' ? stream(chunk({ role: 'assistant', content: '', reasoning_content: 'Hm.' }), chunk({ content: CALL }), chunk({}, 'stop'), DONE)
      : stream(start(), THOUGHTS, textBlock(CALL, 1), ended('end_turn'), STOP),
  check: run => {
    const { body: b } = run.requests[1];
    assert.deepEqual(run.w.sent(b).map(c => c.name), ['echo']);
    assert.deepEqual(Object.values(run.w.results(b)), ['one']);
    const said = JSON.stringify(b.messages.at(-2));
    assert.match(said, /Hm\./);
    assert.match(said, /I look\./);
    assert.doesNotMatch(said, /<tool_call>/);
  },
};
