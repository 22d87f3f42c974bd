import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream } from '../wire.mjs';

const T = 'I will be brief.';
const FORMS = {
  'no-opening': ['I will ', 'be brief.\n</th', 'ink>\n\n', 'right answer'],
  empty: ['<think>\n\n</think>', '\n\nright answer'],
  'blank-before': ['\n', '\n<think>', T, '</think>right answer'],
  'inside': ['<think>They wrote </thi and <b>. ', T, '</think>\nright answer'],
};
export default {
  source: 'deepseek-ai/DeepSeek-R1#506, open-webui/open-webui#9808, langgenius/dify#17660, ItzCrazyKns/Vane#1034, ikawrakow/ik_llama.cpp#690',
  saw: 'thoughts as the reply, because the first tag was in the prompt',
  shape: 'only the closing tag; empty thoughts; blanks before the tag; what looks like a tag inside',
  right: 'the reply begins after the thoughts',
  variants: Object.keys(FORMS),
  requests: 1,
  answer: (req, n, variant) => stream(BEGIN, ...FORMS[variant].map(content => chunk({ content })), chunk({}, 'stop'), DONE),
  check: run => assert.equal(run.reply.trim(), 'right answer'),
};
