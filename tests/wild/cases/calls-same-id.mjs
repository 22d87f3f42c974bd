import assert from 'node:assert/strict';

export default {
  source: 'editor-code-assistant/eca#233 (providers that use an id again)',
  saw: 'the next question is refused: two calls of one id',
  shape: 'two whole calls with index 0 and 1 and the same id; on Messages two blocks with one id',
  right: 'two calls; the second one gets an id of its own',
  wires: ['openai', 'anthropic'],
  answer: (req, n, variant, w) => n > 0 ? w.say() : w.calls([['echo', { text: 'one' }, 'call_a'], ['echo', { text: 'two' }, 'call_a']]),
  check: run => {
    const { body: b } = run.requests[1];
    const sent = run.w.sent(b), results = run.w.results(b);
    assert.equal(new Set(sent.map(c => c.id)).size, 2);
    assert.deepEqual(sent.map(c => results[c.id]), ['one', 'two']);
  },
};
