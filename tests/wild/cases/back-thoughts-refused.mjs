import { again } from '../again.mjs';
import { chunk, DONE, piece, refuse, stream } from '../wire.mjs';

export default {
  source: 'NousResearch/hermes-agent#11089, tashfeenahmed/freellmapi#1070, janhq/jan#8136, vellum-ai/vellum-assistant#42635, agentjido/req_llm#772 (Groq)',
  saw: 'the question after a call is refused: reasoning_content is unsupported',
  shape: 'a server that sends reasoning_content, and refuses to get it back',
  right: 'left out and asked again; remembered',
  variants: ['reasoning_content', 'reasoning_opaque', 'thinking_blocks'],
  requests: 3,
  answer: (req, n, variant, w) => {
    const i = req.messages.findIndex(m => m[variant] !== undefined);
    if (i !== -1) return refuse(400, { error: { message: `'messages.${i}' : for 'role:assistant' the following must be satisfied[('messages.${i}' : property '${variant}' is unsupported)]`, type: 'invalid_request_error' } });
    if (w.rounds(req)) return w.say();
    return stream(chunk({ role: 'assistant', content: null, [variant]: variant === 'thinking_blocks' ? [{ type: 'thinking', thinking: 'Hm.' }] : 'Hm.' }), chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE);
  },
  check: again(2),
};
