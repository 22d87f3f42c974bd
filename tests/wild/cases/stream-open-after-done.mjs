import assert from 'node:assert/strict';
import { HOLD } from '../wire.mjs';

export default {
  source: 'agentscope-ai/agentscope-java#2073',
  saw: 'each answer arrives late: its end was taken from the connection only',
  shape: '[DONE] or message_stop, and the body stays open',
  right: 'that was the end: nobody waits for the connection',
  wires: ['openai', 'anthropic'],
  slow: true,
  requests: 1,
  answer: (req, n, variant, w) => ({ ...w.say(), ...HOLD }),
  check: run => assert.ok(run.ms < 1800, `${run.ms} ms`),
};
