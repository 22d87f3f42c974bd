import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

const said = {
  denied: [401, error('Incorrect API key provided.', { code: 'invalid_api_key' }), 'error', /API key/],
  quota: [429, error('You exceeded your current quota.', { code: 'insufficient_quota' }), 'error', /credit/],
  model: [404, error('The model does not exist', { code: 'model_not_found' }), 'error', /^correct chat\.model \(LLM_MODEL\)/],
  address: [404, error('Invalid URL (POST /chat/completions)'), 'error', /^correct llm\.base_url|^leave \/v1 off/],
  request: [400, error('Unexpected flux in the input.'), 'error', /server's message/],
  filtered: [400, error('The response was filtered', { code: 'content_filter' }), 'warn', /^nothing: .*filter/],
  down: [500, error('Internal error'), 'warn', /^nothing if it passes/],
};
export default {
  source: 'issues of gateways that begin with: what does status 400 mean?',
  saw: 'a failure in the log that tells nobody what to do',
  shape: 'refusals of each kind',
  right: 'the log has the server\'s words, the address that was asked, with its query\'s names alone, and what the operator does',
  variants: Object.keys(said),
  wires: ['openai', 'anthropic'],
  settings: url => ({ llm: { base_url: `${url}/v1?key=not-for-logs`, retry_for: '1s' } }),
  reply: /./,
  answer: (req, n, variant) => refuse(said[variant][0], said[variant][1]),
  check: run => {
    const [status, { error: e }, level, remedy] = said[run.variant];
    const failed = run.log.filter(l => l.event === 'model_failed');
    assert.ok(failed.length > 0, 'it is logged');
    for (const l of failed) {
      assert.deepEqual([l.level, l.status, l.code, l.message], [level, status, e.code ?? '', e.message]);
      assert.match(l.remedy, remedy);
      assert.match(l.url, /^http:\/\/127\.0\.0\.1:\d+\/v1(\/v1)?\/(chat\/completions|messages)\?key=…$/);
      assert.doesNotMatch(JSON.stringify(l), /not-for-logs/);
    }
  },
};
