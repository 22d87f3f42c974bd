import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

const said = {
  ollama: [400, error('registry.ollama.ai/library/gemma3:4b does not support tools', { type: 'api_error' })],
  openrouter: [404, { error: { message: 'No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing', code: 404 } }],
  vllm: [400, { object: 'error', message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', type: 'BadRequestError', param: null, code: 400 }],
};
export default {
  source: 'ollama/ollama#14795, open-webui/open-webui#27996, FoundationAgents/OpenManus#220 and #55, evalstate/fast-agent#122, vllm-project/vllm#9986',
  saw: 'nothing can be asked of a model that has no tools',
  shape: 'tools are refused, in the words of Ollama, OpenRouter and vLLM',
  right: 'asked without them (or with tools told in words); remembered',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => req.tools ? refuse(...said[variant]) : w.say(),
  check: async run => {
    assert.equal(run.requests[1].body.tool_choice, undefined);
    await again(1)(run);
  },
};
