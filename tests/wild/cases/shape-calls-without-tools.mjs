import { error, refuse } from '../wire.mjs';

export default {
  source: 'microsoft/autogen#6328, camel-ai/owl#532, RailtownAI/railtracks#1027',
  saw: 'long work with tools ends in an error, at the question that was to sum up',
  shape: 'calls in the messages and no tools in the request; LiteLLM before Anthropic refuses',
  right: 'the tools that were used are named, with the choice "none"',
  wires: ['openai', 'anthropic'],
  settings: { llm: { rounds: 2 } },
  answer: (req, n, variant, w) => {
    if (req.messages.some(m => m.tool_calls) && !req.tools?.length)
      return refuse(400, error("litellm.UnsupportedParamsError: Anthropic doesn't support tool calling without `tools=` param specified. Pass `tools=` param OR set `litellm.modify_params = True` to add dummy tool to the request.", { type: null, code: '400' }));
    return w.noTools(req) ? w.say() : w.call('echo', '{"text":"one"}', `call_${n}`);
  },
};
