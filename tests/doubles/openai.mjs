/*
 * openai: Chat Completions as the service does it: what it refuses, and an
 * answer whole or streamed.
 */
import { callArguments, cutIntoPieces, stream, whole } from './behaviour.mjs';
import { firstError, hasLoneSurrogate, load, properties, validator } from './schema.mjs';
import { refusedByOpenai, refusedByTheNarrowest } from './tool_schema.mjs';

const schema = load('openai-chat.schema.json');
const validate = validator(schema, 'CreateChatCompletionRequest');
const validateAnswer = validator(schema, 'CreateChatCompletionResponse');
const validateChunk = validator(schema, 'CreateChatCompletionStreamResponse');
const known = properties(schema, 'CreateChatCompletionRequest');
const REASONING = /^(o[1-9]|gpt-5)/;
const NARROWEST = /^narrow/; /* a model of a service that takes few schemas */
const TOOLS_MAX = 128;

function error(message, { type = 'invalid_request_error', param = null, code = null } = {}) {
  return { error: { message, type, param, code } };
}

/* What the service refuses with 400: a text, or null. */
export function refuse(body) {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    return 'We could not parse the JSON body of your request.';
  if (hasLoneSurrogate(body)) return 'invalid unicode in the request';
  for (const name of Object.keys(body))
    if (!known.has(name)) return `Unrecognized request argument supplied: ${name}`;
  if (!validate(body)) return firstError(validate);
  if (body.messages.length === 0) return "[] is too short - 'messages'";
  if (body.tools && body.tools.length === 0) return "[] is too short - 'tools'";
  if (!body.tools && body.tool_choice !== undefined)
    return "'tool_choice' is only allowed when 'tools' are specified.";
  if (!body.tools && body.parallel_tool_calls !== undefined)
    return "'parallel_tool_calls' is only allowed when 'tools' are specified.";
  if (body.stream_options && !body.stream)
    return "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
  if (REASONING.test(body.model)) {
    if (body.max_tokens !== undefined)
      return "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    if (body.temperature !== undefined && body.temperature !== 1)
      return "Unsupported value: 'temperature' does not support this value with this model.";
  }
  if (body.max_tokens !== undefined && body.max_completion_tokens !== undefined)
    return "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
  if (body.tools?.length > TOOLS_MAX)
    return `Invalid 'tools': array too long. Expected an array with maximum length ${TOOLS_MAX}, but got an array with length ${body.tools.length} instead.`;
  const names = new Set();
  for (const [i, tool] of (body.tools ?? []).entries()) {
    const f = tool.function;
    if (!f) continue;
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(f.name))
      return `Invalid 'tools[${i}].function.name': string does not match pattern.`;
    if (names.has(f.name)) return `Duplicate function name '${f.name}'`;
    names.add(f.name);
    if (f.parameters && f.parameters.type !== 'object')
      return `Invalid schema for function '${f.name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${f.parameters.type ?? 'None'}"'.`;
    const bad = f.parameters && (refusedByOpenai(f.parameters) ?? (NARROWEST.test(body.model) ? refusedByTheNarrowest(f.parameters, f.description) : null));
    if (bad) return `Invalid schema for function '${f.name}': ${bad}`;
  }
  return refuseOrder(body.messages);
}

