import assert from 'node:assert/strict';
import { error } from '../wire.mjs';

export default {
  source: 'refusals of gateways whose body is never ended: modelcontextprotocol/python-sdk kin; curl/curl#2416',
  saw: 'minutes of waiting, though the refusal was there',
  shape: 'a refusal, whole JSON, and the connection stays open',
  right: 'acted upon at once',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say()
    : { status: 429, headers: { 'Content-Type': 'application/json', 'Retry-After': '0' }, pieces: [JSON.stringify(error('Slow down.', { type: 'rate_limit' }))], then: 'open' },
  check: run => assert.ok(run.ms < 4000, `${run.ms} ms`),
};
