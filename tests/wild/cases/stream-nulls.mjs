import { close, data, delta, DONE, ended, event, open, start, STOP, stream, usage } from '../wire.mjs';

export default {
  source: 'recorded answers with null members; jekalmin/extended_openai_conversation#456, run-llama/llama_index#22337 (SambaNova)',
  saw: 'a crash on a member that is null, or a word twice',
  shape: 'choices, delta, content, usage and finish_reason (on Messages: id, usage, content blocks, deltas and stop_reason) are null or missing here and there',
  right: 'null is nothing',
  wires: ['openai', 'anthropic'],
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => w.name === 'anthropic' ? stream(start({ id: null, usage: null, content: null, stop_reason: null }), event({ type: 'content_block_delta', index: 0, delta: null }), open(0, { type: 'text', text: null, citations: null }),
    delta(0, { type: 'text_delta', text: null }), delta(0, { type: 'text_delta', text: 'right ' }), event({ type: 'content_block_delta', index: 0 }), delta(0, { type: 'text_delta', text: 'answer' }), close(0),
    event({ type: 'message_delta', delta: null, usage: null }), event({ type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: null } }), ended(), STOP) : stream(data({ id: null, choices: null, usage: null }), data({ choices: [{ index: 0, delta: null, finish_reason: null }] }), data({ choices: [{ delta: { role: null, content: 'right ', tool_calls: null, refusal: null, audio: null } }] }),
    data({ choices: [{ index: 0, delta: { content: 'answer' }, finish_reason: null, logprobs: null }], usage: null }), data({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }), usage(), data({ choices: [], usage: null }), DONE),
};
