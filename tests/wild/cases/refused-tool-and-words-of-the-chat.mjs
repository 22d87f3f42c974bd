import assert from 'node:assert/strict';

const said = {
  tool: l => `Invalid schema for function 'echo' near: ${l}`,
  schema: l => `invalid_function_parameters: ${l}`,
};
export default {
  source: 'twin of refused-with-words-of-the-chat, in the event tool_refused',
  saw: 'what people wrote lies in the operator\'s log',
  shape: 'a refusal that names a tool, or a schema, and quotes the message',
  right: 'no 12 bytes of the message are in the log',
  message: 'My pin is heliotrope-4711-zanzibar, keep it.',
  variants: Object.keys(said),
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : w.refuse(said[variant](w.texts(req).at(-1))),
  check: run => {
    assert.ok(run.log.some(l => l.event === 'tool_refused'), 'the operator is told');
    assert.doesNotMatch(JSON.stringify(run.log), /heliotrope-4711/);
  },
};
