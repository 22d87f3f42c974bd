import { ended, start, STOP, stream, textBlock } from '../wire.mjs';

export default {
  source: 'vercel/ai#14717, langchain-ai/langchain#34408 (answers that were begun by a tool of the provider)',
  saw: 'an empty answer, or a stream refused as malformed',
  shape: 'message_start already has blocks: words, or a whole tool_use',
  right: 'they are the beginning of the answer',
  wires: ['anthropic'],
  variants: ['words', 'call'],
  answer: (req, n, variant, w) => {
    if (n > 0) return w.results(req).toolu_9 === 'one' ? w.say() : w.say('wrong');
    return variant === 'words' ? stream(start({ content: [{ type: 'text', text: 'right ' }] }), textBlock('answer', 1), ended(), STOP)
      : stream(start({ content: [{ type: 'tool_use', id: 'toolu_9', name: 'echo', input: { text: 'one' } }] }), ended('tool_use'), STOP);
  },
};
