const id = v => `call_abc__thought__${'QmFzZTY0+/'.repeat(v === '1k' ? 100 : v === '3k' ? 300 : 900)}`;
export default {
  source: 'BerriAI/litellm#16895 (Gemini 3: the signature is in the id), google/adk-python#6742, BerriAI/litellm#18160',
  saw: 'Function call is missing a thought_signature',
  shape: 'the id of a call is 1, 3 or 9 KiB long',
  right: 'it goes back as it came',
  variants: ['1k', '3k', '9k'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? (w.sent(req)[0].id === id(variant) ? w.say() : w.refuse('Function call is missing a thought_signature in functionCall parts.')) : w.call('echo', '{"text":"one"}', id(variant)),
};
