import { close, delta, ended, open, start, STOP, stream, useBlock } from '../wire.mjs';

const SIGNED = [{ type: 'thinking', thinking: 'I need the tool.', signature: 'c2ln' }, { type: 'thinking', thinking: '', signature: 'b21pdHRlZA==' }, { type: 'redacted_thinking', data: 'cmVk' }];
export default {
  source: 'RooCodeInc/Roo-Code#10351, langgenius/dify#41092, NousResearch/hermes-agent#4626, openai/openai-agents-python#4155, anomalyco/opencode#3077',
  saw: 'Expected thinking or redacted_thinking, but found tool_use',
  shape: 'signed thoughts, a block that has a signature only, a redacted one; then a call',
  right: 'all go back unchanged and in order, before the call',
  wires: ['anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n === 0) return stream(start(), open(0, { type: 'thinking', thinking: '', signature: '' }), delta(0, { type: 'thinking_delta', thinking: 'I need ' }), delta(0, { type: 'thinking_delta', thinking: 'the tool.' }), delta(0, { type: 'signature_delta', signature: 'c2ln' }), close(0),
      open(1, { type: 'thinking', thinking: '', signature: '' }), delta(1, { type: 'signature_delta', signature: 'b21pdHRlZA==' }), close(1), open(2, SIGNED[2]), close(2), useBlock('echo', { text: 'one' }, { index: 3, id: 'call_a' }), ended('tool_use'), STOP);
    const content = req.messages.findLast(m => m.role === 'assistant').content;
    return JSON.stringify(content.slice(0, 3)) === JSON.stringify(SIGNED) ? w.say() : w.refuse('messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.');
  },
};
