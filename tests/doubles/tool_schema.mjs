/*
 * tool_schema: what model services refuse in the schema of a tool: a text, or
 * null.  A service checks all tools of a question and refuses the whole of it.
 */
import Ajv2020 from 'ajv/dist/2020.js';

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];
const draft = new Ajv2020({ strict: false, validateFormats: false, logger: false });

/* Each node below ${schema}, with its path. */
function* nodes(schema, path = '()') {
  yield [schema, path];
  if (!schema || typeof schema !== 'object') return;
  for (const [k, v] of Object.entries(schema.properties ?? {})) yield* nodes(v, `${path}.${k}`);
  for (const group of ['anyOf', 'oneOf', 'allOf'])
    for (const [i, v] of (Array.isArray(schema[group]) ? schema[group] : []).entries()) yield* nodes(v, `${path}.${group}[${i}]`);
  if (schema.items !== undefined && !Array.isArray(schema.items)) yield* nodes(schema.items, `${path}.items`);
}

const topChoice = (s, words) => words.find(w => s[w] !== undefined);

export function refusedByOpenai(schema) {
  if (topChoice(schema, ['oneOf', 'anyOf', 'allOf', 'enum', 'not']))
    return "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level";
  if (schema.properties === undefined) return 'In context=(), object schema missing properties';
  for (const [n, path] of nodes(schema)) {
    if (typeof n === 'boolean') continue;
    if (!n || typeof n !== 'object') return `${JSON.stringify(n)} is not of type 'object', 'boolean' (${path})`;
    const types = [n.type ?? []].flat();
    for (const t of types) if (!TYPES.includes(t)) return `'${t}' is not valid under any of the given schemas (${path})`;
    if (n.required !== undefined && !Array.isArray(n.required)) return `${n.required} is not of type 'array' (${path})`;
    if (types.includes('array') && n.items === undefined) return `In context=${path}, array schema missing items`;
    if (Array.isArray(n.items)) return `${JSON.stringify(n.items)} is not of type 'object', 'boolean' (${path})`;
    if (/\(\?[=!<]/.test(n.pattern ?? '')) return `In context=${path}, lookaround is not supported`;
  }
  return null;
}

export function refusedByAnthropic(schema) {
  if (topChoice(schema, ['oneOf', 'anyOf', 'allOf']))
    return 'input_schema does not support oneOf, allOf, or anyOf at the top level';
  for (const key of Object.keys(schema.properties ?? {}))
    if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(key)) return "properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'";
  if (schema.$schema !== undefined && !/2020-12/.test(schema.$schema) || !draft.validateSchema({ ...schema, $schema: undefined }))
    return 'JSON schema is invalid. It must match JSON Schema draft 2020-12';
  return null;
}

/* Gemini's, which is the narrowest; Vertex's, Moonshot's, llama.cpp's and Bedrock's on top of it. */
const KNOWN = ['type', 'description', 'enum', 'format', 'items', 'properties', 'required', 'anyOf', 'minimum', 'maximum'];

export function refusedByTheNarrowest(schema, description) {
  if (!description?.trim()) return 'description: Member must have length greater than or equal to 1';
  for (const [n, path] of nodes(schema)) {
    if (!n || typeof n !== 'object') return `Unrecognized schema: ${JSON.stringify(n)} (${path})`;
    for (const key of Object.keys(n)) if (!KNOWN.includes(key)) return `Unknown name "${key}" at ${path}: Cannot find field.`;
    if (n.anyOf !== undefined) {
      if (Object.keys(n).length > 1) return `${path}: When using any_of, it must be the only field set.`;
      continue;
    }
    if (Array.isArray(n.type)) return `${path}: Proto field is not repeating, cannot start list.`;
    if (!TYPES.slice(0, -1).includes(n.type)) return `${path}: type is not defined`;
    if (n.type === 'array' && !n.items) return `${path}.items: missing field.`;
    if (n.type !== 'object' && (n.properties || n.required)) return `${path}.properties: only allowed for OBJECT type`;
    if (n.properties && path !== '()' && !Object.keys(n.properties).length) return `${path}.properties: should be non-empty for OBJECT type`;
    for (const r of n.required ?? []) if (!(r in (n.properties ?? {}))) return `${path}.required: property is not defined`;
    if (n.enum && n.type !== 'string') return `${path}.enum: only allowed for STRING type`;
    for (const v of n.enum ?? []) if (typeof v !== 'string' || v === '') return `${path}.enum: cannot be empty`;
    if (n.format !== undefined && n.format !== 'date-time') return `${path}.format: only 'enum' and 'date-time' are supported for STRING type`;
  }
  return null;
}
