import assert from 'node:assert/strict';
import { again } from '../again.mjs';

export default {
  source: 'microsoft/vscode-copilot-release#11653; providers with a smaller number than OpenAI\'s',
  saw: 'with a few tool servers more nothing is answered',
  shape: 'at most 20 tools, told in a refusal',
  right: 'as many are offered, built-in ones first; remembered',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => (req.tools?.length ?? 0) <= 20 ? w.say() : w.refuse(`Invalid 'tools': array too long. Expected an array with maximum length 20, but got an array with length ${req.tools.length} instead.`, { code: 'array_above_max_length', param: 'tools' }),
  check: async run => {
    const names = run.w.tools(run.requests[1].body).map(t => t.name);
    assert.ok(names.length > 0 && names.includes('echo'), names.join());
    await again(1)(run);
  },
};
