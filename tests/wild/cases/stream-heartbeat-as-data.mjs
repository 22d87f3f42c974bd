import { stream } from '../wire.mjs';

export default {
  source: 'mnfst/llm-gateway#2053 (a relay that made data of comments)',
  saw: 'a JSON error at the first heartbeat',
  shape: 'events whose data is no JSON: ": PROCESSING", "ping", a blank object',
  right: 'a heartbeat is not the answer\'s fault; the answer goes on',
  wires: ['openai', 'anthropic'],
  variants: ['comment', 'object'],
  requests: 1,
  answer: (req, n, variant, w) => stream(...w.say().pieces.flatMap(p => [variant === 'comment' ? 'data: : PROCESSING\n\n' : 'data: {}\n\n', p])),
};
