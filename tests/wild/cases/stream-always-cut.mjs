import assert from 'node:assert/strict';
import { BEGIN, chunk, open, start, stream, words } from '../wire.mjs';

export default {
  source: 'can1357/oh-my-pi#9433, anomalyco/opencode#49167',
  saw: 'after minutes an error, although most of the answer had been there, each time',
  shape: 'each answer breaks off after some words',
  right: 'when no repeat succeeds in llm.retry_for, the words are given and marked as cut',
  wires: ['openai', 'anthropic'],
  settings: { llm: { retry_for: '2s' } },
  reply: 'as far as it came',
  answer: (req, n, variant, w) => ({ ...(w.name === 'openai' ? stream(BEGIN, chunk({ content: 'as far as it came' }), 20) : stream(start(), open(0, { type: 'text', text: '' }), words(0, 'as far as it came'), 20)), then: 'cut' }),
  check: run => {
    assert.ok(run.requests.length > 1, 'it was asked again');
    assert.equal(run.json.truncated, true);
  },
};
