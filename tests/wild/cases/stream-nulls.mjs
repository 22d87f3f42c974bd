import { data, DONE, stream, usage } from '../wire.mjs';

export default {
  source: 'recorded answers with null members; jekalmin/extended_openai_conversation#456, run-llama/llama_index#22337 (SambaNova)',
  saw: 'a crash on a member that is null, or a word twice',
  shape: 'choices, delta, content, usage and finish_reason are null or missing here and there; a chunk with usage only',
  right: 'null is nothing',
  requests: 1,
  reply: /^right answer$/,
  answer: () => stream(data({ id: null, choices: null, usage: null }), data({ choices: [{ index: 0, delta: null, finish_reason: null }] }), data({ choices: [{ delta: { role: null, content: 'right ', tool_calls: null, refusal: null, audio: null } }] }),
    data({ choices: [{ index: 0, delta: { content: 'answer' }, finish_reason: null, logprobs: null }], usage: null }), data({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }), usage(), data({ choices: [], usage: null }), DONE),
};
