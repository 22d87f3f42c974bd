import assert from 'node:assert/strict';

export default {
  source: 'continuedev/continue#6080, anthropics/claude-code#228, docker/docker-agent#569, kortix-ai/suna#172',
  saw: 'a loop of the same 400, until somebody sets another limit',
  shape: 'input length and max_tokens exceed the context: 3500 + 1000 > 4096',
  right: 'asked with a limit that fits (596)',
  wires: ['anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => req.max_tokens <= 596 ? w.say() : w.refuse(`input length and \`max_tokens\` exceed context limit: 3500 + ${req.max_tokens} > 4096, decrease input length or \`max_tokens\` and try again`),
  check: run => assert.ok(run.requests[1].body.max_tokens > 100),
};
