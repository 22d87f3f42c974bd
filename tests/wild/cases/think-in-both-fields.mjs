import assert from 'node:assert/strict';
import { chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'aaif-goose/goose#8715, vllm-project/vllm#27755 (gpt-oss)',
  saw: 'the stream is refused: one field seems to be there twice',
  shape: 'each delta has the same thought as reasoning and as reasoning_content; then a call; one of them must go back',
  right: 'thoughts are not words; they go back under the members they came in',
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(...['I need ', 'the tool.'].map(t => chunk({ reasoning: t, reasoning_content: t })), chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE),
  check: run => {
    const m = run.requests[1].body.messages.find(x => x.tool_calls);
    assert.deepEqual([m.reasoning, m.reasoning_content], ['I need the tool.', 'I need the tool.']);
  },
};
