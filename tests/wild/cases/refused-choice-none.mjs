import { error, refuse } from '../wire.mjs';

const said = {
  value: "Invalid value: 'none'. Supported values are: 'auto' and 'required'.",
  enum: "'none' is not one of ['auto', 'required'] - 'tool_choice'",
  pydantic: "tool_choice: Input should be 'auto' or 'required'",
};
export default {
  source: 'twin of zed-industries/zed#36094: tool_choice none alone is refused (Kimi, SambaNova, TGI, Azure of 2024)',
  saw: 'the last round ends in a refusal',
  shape: 'tool_choice may be auto or required',
  right: 'left out',
  variants: Object.keys(said),
  settings: { llm: { rounds: 1 } },
  requests: 3,
  answer: (req, n, variant, w) => req.tool_choice === 'none' ? refuse(400, error(said[variant], { param: 'tool_choice', code: 'invalid_value' })) : n === 0 ? w.call() : w.say(),
};
