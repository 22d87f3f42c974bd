import assert from 'node:assert/strict';
import { body, completion, message } from '../wire.mjs';

export default {
  source: 'vllm-project/vllm#39056, mindcraft-bots/mindcraft#789; recorded answers with think tags',
  saw: 'thoughts as the reply, where the server gives whole answers',
  shape: 'a whole answer: thoughts in tags, in a member of their own, as parts or blocks of the content',
  right: 'the visible text alone is the reply',
  wires: ['openai', 'anthropic'],
  variants: ['tags', 'field', 'parts'],
  requests: 1,
  answer: (req, n, variant, w) => w.name === 'anthropic' ? body(message({ tags: [{ type: 'text', text: '<think>\nbrief\n</think>\n\nright answer' }], field: [{ type: 'text', text: 'right answer', thinking: 'brief' }],
    parts: [{ type: 'thinking', thinking: 'brief', signature: 's' }, { type: 'text', text: 'right answer' }] }[variant])) : body(completion({ tags: { content: '<think>\nbrief\n</think>\n\nright answer' }, field: { content: 'right answer', reasoning_content: 'brief' },
    parts: { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'brief' }] }, { type: 'text', text: 'right answer' }] } }[variant])),
  check: run => assert.equal(run.reply, 'right answer'),
};
