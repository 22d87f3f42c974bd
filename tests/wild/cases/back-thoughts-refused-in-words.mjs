import assert from 'node:assert/strict';
import { close, delta, ended, open, start, STOP, stream, textBlock, useBlock } from '../wire.mjs';

const said = {
  'required': 'messages.1.content.0.thinking.signature: Field required',
  'quoted': 'messages.1.content.0: Invalid `signature` in `thinking` block',
  'plain': 'messages.1.content.0: Invalid signature in thinking',
  'type': 'messages.1.content.0.thinking.signature: Input should be a valid string',
  'modified': 'messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
};
export default {
  source: 'anthropics/anthropic-sdk-python#461, can1357/oh-my-pi#6379, NousResearch/hermes-agent#24401, can1357/oh-my-pi#4298, thedotmack/claude-mem#3198',
  saw: '400: text content blocks must be non-empty; or Invalid signature in thinking',
  shape: 'thoughts without a signature, an empty text block, a call; the thoughts that go back are refused',
  right: 'empty blocks do not go back; thoughts that are refused are left out, remembered',
  wires: ['anthropic'],
  strict: false,
  variants: ['', ...Object.keys(said)],
  answer(req, n, variant, w) {
    if (said[variant] && JSON.stringify(req.messages).includes('"thinking"')) return w.refuse(said[variant]);
    if (w.rounds(req)) return w.say();
    return stream(start(), open(0, { type: 'thinking', thinking: '' }), delta(0, { type: 'thinking_delta', thinking: 'I need it.' }), close(0),
      textBlock('', 1), useBlock('echo', { text: 'one' }, { index: 2, id: 'call_a' }), ended('tool_use'), STOP);
  },
  check: run => {
    assert.equal(run.requests.length, run.variant === '' ? 2 : 3, 'requests');
    assert.ok(run.requests.every(r => !/"text":""/.test(JSON.stringify(r.body.messages))), 'no empty text');
  },
};
