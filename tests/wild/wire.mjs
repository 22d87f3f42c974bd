/*
 * wire: the words in which cases say what goes over the wire.
 *
 * An answer is an object: {status, headers, pieces, framing, then, raw}.
 *
 *   pieces   strings and Buffers are written as they are, each in a write (and
 *            a chunk) of its own; a number is a pause in ms; or an async
 *            generator of them, of a chunked body
 *   framing  "chunked" (default), "length" or "close": how the body ends
 *   then     after the last piece: "open" (the body stays open until the client
 *            goes), "cut" (the connection ends without the body's end), "reset"
 *   raw      true: the pieces are all there is, status line and headers too
 *
 * ${openai} and ${anthropic} say the same things on each wire, so that a case
 * can be tried on both: words, call, calls, whole, refuse, results, tools ...
 */
export const HOLD = { then: 'open' };

const json = doc => typeof doc === 'string' ? doc : JSON.stringify(doc);

/* A stream; ${pieces} as above. */
export function stream(...pieces) {
  return { status: 200, headers: { 'Content-Type': 'text/event-stream' }, pieces };
}

/* A whole body. */
export function body(doc, { status = 200, type = 'application/json', headers = {} } = {}) {
  return { status, headers: { ...(type ? { 'Content-Type': type } : {}), ...headers }, pieces: [Buffer.isBuffer(doc) ? doc : json(doc)], framing: 'length' };
}

/* A refusal in whatever shape. */
export function refuse(status, doc, headers = {}) {
  return body(doc, { status, headers });
}

/* Bytes from the status line on. */
export function bytes(...pieces) {
  return { raw: true, pieces };
}

export function data(doc, event) {
  return `${event ? `event: ${event}\n` : ''}data: ${json(doc)}\n\n`;
}

/* ---- Chat Completions ---------------------------------------------------- */

export const DONE = 'data: [DONE]\n\n';
const head = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm' };

export function chunk(delta, finish = null, more = {}) {
  return data({ ...head, choices: [{ index: 0, delta, finish_reason: finish }], ...more });
}

export function usage(prompt = 9, completion = 9) {
  return data({ ...head, choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion } });
}

/* A piece of a call; what is undefined is left out. */
export function piece({ index = 0, id, name, args, more = {}, type = 'function' }) {
  return { tool_calls: [{
    ...(index === null ? {} : { index }), ...(id === undefined ? {} : { id }), ...(type ? { type } : {}),
    function: { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { arguments: args }) }, ...more,
  }] };
}

export const BEGIN = chunk({ role: 'assistant', content: '' });

/* OpenAI's refusal. */
export function error(message, { type = 'invalid_request_error', code = null, param = null, ...more } = {}) {
  return { error: { message, type, param, code, ...more } };
}

/* A whole Chat Completions answer. */
export function completion(message, finish = 'stop', more = {}) {
  return { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
    usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 }, ...more };
}

const textOf = content => typeof content === 'string' ? content
  : Array.isArray(content) ? content.map(p => p.text ?? (typeof p.content === 'string' ? p.content : p.content ? textOf(p.content) : '')).join('') : '';

export const openai = {
  name: 'openai',
  model: 'gpt',
  path: '/v1/chat/completions',
  say: (text = 'right answer') => stream(BEGIN, chunk({ content: text }), chunk({}, 'stop'), usage(), DONE),
  call: (name = 'echo', args = '{"text":"one"}', id = 'call_a') =>
    stream(chunk({ role: 'assistant', content: null }), chunk(piece({ id, name, args: json(args) })), chunk({}, 'tool_calls'), usage(), DONE),
  /* [[name, arguments, id], ...] in one answer. */
  calls: list => stream(chunk({ role: 'assistant', content: null }),
    ...list.map(([name, args, id], index) => chunk(piece({ index, id, name, args: json(args) }))), chunk({}, 'tool_calls'), usage(), DONE),
  whole: text => body(completion({ content: text })),
  refuse: (message, { status = 400, headers, ...more } = {}) => refuse(status, error(message, more), headers),
  /* Results of tools after the last words of the person: {id: text}. */
  results: req => Object.fromEntries(req.messages.slice(lastPerson(req) + 1).filter(m => m.role === 'tool').map(m => [m.tool_call_id, textOf(m.content)])),
  rounds: req => req.messages.slice(lastPerson(req) + 1).filter(m => m.role === 'assistant').length,
  /* The calls that went back: [{id, name, args}], in order. */
  sent: req => req.messages.slice(lastPerson(req) + 1).flatMap(m => m.tool_calls ?? []).map(c => ({ id: c.id, name: c.function.name, args: JSON.parse(c.function.arguments) })),
  tools: req => (req.tools ?? []).map(t => ({ name: t.function.name, description: t.function.description, schema: t.function.parameters })),
  noTools: req => !req.tools?.length || req.tool_choice === 'none',
  limit: req => req.max_tokens ?? req.max_completion_tokens,
  texts: req => req.messages.map(m => textOf(m.content)),
  roles: req => req.messages.map(m => m.role),
};

/* Where the person's own message of this turn stands. */
function lastPerson(req) {
  return req.messages.findLastIndex(m => m.role === 'user' && /\[wild:/.test(textOf(m.content)));
}

/* ---- Messages ------------------------------------------------------------ */

export const event = doc => data(doc, doc.type);

export function start(more = {}) {
  return event({ type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], model: 'm',
    stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 }, ...more } });
}

export const STOP = event({ type: 'message_stop' });
export const PING = event({ type: 'ping' });
export const ended = (reason = 'end_turn', tokens = 9) =>
  event({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: tokens } });
