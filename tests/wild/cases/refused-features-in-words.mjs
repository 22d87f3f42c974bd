import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

const system = (req, w) => w.roles(req).includes('system');
const streamed = req => req.tools && req.stream;
/* When it is refused, with which status, how. */
const said = {
  'only-user': [system, 500, 'While executing CallExpression: Jinja Exception: Only user and assistant roles are supported!'],
  'unexpected-role': [system, 400, 'Unexpected message role.'],
  'invalid-role': [system, 400, "Invalid value: 'system'. Supported values are: 'user', 'assistant', and 'developer'."],
  'developer': [system, 400, "System messages not supported by this model; use role 'developer'"],
  'tools-streamed': [streamed, 500, 'Cannot use tools with stream'],
  'tools-mode': [streamed, 400, 'tools are not supported in streaming mode'],
  'no-tools-in-template': [req => req.tools, 500, 'Value is not callable: null: tools is not supported by the chat template'],
};
export default {
  source: 'chat templates of Mistral 7B and Gemma (llama.cpp, LM Studio, vLLM), llama.cpp before 2025-05 (Cannot use tools with stream)',
  saw: 'each question is refused',
  shape: 'one feature is refused, in the words of one server',
  right: 'asked without it, with tools that can be called; remembered',
  variants: Object.keys(said),
  requests: 2,
  answer(req, n, variant, w) {
    const [uses, status, words] = said[variant];
    return uses(req, w) ? refuse(status, error(words)) : req.stream ? w.say() : w.whole('right answer');
  },
  check: async run => {
    if (said[run.variant][0] === streamed) assert.ok(run.requests.at(-1).body.tools?.length > 0, 'asked whole, with its tools');
    await again(1)(run);
  },
};
