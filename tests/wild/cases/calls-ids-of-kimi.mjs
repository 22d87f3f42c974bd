import assert from 'node:assert/strict';

export default {
  source: 'MoonshotAI/kimi-code#2503, vybestack/llxprt-code#713, ml-explore/mlx-lm#821, getkimchi/kimchi#1063',
  saw: 'the model loses count after its ids were replaced',
  shape: 'ids with a dot and a colon',
  right: 'on Chat Completions an id goes back as it came; on Messages in a form that is accepted, the same in call and result',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : w.call('echo', { text: 'one' }, 'functions.echo:0'),
  check: run => {
    const { body: b } = run.requests[1];
    const [c] = run.w.sent(b);
    if (run.wire === 'openai') assert.equal(c.id, 'functions.echo:0');
    assert.deepEqual(run.w.results(b), { [c.id]: 'one' });
  },
};
