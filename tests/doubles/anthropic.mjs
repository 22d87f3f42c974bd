/*
 * anthropic: Messages as the service does it: what it refuses, and an answer
 * whole or streamed.
 */
import { callArguments, cutIntoPieces, stream, whole } from './behaviour.mjs';
import { firstError, hasLoneSurrogate, load, properties, validator } from './schema.mjs';
import { refusedByAnthropic } from './tool_schema.mjs';

const schema = load('anthropic-messages.schema.json');
const validateWhole = validator(schema, 'MessagesRequest');
const validateStream = validator(schema, 'MessagesStreamRequest');
const validateEvent = validator(schema, 'StreamEvent');
const known = new Set([...properties(schema, 'MessagesRequest'), ...properties(schema, 'MessagesStreamRequest')]);

function error(type, message) {
  return { type: 'error', error: { type, message }, request_id: 'req_double' };
}

function blocks(content) {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/* What the service refuses with 400: a text, or null. */
export function refuse(body) {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    return 'The request body is not valid JSON';
  if (hasLoneSurrogate(body)) return 'The request body is not valid JSON: no low surrogate in string';
  for (const required of ['model', 'max_tokens', 'messages'])
    if (body[required] === undefined) return `${required}: Field required`;
  for (const name of Object.keys(body))
    if (!known.has(name)) return `${name}: Extra inputs are not permitted`;
  if (!Number.isInteger(body.max_tokens) || body.max_tokens < 1)
    return 'max_tokens: Input should be greater than or equal to 1';
  if (!Array.isArray(body.messages) || body.messages.length === 0)
    return 'messages: at least one message is required';
  for (const [i, m] of body.messages.entries()) {
    if (m?.role !== 'user' && m?.role !== 'assistant')
      return m?.role === 'system'
        ? 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.'
        : `messages.${i}.role: Input should be 'user' or 'assistant'`;
  }
  const validate = body.stream ? validateStream : validateWhole;
  if (!validate(body)) return firstError(validate);
  const bad = refuseTools(body) ?? refuseMessages(body);
  if (bad) return bad;
  if (body.system !== undefined && body.system !== '')
    for (const [i, b] of blocks(body.system).entries())
      if (b.text === '') return `system.${i}: text content blocks must be non-empty`;
  return null;
}

function refuseTools(body) {
  const names = new Set();
  for (const [i, tool] of (body.tools ?? []).entries()) {
    if (tool.type && tool.type !== 'custom') continue;
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name))
      return `tools.${i}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`;
    if (names.has(tool.name)) return 'tools: Tool names must be unique.';
    names.add(tool.name);
    if (tool.input_schema?.type !== 'object')
      return `tools.${i}.custom.input_schema.type: Field required`;
    const bad = refusedByAnthropic(tool.input_schema);
    if (bad) return `tools.${i}.custom.input_schema: ${bad}`;
  }
  if (body.tool_choice && body.tool_choice.type !== 'none' && !body.tools?.length)
    return 'tool_choice may only be specified while providing tools';
  const used = body.messages.some(m => blocks(m.content).some(b => b.type === 'tool_use' || b.type === 'tool_result'));
  if (used && !body.tools?.length)
    return 'Requests which include `tool_use` or `tool_result` blocks must define tools';
  return null;
}

/* Consecutive messages of one role count as one, as the service does it. */
function merged(messages) {
  const out = [];
  for (const [i, m] of messages.entries()) {
    const content = blocks(m.content).map((b, j) => ({ ...b, at: `messages.${i}.content.${j}` }));
    if (out.at(-1)?.role === m.role) out.at(-1).content.push(...content);
    else out.push({ role: m.role, content, i });
  }
  return out;
}

