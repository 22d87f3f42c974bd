import { refuse } from '../wire.mjs';

export default {
  source: 'evalstate/fast-agent#279, tensorzero/tensorzero#2805, BerriAI/litellm#4584',
  saw: 'o4-mini and others refuse each question with tools',
  shape: 'parallel_tool_calls is unsupported, or unknown',
  right: 'not sent, or left out when it is refused by name',
  variants: ['unsupported', 'unknown'],
  answer: (req, n, variant, w) => req.parallel_tool_calls === undefined ? w.say()
    : variant === 'unsupported' ? w.refuse("Unsupported parameter: 'parallel_tool_calls' is not supported with this model.", { param: 'parallel_tool_calls', code: 'unsupported_parameter' })
      : refuse(422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'parallel_tool_calls'], msg: 'Extra inputs are not permitted' }] }),
};
