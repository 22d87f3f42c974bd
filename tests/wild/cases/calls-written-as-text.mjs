import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream } from '../wire.mjs';

const CALL = '{"name": "echo", "arguments": {"text": "one"}}';
const TEXTS = {
  hermes: `<tool_call>\n${CALL}\n</tool_call>`,
  coder: '<tool_call>\n<function=echo>\n<parameter=text>\none\n</parameter>\n</function>\n</tool_call>',
  function: '<function=echo>{"text": "one"}</function>',
  mistral: `[TOOL_CALLS][${CALL}]`,
  mistral2: '[TOOL_CALLS]echo[ARGS]{"text": "one"}',
  fence: `\`\`\`json\n${CALL}\n\`\`\``,
  unclosed: `<tool_call>\n${CALL}`,
};
export default {
  source: 'vllm-project/vllm#22975 and #39056, sgl-project/sglang#17320, jundot/omlx#3153',
  saw: 'people are shown markup, and the tool is never called',
  shape: 'a call in the words: in Hermes\', Qwen Coder\'s, Llama\'s and Mistral\'s marks, in a fence, without an end; cut in pieces',
  right: 'where it names a tool that was offered it is a call; the person sees none of it',
  variants: Object.keys(TEXTS),
  requests: 2,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, ...TEXTS[variant].match(/[^]{1,7}/g).map(content => chunk({ content })), chunk({}, 'stop'), DONE),
  check: run => {
    const { messages } = run.requests[1].body;
    assert.ok(messages.slice(-1).some(m => /\bone\b/.test(JSON.stringify(m.content))), 'the result went back');
  },
};
