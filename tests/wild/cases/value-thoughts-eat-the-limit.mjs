import assert from 'node:assert/strict';
import { BEGIN, chunk, close, delta, DONE, ended, open, start, STOP, stream, usage } from '../wire.mjs';

export default {
  source: 'NousResearch/hermes-agent#3444, sipeed/picoclaw#966, BerriAI/litellm-docs#559, Mininglamp-OSS/octo-smart-summary#2, kekzl/imp#755 (Messages)',
  saw: 'an empty reply that is paid in full: all tokens went into thoughts',
  shape: 'finish_reason length, thoughts, no words',
  right: 'asked once more with four times the limit',
  wires: ['openai', 'anthropic'],
  variants: ['field', 'tags'],
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n > 0) return w.say();
    if (w.name === 'anthropic') return stream(start(), open(0, { type: 'thinking', thinking: '', signature: '' }), delta(0, { type: 'thinking_delta', thinking: 'Let me think about ' }), close(0), ended('max_tokens'), STOP);
    return variant === 'field' ? stream(chunk({ role: 'assistant', content: '', reasoning_content: 'Let me think ' }), chunk({ reasoning_content: 'about this' }), chunk({ content: '' }, 'length'), usage(), DONE)
      : stream(BEGIN, chunk({ content: '<think>\nLet me think about' }), chunk({}, 'length'), usage(), DONE);
  },
  check: run => {
    const [a, b] = run.requests.map(r => run.w.limit(r.body));
    assert.equal(b, 4 * a);
  },
};
