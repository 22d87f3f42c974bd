export default {
  source: 'xiaoliu10/claude-code-router-next#45',
  saw: 'a relay labels its streams wrongly, and each is refused as bad JSON',
  shape: 'server-sent events as text/plain, as application/json, or without a type',
  right: 'the first bytes say what a body is; the label is only a hint',
  wires: ['openai', 'anthropic'],
  variants: ['text', 'json', 'none'],
  requests: 1,
  answer: (req, n, variant, w) => {
    const { pieces } = w.say();
    const type = { text: 'text/plain; charset=utf-8', json: 'application/json' }[variant];
    return { status: 200, headers: type ? { 'Content-Type': type } : {}, pieces };
  },
};
