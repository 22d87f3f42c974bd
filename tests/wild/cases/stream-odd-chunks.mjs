import { data, DONE, stream } from '../wire.mjs';

export default {
  source: 'aaif-goose/goose#8641 (Azure: choices without delta), aaif-goose/goose#3875 (GitHub Models), zed-industries/zed#42893 (MiniMax: usage {})',
  saw: 'a good answer is refused because one chunk lacks a member',
  shape: 'chunks with results of a content filter and no delta; without model and id; with an empty usage; prompt_filter_results before all',
  right: 'what is missing is not needed',
  requests: 1,
  reply: /^right answer$/,
  answer: () => stream(data({ choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] }), data({ choices: [{ index: 0, delta: { role: 'assistant', content: 'right ' } }], usage: {} }),
    data({ choices: [{ content_filter_offsets: { check_offset: 1 }, content_filter_results: { hate: { filtered: false, severity: 'safe' } }, finish_reason: null, index: 0 }], created: 0, id: '', model: '', object: '' }),
    data({ choices: [{ index: 0, delta: { content: 'answer' } }], usage: {}, extend_fields: { traceId: '' } }), data({ choices: [{ index: 0, delta: { content: null }, finish_reason: 'stop' }], usage: {} }), DONE),
};
