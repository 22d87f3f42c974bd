import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { error, plainMcp, refuse } from '../wire.mjs';

const NAME = 'refused-tool-by-name__ping';
const said = {
  name: (tools, i) => error(`Invalid schema for function '${NAME}': In context=('properties', 'text', 'x-odd'), 'x-odd' is not permitted.`, { code: 'invalid_function_parameters', param: `tools[${i}].function.parameters` }),
  gemini: (tools, i) => [error(`* GenerateContentRequest.tools[0].function_declarations[${i}].parameters.properties[text].enum: only allowed for STRING type`, { type: null, code: 400 })],
  index: (tools, i) => ({ message: `tools.${i}.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12`, type: 'invalid_request_error' }),
};
export default {
  source: 'typesense/typesense#3059, anthropics/claude-code#79418, NousResearch/hermes-agent#24158; Gemini counts function declarations',
  saw: 'one tool of one server, and no question of any chat is answered',
  shape: 'a schema that is refused for a reason nobody could foresee; the tool is named, or its place is',
  right: 'that tool is left out, all others stay; remembered, and told to the operator',
  wires: ['openai', 'anthropic'],
  learns: true,
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => {
    const tools = w.tools(req), i = tools.findIndex(t => t.name === NAME);
    return i === -1 ? w.say() : refuse(400, said[variant](tools, i));
  },
  mcp: m => plainMcp(m, { tools: [{ name: 'ping', description: 'odd', inputSchema: { type: 'object', properties: { text: { type: 'string', 'x-odd': true } } } }] }),
  check: async run => {
    const [a, b] = run.requests.map(r => run.w.tools(r.body).map(t => t.name));
    assert.ok(a.includes(NAME), 'it was offered');
    assert.deepEqual(b, a.filter(x => x !== NAME), 'the others are');
    assert.match(JSON.stringify(run.log), new RegExp(NAME), 'the operator is told');
    await again(1)(run);
  },
};
