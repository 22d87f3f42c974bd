import { stream } from '../wire.mjs';

const ODD = {
  uint64: '"seed":18446744073709551615',
  long: '"created":123456789012345678901234567890',
  nan: '"logprobs":{"x":NaN}',
  infinity: '"logprobs":{"x":-Infinity,"y":[Infinity]}',
  real: '"t":1e999',
  usage: '"usage":{"prompt_tokens":9.0,"completion_tokens":"7","total_tokens":null}',
  'usage-text': '"usage":"none"',
  negative: '"usage":{"prompt_tokens":-1,"completion_tokens":-1}',
};

export default {
  source: 'Together (a seed of 64 bits without a sign), vLLM (NaN and -Infinity among logprobs), relays in PHP and Lua (floats)',
  saw: 'errors of JSON in good answers',
  shape: 'in each event a number that JSON has not, or that is none, in a member that nobody needs',
  right: 'the words are the answer',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(ODD),
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => stream(...w.say().pieces.map(p => p.replaceAll(/^data: \{/gm, `data: {${ODD[variant]},`))),
};