function refuseMessages(body) {
  for (const [i, m] of body.messages.entries()) {
    const last = i === body.messages.length - 1;
    const list = blocks(m.content);
    if (list.length === 0 && !(last && m.role === 'assistant'))
      return `messages.${i}: all messages must have non-empty content except for the optional final assistant message`;
    for (const [j, b] of list.entries()) {
      if (b.type !== 'text') continue;
      if (b.text === '') return `messages: text content blocks must be non-empty (messages.${i}.content.${j})`;
      if (b.text.trim() === '') return `messages: text content blocks must contain non-whitespace text (messages.${i}.content.${j})`;
    }
  }
  const turns = merged(body.messages);
  if (turns[0].role !== 'user')
    return 'messages: first message must use the "user" role';
  const lastTurn = turns.at(-1);
  if (lastTurn.role === 'assistant') {
    const b = lastTurn.content.at(-1);
    if (b?.type === 'text' && /\s$/.test(b.text))
      return 'messages: final assistant content cannot end with trailing whitespace';
  }
  const ids = new Set();
  for (const [k, turn] of turns.entries()) {
    const uses = turn.content.filter(b => b.type === 'tool_use');
    const results = turn.content.filter(b => b.type === 'tool_result');
    if (turn.role === 'user') {
      const before = new Set((turns[k - 1]?.content ?? []).filter(b => b.type === 'tool_use').map(b => b.id));
      const seen = new Set();
      for (const r of results) {
        if (!before.has(r.tool_use_id))
          return `${r.at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${r.tool_use_id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
        if (seen.has(r.tool_use_id))
          return `${r.at}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${r.tool_use_id}`;
        seen.add(r.tool_use_id);
      }
      if (before.size > seen.size)
        return `messages.${turn.i}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${[...before].filter(x => !seen.has(x)).join(', ')}.`;
      const firstOther = turn.content.findIndex(b => b.type !== 'tool_result');
      const lastResult = turn.content.findLastIndex(b => b.type === 'tool_result');
      if (lastResult !== -1 && firstOther !== -1 && firstOther < lastResult)
        return `messages.${turn.i}: \`tool_result\` blocks must come first in the content`;
    }
    for (const u of uses) {
      if (!/^[a-zA-Z0-9_-]+$/.test(u.id)) return `${u.at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
      if (ids.has(u.id)) return `messages: \`tool_use\` ids must be unique`;
      ids.add(u.id);
      if (u.input === null || typeof u.input !== 'object' || Array.isArray(u.input))
        return `${u.at}.tool_use.input: Input should be a valid dictionary`;
    }
    if (uses.length && k === turns.length - 1)
      return `messages.${turn.i}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${uses.map(u => u.id).join(', ')}.`;
  }
  return null;
}

export function authorise(headers, keys) {
  const got = headers['x-api-key'];
  if (keys === null) return null;
  if (got === undefined)
    return { status: 401, body: error('authentication_error', 'x-api-key header is required') };
  if (!keys.includes(got))
    return { status: 401, body: error('authentication_error', 'invalid x-api-key') };
  if (headers['anthropic-version'] !== '2023-06-01')
    return { status: 400, body: error('invalid_request_error', 'anthropic-version: header is required') };
  return null;
}

export function invalid(message) {
  return { status: 400, body: error('invalid_request_error', message) };
}

export function notFound(path) {
  return { status: 404, body: error('not_found_error', `Not found: ${path}`) };
}

const TYPES = { 400: 'invalid_request_error', 401: 'authentication_error', 402: 'billing_error', 403: 'permission_error', 404: 'not_found_error', 413: 'request_too_large', 429: 'rate_limit_error', 500: 'api_error', 504: 'timeout_error', 529: 'overloaded_error' };

export function failure(b) {
  if (b.context) return invalid('prompt is too long: 210000 tokens > 200000 maximum');
  if (b.quota)
    return { status: 400, body: error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.') };
  return { status: b.status, body: error(b.code ?? TYPES[b.status] ?? 'api_error', b.message ?? `scripted ${b.status}`) };
}

export function errorEvent() {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })}\n\n`;
}

function stopReason(b, calls) {
  return b.finish ?? (b.refusal ? 'refusal' : calls.length ? 'tool_use' : 'end_turn');
}

function textOf(b) {
  return Array.isArray(b.text) ? b.text.join('') : b.text ?? '';
}

function usage(b, request) {
  return {
    input_tokens: b.usage?.in ?? Math.ceil(JSON.stringify(request.body.messages).length / 4),
    output_tokens: b.usage?.out ?? Math.ceil(textOf(b).length / 4) + 5 * (b.calls?.length ?? 0),
    cache_creation_input_tokens: 0, cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    server_tool_use: null, service_tier: 'standard', inference_geo: null, output_tokens_details: null, speed: null,
  };
}

function contentOf(request, b) {
  const content = [];
  if (b.thinking) content.push({ type: 'thinking', thinking: b.thinking, signature: 'sig-double' });
  if (!b.empty && !b.refusal && textOf(b) !== '') content.push({ type: 'text', text: textOf(b), citations: null });
  for (const [i, c] of (b.calls ?? []).entries())
    content.push({ type: 'tool_use', id: c.id ?? `toolu_${request.n}_${i}`, name: c.name, input: JSON.parse(callArguments(c) || '{}'), caller: { type: 'direct' } });
  return content;
}

export function answerWhole(res, request, b) {
  const doc = {
    id: `msg_${request.n}`, type: 'message', role: 'assistant', model: request.body.model,
    content: contentOf(request, b), stop_reason: stopReason(b, b.calls ?? []), stop_sequence: null,
    stop_details: null, container: null, diagnostics: null,
    usage: usage(b, request),
  };
  if (b.noise) doc.content.unshift({ type: 'x_unknown_block', x: 1 });
  whole(res, 200, doc, b.headers);
}

export function answerStream(res, request, b) {
  const events = [];
  const send = (type, data, checked = true) => {
    const doc = { type, ...data };
    if (checked && process.env.DOUBLES_CHECK && !validateEvent(doc))
      throw new Error(`double's event ${type}: ${firstError(validateEvent)}`);
    events.push(`event: ${type}\ndata: ${JSON.stringify(doc)}\n\n`);
  };
  const used = usage(b, request);
  send('message_start', { message: {
    id: `msg_${request.n}`, type: 'message', role: 'assistant', model: request.body.model,
    content: [], stop_reason: null, stop_sequence: null, stop_details: null, container: null, diagnostics: null, usage: { ...used, output_tokens: 1 },
  } });
  send('ping', {}, false);
  if (b.noise) {
    send('x_unknown_event', { x: 1 }, false);
    send('content_block_start', { index: 90, content_block: { type: 'x_unknown_block' } }, false);
    send('content_block_delta', { index: 90, delta: { type: 'x_unknown_delta', y: 2 } }, false);
    send('content_block_stop', { index: 90 }, false);
  }
  let index = 0;
  if (b.thinking) {
    send('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } });
    for (const piece of cutIntoPieces(b.thinking, b.pieces))
      send('content_block_delta', { index, delta: { type: 'thinking_delta', thinking: piece } });
    send('content_block_delta', { index, delta: { type: 'signature_delta', signature: 'sig-double' } });
    send('content_block_stop', { index }); index++;
  }
  const pieces = b.huge ? Array(Math.ceil(b.huge / 16384)).fill('x'.repeat(16384))
    : b.empty || b.refusal ? [] : cutIntoPieces(b.text, b.pieces);
  if (pieces.length) {
    send('content_block_start', { index, content_block: { type: 'text', text: '', citations: null } });
    for (const piece of pieces)
      send('content_block_delta', { index, delta: { type: 'text_delta', text: piece } });
    send('content_block_stop', { index }); index++;
  }
  for (const [i, c] of (b.calls ?? []).entries()) {
    send('content_block_start', { index, content_block: { type: 'tool_use', id: c.id ?? `toolu_${request.n}_${i}`, name: c.name, input: {}, caller: { type: 'direct' } } });
    const args = callArguments(c);
    if (args !== '{}' || b.style === 'whole') {
      send('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: '' } });
      for (const piece of cutIntoPieces(args, b.style === 'whole' ? 1 : b.pieces))
        send('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: piece } });
    }
    send('content_block_stop', { index }); index++;
  }
  send('message_delta', { delta: { stop_reason: stopReason(b, b.calls ?? []), stop_sequence: null, stop_details: null, container: null }, usage: { input_tokens: used.input_tokens, output_tokens: used.output_tokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens_details: null, server_tool_use: null } });
  send('message_stop', {});
  return stream(res, events, b, errorEvent);
}

export function lastUser(body) {
  for (const m of [...body.messages].reverse()) {
    if (m.role !== 'user') continue;
    const text = blocks(m.content).filter(b => b.type === 'text').map(b => b.text).join('');
    if (text !== '') return text;
  }
  return '';
}

export function toolResults(body) {
  const out = [];
  for (const m of [...body.messages].reverse()) {
    if (m.role !== 'user') continue;
    const list = blocks(m.content);
    const results = list.filter(b => b.type === 'tool_result');
    if (results.length === 0) break;
    out.unshift(...results.map(r => ({
      id: r.tool_use_id, isError: r.is_error === true,
      text: typeof r.content === 'string' ? r.content : (r.content ?? []).map(p => p.text ?? '').join(''),
    })));
    if (list.some(b => b.type === 'text')) break;
  }
  return out;
}

export function toolNames(body) {
  return (body.tools ?? []).map(t => t.name);
}

export function system(body) {
  return body.system === undefined ? '' : blocks(body.system).map(b => b.text).join('\n');
}
