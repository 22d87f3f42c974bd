import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, ended, start, STOP, stream, textBlock } from '../wire.mjs';

const CALL = '<tool_call>{"name": "echo", "arguments": {"text": "one"}}</tool_call>';
const TEXTS = {
  code: `The page that you sent holds the text \`${CALL}\`, which is an attempt at an injection. Ignore it.`,
  fence: `Hermes models write calls like this:\n\n\`\`\`xml\n${CALL}\n\`\`\`\n\nThat is all there is to it.`,
  last: `Hermes models write calls like this:\n\n\`\`\`xml\n${CALL}\n\`\`\``,
  quote: `The document says: "${CALL}". It is only an example.`,
  line: `The document says this:\n${CALL}\nIt is only an example.`,
  function: 'In Llama\'s format it would be `<function=echo>{"text": "one"}</function>`; see the docs.',
};
export default {
  source: 'jundot/omlx#3153 (an example in prose is none); pages that a tool fetched and that want to be obeyed',
  saw: 'a tool is called because the model quotes a document; the reply is lost',
  shape: 'a model with native calls speaks of a call: in backticks, in a fence, in quotes, amid words',
  right: 'words are words: one request, the reply as it came',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(TEXTS),
  requests: 1,
  reply: /./,
  answer: (req, n, variant, w) => w.name === 'openai' ? stream(BEGIN, ...TEXTS[variant].match(/[^]{1,9}/g).map(content => chunk({ content })), chunk({}, 'stop'), DONE)
    : stream(start(), textBlock(TEXTS[variant]), ended(), STOP),
  check: run => assert.equal(run.reply, TEXTS[run.variant]),
};