/* Every call of an assistant is answered before anyone else speaks. */
function refuseOrder(messages) {
  let open = null;
  const unanswered = () =>
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`;
  for (const [i, m] of messages.entries()) {
    if (m.role === 'tool') {
      if (open === null)
        return `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'. (messages[${i}])`;
      if (!open.delete(m.tool_call_id))
        return `messages[${i}]: 'tool_call_id' of '${m.tool_call_id}' not found in 'tool_calls' of previous message.`;
      continue;
    }
    if (open?.size) return unanswered();
    open = null;
    if (m.role === 'assistant') {
      if (m.tool_calls) {
        if (m.tool_calls.length === 0) return `[] is too short - 'messages.${i}.tool_calls'`;
        open = new Set();
        for (const c of m.tool_calls) {
          if (!c.id) return `Invalid 'messages[${i}].tool_calls': empty id`;
          if (open.has(c.id)) return `Duplicate tool_call id '${c.id}' in messages[${i}]`;
          open.add(c.id);
        }
      } else if (m.content === null || m.content === undefined) {
        return `Invalid value for 'content': expected a string, got null. (messages[${i}])`;
      }
    } else if (Array.isArray(m.content)) {
      if (m.content.length === 0) return `Invalid 'messages[${i}].content': empty array`;
      for (const part of m.content) {
        const url = part.image_url?.url;
        if (part.type === 'image_url' && !/^(https?:\/\/|data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$)/.test(url ?? ''))
          return `Invalid 'messages[${i}].content': not a valid image URL`;
      }
    }
  }
  if (open?.size) return unanswered();
  return null;
}

export function authorise(headers, keys) {
  const got = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (keys === null) return null; /* a local server that asks for none */
  if (got === undefined)
    return { status: 401, body: error("You didn't provide an API key.") };
  if (!keys.includes(got))
    return { status: 401, body: error('Incorrect API key provided.', { code: 'invalid_api_key' }) };
  return null;
}

export function invalid(message) {
  return { status: 400, body: error(message) };
}

export function notFound(path) {
  return { status: 404, body: error(`Invalid URL (POST ${path})`) };
}

export function failure(b) {
  if (b.context)
    return { status: 400, body: error("This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", { param: 'messages', code: 'context_length_exceeded' }) };
  if (b.quota)
    return { status: 429, body: error('You exceeded your current quota.', { type: 'insufficient_quota', code: 'insufficient_quota' }) };
  const type = b.status === 429 ? 'requests' : b.status >= 500 ? 'server_error' : 'invalid_request_error';
  const code = b.code ?? (b.status === 429 ? 'rate_limit_exceeded' : null);
  return { status: b.status, body: error(b.message ?? `scripted ${b.status}`, { type, code }) };
}

export function errorEvent() {
  return `data: ${JSON.stringify(error('The server had an error while processing your request.', { type: 'server_error' }))}\n\n`;
}

function finishReason(b, calls) {
  return b.finish ?? (b.refusal ? 'stop' : calls.length ? 'tool_calls' : 'stop');
}

export function answerWhole(res, request, b) {
  const calls = b.calls ?? [];
  const message = {
    role: 'assistant',
    content: b.empty ? '' : b.refusal ? null : calls.length && !b.text ? null : textOf(b),
    refusal: b.refusal ? 'I cannot help with that.' : null,
    annotations: [],
  };
  if (calls.length)
    message.tool_calls = calls.map((c, i) => ({
      id: c.id ?? `call_${request.n}_${i}`, type: 'function',
      function: { name: c.name, arguments: callArguments(c) },
    }));
  const doc = {
    id: `chatcmpl-${request.n}`, object: 'chat.completion', created: 1700000000,
    model: request.body.model, system_fingerprint: 'fp_double', service_tier: 'default',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(b, calls) }],
    usage: usage(b, request),
  };
  if (!validateAnswer(doc)) throw new Error(`double's answer: ${firstError(validateAnswer)}`);
  if (b.noise) doc.x_unknown = { deep: [1, { two: null }] };
  whole(res, 200, doc, b.headers);
}

