import assert from 'node:assert/strict';

export default {
  source: 'vllm-project/vllm#9426 (the refusal quotes the whole request), modelscope/ms-agent#489',
  saw: 'what people wrote lies in the operator\'s log',
  shape: '400 whose message names the trouble and then quotes the request',
  right: 'the operator sees the server\'s words, not the chat\'s',
  wires: ['openai', 'anthropic'],
  message: 'My pin is heliotrope-4711-zanzibar, keep it.',
  requests: 1,
  reply: /./,
  answer: (req, n, variant, w) => w.refuse(`[{'type': 'value_error', 'loc': ('body',), 'msg': 'Frobnication is not possible here', 'input': ${JSON.stringify(req.messages)}}]`, { param: 'frob', code: 'frob_wrong' }),
  check: run => {
    const log = JSON.stringify(run.log);
    assert.doesNotMatch(log + run.reply, /heliotrope-4711/);
    assert.match(log, /Frobnication is not possible/);
  },
};