export const open = (index, content_block) => event({ type: 'content_block_start', index, content_block });
export const delta = (index, d) => event({ type: 'content_block_delta', index, delta: d });
export const close = index => event({ type: 'content_block_stop', index });
export const words = (index, text) => delta(index, { type: 'text_delta', text });
export const textBlock = (text, index = 0) => open(index, { type: 'text', text: '' }) + words(index, text) + close(index);

export function useBlock(name, input, { index = 0, id = 'toolu_1', begun = {}, pieces = [json(input)] } = {}) {
  return open(index, { type: 'tool_use', id, name, input: begun }) +
    pieces.map(partial_json => delta(index, { type: 'input_json_delta', partial_json })).join('') + close(index);
}

export function message(content, stop_reason = 'end_turn', more = {}) {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content, stop_reason, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 9 }, ...more };
}

export const anthropicError = (text, type = 'invalid_request_error') => ({ type: 'error', error: { type, message: text } });

const blocks = m => typeof m.content === 'string' ? [{ type: 'text', text: m.content }] : m.content;

export const anthropic = {
  name: 'anthropic',
  model: 'claude',
  path: '/v1/messages',
  say: (text = 'right answer') => stream(start(), textBlock(text), ended(), STOP),
  call: (name = 'echo', args = { text: 'one' }, id = 'call_a') => stream(start(), useBlock(name, args, { id }), ended('tool_use'), STOP),
  calls: list => stream(start(), ...list.map(([name, args, id], index) => useBlock(name, args, { index, id })), ended('tool_use'), STOP),
  whole: text => body(message([{ type: 'text', text }])),
  refuse: (text, { status = 400, type, headers } = {}) => refuse(status, anthropicError(text, type), headers),
  results: req => Object.fromEntries(req.messages.slice(lastPerson(req)).flatMap(blocks).filter(b => b.type === 'tool_result').map(b => [b.tool_use_id, textOf(b.content)])),
  rounds: req => req.messages.slice(lastPerson(req) + 1).filter(m => m.role === 'assistant').length,
  sent: req => req.messages.slice(lastPerson(req) + 1).flatMap(blocks).filter(b => b.type === 'tool_use').map(b => ({ id: b.id, name: b.name, args: b.input })),
  tools: req => (req.tools ?? []).map(t => ({ name: t.name, description: t.description, schema: t.input_schema })),
  noTools: req => !req.tools?.length || req.tool_choice?.type === 'none',
  limit: req => req.max_tokens,
  texts: req => [textOf(req.system), ...req.messages.map(m => textOf(m.content))],
  roles: req => req.messages.map(m => m.role),
};

export const WIRES = { openai, anthropic };

/* A context that is full until fewer messages come than came first. */
export function fullContext() {
  let first = 0;
  return req => req.messages.length >= (first ||= req.messages.length);
}

/* ---- MCP ----------------------------------------------------------------- */

export const TEXT = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
export const HELLO = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'd', version: '1' } };

/* The answer to the JSON-RPC request ${m}. */
export const rpc = (m, result, id = m.body?.id) => ({ jsonrpc: '2.0', id, result });
export const rpcError = (m, code, message, id = m.body?.id ?? null) => ({ jsonrpc: '2.0', id, error: { code, message } });
export const ok = (doc, headers) => body(doc, { headers });

/*
 * A server of 2025-06-18 without sessions: one tool, which says pong.  ${m} is
 * {http, method, body, headers, state}.
 */
export function plainMcp(m, { tools = [{ name: 'ping', description: 'says pong', inputSchema: TEXT }], result = { content: [{ type: 'text', text: 'pong' }] } } = {}) {
  if (m.http !== 'POST') return { status: 405, headers: {}, pieces: [], framing: 'length' };
  if (m.body?.id === undefined) return { status: 202, headers: {}, pieces: [], framing: 'length' };
  switch (m.method) {
    case 'initialize': return ok(rpc(m, HELLO));
    case 'tools/list': return ok(rpc(m, { tools }));
    case 'tools/call': return ok(rpc(m, result));
    default: return ok(rpcError(m, -32601, 'Method not found'));
  }
}

/* A GET stream of ${s}, a server's state: what s.push(doc) is given; what came
 * while none was open is kept, or lost.  It ends after ${most} messages. */
export function getStream(s, { keep = true, most = Infinity } = {}) {
  const waiting = s.kept ?? [];
  let wake = () => {};
  s.kept = [];
  const push = s.push = doc => { waiting.push(doc); wake(); };
  async function *pieces() {
    try {
      for (let n = 0; n < most;) {
        for (; waiting.length && n < most; n++) yield `event: message\ndata: ${JSON.stringify(waiting.shift())}\n\n`;
        if (n < most) await new Promise(resolve => { wake = resolve; if (waiting.length) resolve(); });
      }
    } finally { if (s.push === push) s.push = null; }
  }
  if (!keep) waiting.length = 0;
  return { status: 200, headers: { 'Content-Type': 'text/event-stream' }, pieces: pieces() };
}

/* ${doc} goes there, now or when it is opened. */
export function pushTo(s, doc) {
  if (s.push) s.push(doc);
  else (s.kept ??= []).push(doc);
}

/* The model calls SERVER__ping and answers with what came back. */
export function usePing(server, args = '{"text":"x"}', tool = 'ping') {
  return (req, n, variant, w) => {
    const results = Object.values(w.results(req));
    if (results.length) return w.say(`the tool said: ${results.at(-1)}`);
    const name = `${server}__${tool}`;
    if (!w.tools(req).some(t => t.name === name)) return w.say(`no tool of the name ${name}`);
    return w.call(name, args);
  };
}
