import { BEGIN, chunk, DONE, piece, refuse, stream } from '../wire.mjs';

const EXTRA = { google: { thought_signature: 'c2lnbmF0dXJl' } };
export default {
  source: 'manthanabc/paws#103, langgenius/dify-official-plugins#2088, nanbingxyz/5ire#405, chatboxai/chatbox#3308 (Gemini 3)',
  saw: 'the question after the first call is refused: a signature is missing',
  shape: 'the call has a member extra_content with a thought_signature; in a piece with it, or after it',
  right: 'what a call had beside name and arguments goes back with it',
  variants: ['with', 'after'],
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n === 0) return variant === 'with' ? stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}', more: { extra_content: EXTRA } })), chunk({}, 'tool_calls'), DONE)
      : stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk(piece({ args: '', more: { extra_content: EXTRA } })), chunk({}, 'tool_calls'), DONE);
    const c = req.messages.find(m => m.tool_calls).tool_calls[0];
    return JSON.stringify(c.extra_content) === JSON.stringify(EXTRA) ? w.say()
      : refuse(400, [{ error: { code: 400, message: 'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.', status: 'INVALID_ARGUMENT' } }]);
  },
};
