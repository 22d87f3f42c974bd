import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

const HINTS = {
  delay: [1500, () => [[{ error: { code: 429, message: 'You exceeded your current quota. Please retry in 1.5s.', status: 'RESOURCE_EXHAUSTED', details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }] } }]]],
  words: [1200, () => [error('Rate limit reached for model `m` in organization `org_x` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 1.2s.', { type: 'tokens', code: 'rate_limit_exceeded' })]],
  ms: [1200, () => [error('Rate limit reached. Please try again in 1200ms.', { type: 'requests', code: 'rate_limit_exceeded' })]],
  seconds: [1000, () => [error('slow down', { type: 'requests' }), { 'Retry-After': '1' }]],
  fraction: [1500, () => [error('slow down', { type: 'requests' }), { 'Retry-After': '1.5' }]],
  date: [900, () => [error('slow down', { type: 'requests' }), { 'Retry-After': new Date(Date.now() + 2000).toUTCString() }]],
  milliseconds: [1100, () => [error('slow down', { type: 'requests' }), { 'retry-after-ms': '1100' }]],
};
export default {
  source: 'langchain-ai/langchain-google#945, letterstory/lettertrace#34, elizaOS/eliza#4040, ansari-project/ansari-backend#151',
  saw: 'all repeats are spent within the second that the server asked to wait',
  shape: '429 with the time to wait: retryDelay, in the words, in headers',
  right: 'the next question comes after that time, and soon after',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(HINTS),
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : refuse(429, ...HINTS[variant][1]()),
  check: run => {
    const waited = run.requests[1].at - run.requests[0].at, hint = HINTS[run.variant][0];
    assert.ok(waited >= hint - 20 && waited < hint + 2500, `${Math.round(waited)} ms, not ${hint}`);
  },
};
