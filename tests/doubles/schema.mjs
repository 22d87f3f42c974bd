/*
 * schema: a request checked against its service's own description.
 */
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

export function load(file) {
  return JSON.parse(readFileSync(new URL(`specs/${file}`, import.meta.url)));
}

export function validator(schema, name) {
  const ajv = new Ajv({
    strict: false, allErrors: false, discriminator: false,
    allowUnionTypes: true, validateFormats: false, logger: false,
  });
  ajv.addSchema(schema, 'spec');
  return ajv.getSchema(`spec#/definitions/${name}`);
}

/* The names of all properties that definition ${name} knows. */
export function properties(schema, name) {
  const out = new Set();
  const walk = node => {
    if (node.$ref) walk(schema.definitions[node.$ref.split('/').pop()]);
    for (const p of Object.keys(node.properties ?? {})) out.add(p);
    for (const part of [...node.allOf ?? [], ...node.anyOf ?? [], ...node.oneOf ?? []])
      walk(part);
  };
  walk(schema.definitions[name]);
  return out;
}

export function firstError(validate) {
  const e = (validate.errors ?? []).reduce((deepest, x) =>
    !deepest || x.instancePath.length > deepest.instancePath.length ? x : deepest, null);
  return e ? `${e.instancePath || '(body)'} ${e.message}` : 'invalid';
}

/* Text that could not have come from valid UTF-8. */
export function hasLoneSurrogate(value) {
  if (typeof value === 'string') return !value.isWellFormed();
  if (value && typeof value === 'object')
    return Object.entries(value).some(([k, v]) => hasLoneSurrogate(k) || hasLoneSurrogate(v));
  return false;
}
