import assert from 'node:assert/strict';
import { again } from '../again.mjs';

export default {
  source: 'koosoli/ESPHomeDesigner#379, teilomillet/gollm#33, anomalyco/opencode#37964 (Azure), microsoft/vscode-copilot-release#8065',
  saw: 'newer models of OpenAI refuse each question',
  shape: 'max_tokens is not supported, max_completion_tokens is wanted; the model\'s name gives no hint (a deployment at Azure)',
  right: 'the other name is used, and remembered',
  requests: 2,
  answer: (req, n, variant, w) => req.max_tokens === undefined ? w.say()
    : w.refuse("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", { param: 'max_tokens', code: 'unsupported_parameter' }),
  check: async run => {
    assert.ok(run.requests[1].body.max_completion_tokens > 0, 'the limit is still there');
    await again(1)(run);
  },
};