function usage(b, request) {
  const prompt = b.usage?.in ?? Math.ceil(JSON.stringify(request.body.messages).length / 4);
  const completion = b.usage?.out ?? Math.ceil(textOf(b).length / 4) + 5 * (b.calls?.length ?? 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function textOf(b) {
  return Array.isArray(b.text) ? b.text.join('') : b.text ?? '';
}

/* The service says null where its description has no word for it. */
function described({ usage, choices, ...doc }) {
  return {
    ...doc, ...(usage ? { usage } : {}),
    choices: choices.map(c => ({ ...c, finish_reason: c.finish_reason ?? 'stop' })),
  };
}

export function answerStream(res, request, b) {
  const calls = b.calls ?? [];
  const events = [];
  const send = doc => {
    if (process.env.DOUBLES_CHECK && !b.noise && b.style !== 'noid' && !validateChunk(described(doc)))
      throw new Error(`double's chunk: ${firstError(validateChunk)}`);
    events.push(`data: ${JSON.stringify(doc)}\n\n`);
  };
  const head = {
    id: `chatcmpl-${request.n}`, object: 'chat.completion.chunk', created: 1700000000,
    model: request.body.model, service_tier: 'default', system_fingerprint: 'fp_double',
  };
  const chunk = (delta, finish_reason = null, more = {}) => send({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...(request.body.stream_options?.include_usage ? { usage: null } : {}),
    ...more,
  });

  chunk({ role: 'assistant', content: calls.length && !b.text ? null : '', refusal: null });
  if (b.noise) {
    events.push(`event: x.unknown\ndata: ${JSON.stringify({ object: 'unknown', choices: [] })}\n\n`);
    chunk({ reasoning: 'hm', x_new: [1] }, null, { x_groq: { id: 'req_1' } });
  }
  if (b.refusal) chunk({ refusal: 'I cannot help with that.' });
  if (b.huge) {
    const line = 'x'.repeat(16384);
    for (let n = 0; n < b.huge; n += line.length) chunk({ content: line });
  } else if (!b.empty && !b.refusal) {
    for (const piece of cutIntoPieces(b.text, b.pieces)) chunk({ content: piece });
  }
  const parts = calls.map((c, i) => {
    const id = b.style === 'noid' ? undefined : c.id ?? `call_${request.n}_${i}`;
    const args = callArguments(c);
    const first = { index: i, ...(id ? { id } : b.style === 'noid' ? { id: '' } : {}), type: 'function' };
    if (b.style === 'whole')
      return [{ ...first, function: { name: c.name, arguments: args } }];
    return [
      { ...first, function: { name: c.name, arguments: '' } },
      ...cutIntoPieces(args, b.pieces ?? 3).map(p => ({
        index: i, function: b.style === 'repeat' ? { name: c.name, arguments: p } : { arguments: p },
      })),
    ];
  });
  if (b.style === 'interleave') {
    for (let k = 0; parts.some(p => k < p.length); k++)
      for (const p of parts) if (k < p.length) chunk({ tool_calls: [p[k]] });
  } else {
    for (const p of parts) for (const d of p) chunk({ tool_calls: [d] });
  }
  chunk({}, finishReason(b, calls));
  if (request.body.stream_options?.include_usage && !b.noUsage)
    send({ ...head, choices: [], usage: usage(b, request) });
  events.push('data: [DONE]\n\n');
  return stream(res, events, b, errorEvent);
}

/* What the last one who spoke said, for handlers. */
export function lastUser(body) {
  const m = body.messages.findLast(x => x.role === 'user');
  if (!m) return '';
  return typeof m.content === 'string' ? m.content
    : m.content.filter(p => p.type === 'text').map(p => p.text).join('');
}

/* Results of tools after the last user message, oldest first. */
export function toolResults(body) {
  const from = body.messages.findLastIndex(x => x.role === 'user');
  return body.messages.slice(from + 1).filter(m => m.role === 'tool')
    .map(m => ({ id: m.tool_call_id, text: typeof m.content === 'string' ? m.content : m.content.map(p => p.text).join('') }));
}

export function toolNames(body) {
  return (body.tools ?? []).map(t => t.function.name);
}

export function system(body) {
  return body.messages.filter(m => m.role === 'system' || m.role === 'developer').map(m => m.content).join('\n');
}
