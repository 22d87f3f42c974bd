import assert from 'node:assert/strict';
import { unfit } from '../fit.mjs';
import { plainMcp } from '../wire.mjs';

const obj = (properties, more = {}) => ({ type: 'object', properties, ...more });
const one = schema => obj({ a: schema });
const recursive = { type: 'object', $defs: { node: obj({ next: { $ref: '#/$defs/node' }, name: { type: 'string' } }) }, properties: { root: { $ref: '#/$defs/node' } } };

/* NAME: [source, schema of the tool] */
const SCHEMAS = {
  'top-any-of': ['langchain-ai/langchain#39271, makenotion/notion-mcp-server#341, anomalyco/opencode#46628', { type: 'object', anyOf: [obj({ content: { type: 'string' } }, { required: ['content'] }), obj({ source_url: { type: 'string' } }, { required: ['source_url'] })] }],
  'top-required-choice': ['anomalyco/opencode#35516, MoonshotAI/kimi-code#2328', obj({ id: { type: 'string' }, name: { type: 'string' } }, { oneOf: [{ required: ['id'] }, { required: ['name'] }] })],
  'top-all-of': ['langchain-ai/langchainjs#9804', { allOf: [obj({ a: { type: 'string' } }), obj({ b: { type: 'integer' } })] }],
  'no-properties': ['github/github-mcp-server#1548', { type: 'object' }],
  'null-properties': ['karakeep-app/karakeep#1831', { type: 'object', properties: null }],
  'list-of-types': ['taylorwilsdon/google_workspace_mcp#1099, nanbingxyz/5ire#218, github/copilot-cli#4623', obj({ a: { type: ['string', 'null'] }, b: { type: 'array', items: { type: ['string', 'integer', 'null'] } } })],
  'enum-of-integers': ['google-gemini/gemini-cli#4127, router-for-me/CLIProxyAPI#1075, JetBrains/mcp-jetbrains#71', one({ type: 'integer', enum: [1, 2, 3] })],
  'enum-with-empty': ['sbroenne/mcp-server-excel#607', one({ type: 'string', enum: ['left', '', 'right'] })],
  'enum-of-other-type': ['mongodb-js/mongodb-mcp-server#715', one({ type: 'string', enum: [256, 512] })],
  'requires-what-is-not-there': ['NousResearch/hermes-agent#4651, MarkusPfundstein/mcp-obsidian#105, google-gemini/gemini-cli#1458', obj({ a: { type: 'array', items: obj({ x: { type: 'string' } }, { required: ['y'] }) } }, { required: ['zz'] })],
  'required-in-a-property': ['MarkusPfundstein/mcp-gsuite#34', obj({ a: { type: 'string', required: true }, b: { type: 'string', required: false } })],
  'object-members-on-a-text': ['anomalyco/opencode#11889', one({ type: 'string', properties: { x: { type: 'string' } }, required: ['x'] })],
  'nested-empty-object': ['vercel/ai#3371, browser-use/browser-use#7', one(obj({}))],
  'format-uri': ['google-gemini/gemini-cli#2237, OpenHands/OpenHands#8595', one({ type: 'string', format: 'uri' })],
  'exclusive-minimum': ['ahmadrosid/nakama#292, modelcontextprotocol/servers#1624', one({ type: 'integer', exclusiveMinimum: 0 })],
  'exclusive-minimum-of-draft-4': ['SylphxAI/pdf-reader-mcp#63', one({ anyOf: [{ type: 'integer', minimum: 0, exclusiveMinimum: true }, { type: 'string' }] })],
  'property-true': ['mezmo/aura#358, can1357/oh-my-pi#5914', obj({ a: true, b: { type: 'string' } })],
  'not-anything': ['ggml-org/llama.cpp#17574', one({ not: {} })],
  'pattern-without-ends': ['ggml-org/llama.cpp#26930, containers/kubernetes-mcp-server#758, can1357/oh-my-pi#2784', one({ type: 'string', pattern: '(?=a)[a-z]+' })],
  'type-beside-any-of': ['openclaw/openclaw#113130, MoonshotAI/kimi-code#2661', one({ type: 'string', anyOf: [{ enum: ['a'] }, { maxLength: 3 }] })],
  'description-alone': ['duolahypercho/codex-router#641, docker/mcp-gateway#234', one({ description: 'anything' })],
  'enum-without-type': ['google-gemini/gemini-cli#4400', one({ enum: ['a', 'b'] })],
  'description-beside-any-of': ['BerriAI/litellm#11164', one({ description: 'either', anyOf: [{ type: 'string' }, { type: 'null' }] })],
  references: ['BerriAI/litellm#29207, open-webui/computer#87, CommandCodeAI/command-code#566', { type: 'object', $defs: { who: obj({ name: { type: 'string' } }) }, properties: { who: { $ref: '#/$defs/who' } } }],
  'reference-to-itself': ['vercel/ai#19488, BerriAI/litellm#13151, OpenHands/software-agent-sdk#1955, aaif-goose/goose#10469', recursive],
  'reference-to-a-property': ['Mnehmos/mnehmos.rpg.mcp#73', obj({ status: { type: 'string', enum: ['up', 'down'] }, next: { $ref: '#/properties/status' } })],
  'type-any': ['blurrah/mcp-graphql#14', one({ type: 'any' })],
  'property-is-a-text': ['smallmain/vscode-unify-chat-provider#162', { type: 'object', properties: { type: 'object' } }],
  'empty-description': ['danny-avila/LibreChat#13209, aws-samples/bedrock-access-gateway#213', one({ type: 'string', description: '' })],
  'additional-properties': ['promptfoo/promptfoo#6902, jacksteamdev/obsidian-mcp-tools#63', obj({ a: { type: 'object', additionalProperties: {} } }, { additionalProperties: false })],
  'const-and-names': ['zendev-sh/goai#108', obj({ kind: { const: 'fixed' }, map: { type: 'object', propertyNames: { pattern: '^a' }, patternProperties: { '^a': { type: 'string' } } }, n: { type: 'integer', default: 3 } })],
  wrapped: ['twentyhq/twenty#15348', { jsonSchema: obj({ a: { type: 'string' } }) }],
  'tuple': ['anomalyco/opencode#32488', one({ type: 'array', items: [{ type: 'string' }, { type: 'integer' }] })],
  'array-without-items': ['t8y2/dbx#6233', one({ type: ['array', 'null'] })],
};

export default {
  source: 'in the table of this file, one or more for each schema',
  saw: 'every question of every chat is refused, because of one tool',
  shape: 'schemas of tools that one provider or another refuses (fit.mjs)',
  right: 'the tool is offered with a schema that all of them take, and nobody hangs',
  wires: ['openai', 'anthropic'],
  learns: true,
  variants: Object.keys(SCHEMAS),
  requests: 1,
  answer: (req, n, variant, w) => {
    const t = w.tools(req).find(x => x.name === `tool-schemas__${variant}`);
    const why = t && (unfit(t.schema) ?? (t.description === '' ? 'an empty description' : null));
    return why ? w.refuse(`Invalid schema for function '${t.name}': ${why}`) : w.say();
  },
  mcp: m => plainMcp(m, { tools: Object.entries(SCHEMAS).map(([name, [, inputSchema]]) => ({ name, description: name === 'empty-description' ? '' : 'odd', inputSchema })) }),
  check: run => assert.ok(run.w.tools(run.requests[0].body).some(t => t.name === `tool-schemas__${run.variant}`), 'it is offered'),
};
