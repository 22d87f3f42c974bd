import assert from 'node:assert/strict';

export default {
  source: 'vercel/ai#2786 and #1922',
  saw: 'the whole answer is an exception: the model called a tool that nobody offered',
  shape: 'a call of multi_tool_use.parallel',
  right: 'the model is told, and goes on',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : w.call('multi_tool_use.parallel', { tool_uses: [] }),
  check: run => {
    assert.match(run.w.results(run.requests[1].body).call_a, /multi_tool_use|unknown|no such|not/i);
    assert.ok(run.w.sent(run.requests[1].body).every(c => /^[a-zA-Z0-9_-]{1,64}$/.test(c.name)), 'the name that goes back is one that is accepted');
  },
};
