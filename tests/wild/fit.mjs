/*
 * fit: what one provider or another refuses in a tool's schema, taken together:
 * OpenAI, Anthropic, Gemini (both endpoints), Moonshot, Mistral, llama.cpp,
 * Bedrock.  Each rule has its source in cases/tool-schemas.mjs.
 */
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean'];
const NEVER = ['$ref', '$defs', 'definitions', '$schema', '$id', 'const', 'default', 'not', 'oneOf', 'allOf', 'patternProperties', 'propertyNames', 'additionalProperties',
  'exclusiveMinimum', 'exclusiveMaximum', 'dependencies', 'dependentRequired', 'if', 'then', 'else', 'pattern'];

/* Why ${s}, at ${at} ("" is the top), is refused by somebody; null: it is fit. */
export function unfit(s, at = '') {
  if (s === null || typeof s !== 'object' || Array.isArray(s)) return `${at}: no schema`;
  for (const k of NEVER) if (s[k] !== undefined) return `${at}: ${k}`;
  if (s.description === '') return `${at}: an empty description`;
  if (s.anyOf !== undefined) {
    if (at === '') return 'anyOf at the top';
    if (!Array.isArray(s.anyOf) || s.anyOf.length === 0) return `${at}: anyOf of nothing`;
    for (const k of ['type', 'properties', 'required', 'items', 'enum']) if (s[k] !== undefined) return `${at}: ${k} beside anyOf`;
    return first(s.anyOf.map((x, i) => unfit(x, `${at}/anyOf${i}`)));
  }
  if (!TYPES.includes(s.type)) return `${at}: type ${JSON.stringify(s.type)}`;
  if (at === '' && s.type !== 'object') return 'the top is no object';
  if (at === '' && (s.properties === undefined || s.properties === null)) return 'the top has no properties';
  if (s.enum !== undefined && (at === '' || s.type !== 'string' || !Array.isArray(s.enum) || s.enum.some(v => typeof v !== 'string' || v === ''))) return `${at}: enum`;
  if (s.format !== undefined && s.format !== 'date-time') return `${at}: format ${s.format}`;
  if (s.type === 'array') return s.items === undefined ? `${at}: an array without items` : unfit(s.items, `${at}/items`);
  if (s.type !== 'object') return ['properties', 'required', 'items'].some(k => s[k] !== undefined) ? `${at}: members of an object` : null;
  if (s.required !== undefined && (!Array.isArray(s.required) || s.required.some(k => !(k in (s.properties ?? {}))))) return `${at}: required`;
  if (at !== '' && s.properties && Object.keys(s.properties).length === 0) return `${at}: empty properties`;
  const bad = Object.keys(s.properties ?? {}).find(k => !/^[a-zA-Z0-9_.-]{1,64}$/.test(k));
  if (bad !== undefined) return `${at}: property ${bad}`;
  return first(Object.entries(s.properties ?? {}).map(([k, v]) => unfit(v, `${at}/${k}`)));
}

const first = list => list.find(x => x !== null) ?? null;
