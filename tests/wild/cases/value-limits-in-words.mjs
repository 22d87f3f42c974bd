import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

/* The most that is given, and how less is asked for. */
const said = {
  'bedrock': [511, () => 'The maximum tokens you requested exceeds the model limit of 512. Try again with a maximum tokens value that is lower than 512.'],
  'vertex': [512, l => `Unable to submit request because it has a maxOutputTokens value of ${l} but the supported range is from 1 (inclusive) to 513 (exclusive). Update the value and try again.`],
  'cohere': [512, () => 'invalid request: max tokens must be less than or equal to 512'],
  'openrouter': [512, l => `This request requires more credits, or fewer max_tokens. You requested up to ${l} tokens, but can only afford 512. To increase, visit https://openrouter.ai/settings/credits and add more credits`, 402],
  'zhipu': [512, () => 'API 调用参数有误，max_tokens参数非法，请检查文档：取值范围[1, 512]'],
};
export default {
  source: 'continuedev/continue, cline and LibreChat trackers: the words of Bedrock, Vertex, Cohere, OpenRouter (402) and Zhipu for a limit that is too large',
  saw: '"hello" fails: the limit asked for is larger than the model allows',
  shape: 'a model that gives 512 tokens at most says so',
  right: 'asked with a limit that is allowed; remembered, unless it is only the credit that does not last',
  variants: Object.keys(said),
  requests: 2,
  answer(req, n, variant, w) {
    const [most, words, status = 400] = said[variant];
    return w.limit(req) > most ? refuse(status, error(words(w.limit(req)))) : w.say();
  },
  check: run => again(run.variant === 'openrouter' ? 2 : 1)(run),
};
