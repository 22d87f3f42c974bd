import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

const said = {
  openai: [401, error('Incorrect API key provided: sk-***.', { code: 'invalid_api_key' })],
  text: [401, { error: 'Invalid or missing API key' }],
  forbidden: [403, error('Your key may not use this model.', { code: 'permission_denied' })],
};
export default {
  source: 'cline/cline#444 (Azure), FoundationAgents/OpenManus#55: a wrong key or address looks like an outage',
  saw: '"cannot be reached, try again later", for days',
  shape: '401 or 403',
  right: 'asked once; the person hears that the operator must act, not that waiting helps; the log says denied',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  requests: 1,
  reply: /operator/i,
  answer: (req, n, variant) => refuse(...said[variant]),
  check: run => {
    assert.ok(run.log.some(l => l.event === 'model_failed' && l.kind === 'denied'), 'the log says denied');
    assert.doesNotMatch(run.reply, /in a little while/);
  },
};
