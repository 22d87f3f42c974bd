import { error, refuse } from '../wire.mjs';
export default {
  source: 'twin of calls-ids-recur behind Mistral: nine letters, and unique',
  saw: '400 Duplicate tool call id in assistant message',
  shape: 'ids of nine letters are wanted; the model\'s ids differ only beyond what is kept',
  right: 'nine letters, unique',
  requests: 4,
  answer: (req, n, variant, w) => {
    const seen = w.sent(req).map(c => c.id);
    if (seen.some(i => !/^[a-zA-Z0-9]{9}$/.test(i))) return w.refuse('Tool call id was call but must be a-z, A-Z, 0-9, with a length of 9.');
    if (new Set(seen).size < seen.length) return w.refuse('Duplicate tool call id in assistant message');
    return w.rounds(req) > 1 ? w.say() : w.call('echo', JSON.stringify({ text: `t${n}` }), `chatcmpl-tool-0123456789abcdef-${w.rounds(req)}`);
  },
};
