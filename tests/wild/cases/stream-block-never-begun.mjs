import { close, ended, open, start, STOP, stream, words } from '../wire.mjs';

export default {
  source: 'BerriAI/litellm#34433, vllm-project/vllm#34887 (gateways that turn Chat Completions into Messages)',
  saw: 'words vanish, or the stream is refused, because a block was not announced',
  shape: 'deltas for an index that never began; a block that is never closed',
  right: 'text_delta is text, wherever it stands',
  wires: ['anthropic'],
  variants: ['not-begun', 'not-closed'],
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant) => variant === 'not-begun' ? stream(start(), words(0, 'right '), words(0, 'answer'), close(0), ended(), STOP)
    : stream(start(), open(0, { type: 'text', text: '' }), words(0, 'right answer'), ended(), STOP),
};
