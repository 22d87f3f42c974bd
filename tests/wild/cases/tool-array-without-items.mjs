import assert from 'node:assert/strict';
import { error, plainMcp, refuse } from '../wire.mjs';

const bad = s => s && typeof s === 'object' && (Array.isArray(s) ? s.some(bad)
  : ((s.type === 'array' || (Array.isArray(s.type) && s.type.includes('array'))) && s.items === undefined) || Object.values(s).some(bad));
export default {
  source: 'typesense/typesense#3059, mark3labs/mcphost#35, bnb-chain/bnbchain-mcp#68, NousResearch/hermes-agent#24158',
  saw: '"hi" fails too: the provider checks all tools of every question',
  shape: 'arrays without items: at the top, deeper, with a list of types, in anyOf; invalid_function_parameters',
  right: 'the schema is made to fit; the chat works',
  wires: ['openai', 'anthropic'],
  learns: true,
  answer: (req, n, variant, w) => {
    const i = w.tools(req).findIndex(t => bad(t.schema));
    return i === -1 ? w.say() : refuse(400, error(`Invalid schema for function '${w.tools(req)[i].name}': In context=('properties', 'tags'), array schema missing items.`,
      { code: 'invalid_function_parameters', param: `tools[${i}].function.parameters` }));
  },
  mcp: m => plainMcp(m, { tools: [{ name: 'ping', description: 'tags', inputSchema: { type: 'object', properties: {
    tags: { type: 'array', description: 'tags' },
    deep: { type: 'object', properties: { list: { type: ['array', 'null'] } } },
    either: { anyOf: [{ type: 'array' }, { type: 'null' }] } } } }] }),
  check: run => assert.ok(run.w.tools(run.requests.at(-1).body).some(t => t.name === 'tool-array-without-items__ping'), 'the tool is offered'),
};
