import { BEGIN, chunk, DONE, ended, start, STOP, stream, textBlock } from '../wire.mjs';
const call = t => `<tool_call>\n{"name": "echo", "arguments": {"text": "${t}"}}\n</tool_call>`;
export default {
  source: 'twin of calls-ids-recur: calls written as text, round after round',
  saw: 'the second round is refused: ids must be unique',
  shape: 'a call as text in each of two rounds',
  right: 'two ids',
  wires: ['openai', 'anthropic'],
  requests: 3,
  answer: (req, n, variant, w) => n > 1 ? (new Set(w.sent(req).map(c => c.id)).size === 2 ? w.say() : w.refuse("Duplicate value for 'tool_call_id' of call_0")) : w.name === 'openai' ? stream(BEGIN, chunk({ content: call(`t${n}`) }), chunk({}, 'stop'), DONE) : stream(start(), textBlock(call(`t${n}`)), ended(), STOP),
};
