import assert from 'node:assert/strict';

export default {
  source: 'twin of refused-tool-by-name: the name of a tool is a usual word',
  saw: 'a tool is gone for a day after a fault of the server\'s',
  shape: 'a refusal that speaks of a "function echo server", and of no schema',
  right: 'a tool is left out only where its schema is refused',
  wires: ['openai', 'anthropic'],
  reply: /./,
  answer: (req, n, variant, w) => n === 0 ? w.refuse('Internal validation failed. The function echo server did not return in time') : w.say(),
  check: run => assert.ok(run.w.tools(run.requests.at(-1).body).some(t => t.name === 'echo'), 'echo was left out'),
};
