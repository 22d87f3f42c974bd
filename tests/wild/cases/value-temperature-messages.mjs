
const said = { deprecated: '`temperature` is deprecated for this model.', thinking: '`temperature` may only be set to 1 when thinking is enabled.' };
export default {
  source: 'twin of QwenLM/qwen-code#921 on Messages',
  saw: 'newer models refuse each question',
  shape: 'temperature is deprecated, or must be 1',
  right: 'left out, or 1; remembered',
  wires: ['anthropic'],
  variants: Object.keys(said),
  answer: (req, n, variant, w) => req.temperature === undefined || (variant === 'thinking' && req.temperature === 1) ? w.say() : w.refuse(said[variant]),
};
