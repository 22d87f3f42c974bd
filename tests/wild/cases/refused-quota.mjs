import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

const said = {
  openai: [429, error('You exceeded your current quota, please check your plan and billing details.', { type: 'insufficient_quota', code: 'insufficient_quota' })],
  day: [429, [{ error: { code: 429, message: "Quota exceeded for quota metric 'Requests' and limit 'Requests per day per user per tier'", status: 'RESOURCE_EXHAUSTED' } }]],
  deepseek: [402, error('Insufficient Balance', { type: 'unknown_error', code: 'invalid_request_error' })],
  azure: [429, { error: { code: '429', message: 'Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds.' } }],
  openrouter: [402, { error: { message: 'This request requires more credits, or fewer max_tokens. You requested up to 1000 tokens, but can only afford 0.', code: 402 } }],
};
export default {
  source: 'gke-labs/gemini-for-kubernetes-development#1215, google-gemini/gemini-cli#10925, vanderschaarlab/climb#1 (Azure, 86,400 seconds); DeepSeek\'s and OpenRouter\'s 402',
  saw: 'minutes of repeats against an account that is empty until tomorrow',
  shape: 'quota told as 429 or 402, in five ways',
  right: 'asked once; said as what it is, to the person and to the operator',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  requests: 1,
  reply: /quota|credit|allowance|operator/i,
  answer: (req, n, variant) => refuse(...said[variant]),
  check: run => {
    assert.ok(run.ms < 2500, `${run.ms} ms`);
    assert.ok(run.log.some(l => l.event === 'model_failed' && l.kind === 'quota'), 'the log says quota');
  },
};
