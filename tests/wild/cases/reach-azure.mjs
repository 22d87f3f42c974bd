import assert from 'node:assert/strict';
import { refuse } from '../wire.mjs';

export default {
  source: 'clusterzx/paperless-ai#246, BerriAI/litellm#8572, cline/cline#444, sourcegit-scm/sourcegit#1618, ThinkInAIXYZ/deepchat#262, andrewyng/aisuite#186',
  saw: '404, or 401: the path was put behind the query, the key into Authorization',
  shape: 'base_url …/openai/deployments/NAME?api-version=2024-10-21, header api-key',
  right: 'the path goes before the query; llm.headers are sent',
  settings: url => ({ llm: { base_url: `${url}/openai/deployments/wild?api-version=2024-10-21`, headers: { 'api-key': 'azure-key' } } }),
  requests: 1,
  answer: (req, n, variant, w, request) => request.path !== '/openai/deployments/wild/chat/completions?api-version=2024-10-21' ? refuse(404, { error: { code: '404', message: 'Resource not found' } })
    : request.headers['api-key'] !== 'azure-key' ? refuse(401, { error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' } })
      : w.say(),
  check: run => assert.equal(run.requests[0].headers['api-key'], 'azure-key'),
};
