import { chunk, DONE, ended, start, STOP, stream, textBlock } from '../wire.mjs';

const BLANK = { newlines: '\n\n', space: ' ', zero: '\u200b', mark: '\ufeff\u00a0' };

export default {
  source: 'sgl-project/sglang#37652, NVIDIA/TensorRT-LLM#12912',
  saw: 'an empty bubble as the reply',
  shape: 'after thoughts the content is blanks alone, or signs that nobody sees; the reason is stop',
  right: 'an empty answer: asked once more',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(BLANK),
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say()
    : w.name === 'openai' ? stream(chunk({ role: 'assistant', content: '', reasoning_content: 'Hm.' }), chunk({ content: BLANK[variant] }), chunk({}, 'stop'), DONE)
      : stream(start(), textBlock(BLANK[variant]), ended(), STOP),
};
