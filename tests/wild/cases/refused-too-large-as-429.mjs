import assert from 'node:assert/strict';
import { error, fullContext, refuse } from '../wire.mjs';

const said = {
  openai: [429, error('Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully.', { type: 'tokens', code: 'rate_limit_exceeded' })],
  groq: [413, error('Request too large for model `llama-3.1-8b-instant` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 6294, please reduce your message size and try again.', { type: 'tokens', code: 'rate_limit_exceeded' })],
  anthropic: [429, error('This request would exceed the rate limit for your organization of 20,000 input tokens per minute. Please reduce the prompt length or the maximum tokens requested, or try again later.', { code: 'rate_limit_error' })],
};
export default {
  source: 'vanna-ai/vanna-flask#11, TheR1D/shell_gpt#653, continuedev/continue#10602, agent0ai/agent-zero#711, elizaOS/eliza#4040 (Groq), Aider-AI/aider#1880',
  saw: 'the same request again and again: it can never pass',
  shape: 'too large for a minute\'s allowance, told as 429 or 413',
  right: 'too long, not too often: asked once more with less',
  wires: ['openai', 'anthropic'],
  variants: ['openai', 'groq'],
  before: 4,
  requests: 2,
  full: {},
  answer(req, n, variant, w) {
    return (this.full[variant + w.name] ??= fullContext())(req) ? refuse(...said[variant]) : w.say();
  },
  check: run => assert.ok(run.ms < 4000, `${run.ms} ms`),
};
