import assert from 'node:assert/strict';

export default {
  source: 'FoundationAgents/OpenManus#55; FastAPI (307 to the path with a slash), nginx (301 from http to https)',
  saw: '"cannot be reached, try again later", for days',
  shape: 'the model\'s server redirects',
  right: 'asked once; the log names the address to set, without its query',
  wires: ['openai', 'anthropic'],
  variants: ['301', '307', '308'],
  reply: /operator/,
  requests: 1,
  answer: (req, n, variant) => ({ status: Number(variant), headers: { Location: 'https://me:pass@models.example/v1/chat/completions/?key=SECRET' }, pieces: ['<html>moved</html>'], framing: 'length' }),
  check: run => {
    const line = run.log.find(l => l.event === 'model_failed');
    assert.match(line.why, /https:\/\/models\.example\/v1\/chat\/completions\//);
    assert.match(line.remedy, /base_url/);
    assert.doesNotMatch(JSON.stringify(run.log), /SECRET|me:pass/);
  },
};
