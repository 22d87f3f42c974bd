export default {
  source: 'BerriAI/litellm#38153; relays that ignore stream: true',
  saw: 'a good answer is refused because it is not a stream',
  shape: 'one JSON body, with blank lines before it as a keep-alive; labelled as JSON or as a stream',
  right: 'read as a whole answer',
  wires: ['openai', 'anthropic'],
  variants: ['json', 'labelled'],
  requests: 1,
  answer: (req, n, variant, w) => {
    const a = w.whole('right answer');
    return { status: 200, headers: { 'Content-Type': variant === 'json' ? 'application/json' : 'text/event-stream' }, pieces: ['\n\n  \n', 100, '\n', ...a.pieces] };
  },
};
