import assert from 'node:assert/strict';

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
/* What OpenAI, Anthropic and Gemini refuse between them. */
function wrong(s, at = '') {
  if (s === null || typeof s !== 'object' || Array.isArray(s)) return `${at}: not an object`;
  for (const k of ['$ref', '$defs', 'definitions']) if (s[k] !== undefined) return `${at}: ${k}`;
  if (Array.isArray(s.type) ? s.type.some(t => !TYPES.includes(t)) : s.type !== undefined && !TYPES.includes(s.type)) return `${at}: type ${s.type}`;
  if ([s.type].flat().includes('array') && s.items === undefined) return `${at}: array without items`;
  if (at === '' && s.type !== 'object') return 'the top is no object';
  if (at === '') for (const k of ['oneOf', 'anyOf', 'allOf', 'enum', 'not']) if (s[k] !== undefined) return `${k} at the top`;
  for (const [k, v] of Object.entries(s.properties ?? {})) {
    if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(k)) return `${at}: property ${k}`;
    const w = wrong(v, `${at}/${k}`);
    if (w) return w;
  }
  for (const k of (s.required ?? [])) if (!(k in (s.properties ?? {}))) return `${at}: requires ${k}, which is not there`;
  for (const [k, v] of [['items', s.items], ...(s.anyOf ?? []).map((x, i) => [`anyOf${i}`, x])]) {
    const w = v !== undefined && wrong(v, `${at}/${k}`);
    if (w) return w;
  }
  return null;
}
export default {
  source: 'typesense/typesense#3059, anthropics/claude-code#79418, microsoft/vscode-copilot-release#9375: all tools of all these cases at once',
  saw: 'the provider checks all tools of each question, so one spoils all',
  shape: 'every MCP server of this folder is connected; the first tool that is not fit is refused',
  right: 'what is offered is fit: names, descriptions, schemas at every depth, their number',
  wires: ['openai', 'anthropic'],
  requests: 1,
  answer: (req, n, variant, w) => {
    const tools = w.tools(req);
    for (const [i, t] of tools.entries()) {
      const why = !/^[a-zA-Z0-9_-]{1,64}$/.test(t.name) ? 'its name' : t.description === '' ? 'an empty description' : wrong(t.schema);
      if (why) return w.refuse(`tools[${i}] ${t.name}: ${why}`);
    }
    return new Set(tools.map(t => t.name)).size < tools.length ? w.refuse('names twice') : w.name === 'openai' && tools.length > 128 ? w.refuse('too many tools') : w.say();
  },
  check: run => assert.ok(run.w.tools(run.requests[0].body).length > 10, 'tools are offered'),
};
