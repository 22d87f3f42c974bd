/*
 * reference: what a recorded answer says, read in the plainest way: the visible
 * words, and the calls in their order.  It knows only what the recordings have.
 */

function events(text) {
  const out = [];
  for (const block of text.replace(/\r\n?/g, '\n').split('\n\n')) {
    const lines = block.split('\n').filter(l => l.startsWith('data:')).map(l => l.slice(5).replace(/^ /, ''));
    if (lines.length && lines[0] !== '[DONE]') out.push(JSON.parse(lines.join('\n')));
  }
  return out;
}

const args = text => text === undefined || text === null || text === '' ? {} : typeof text === 'string' ? JSON.parse(text) : text;

/* <think>…</think> at the beginning is no word. */
const visible = text => text.replace(/^\s*<think>[^]*?<\/think>/, '');

const contentOf = c => typeof c === 'string' ? c : Array.isArray(c) ? c.filter(p => p.type === 'text').map(p => p.text).join('') : '';

function openaiMessage(m) {
  const calls = (m.tool_calls ?? []).map(c => ({ id: c.id, name: c.function.name, args: args(c.function.arguments) }));
  if (!calls.length && m.function_call?.name) calls.push({ id: null, name: m.function_call.name, args: args(m.function_call.arguments) });
  return { words: visible(contentOf(m.content)), calls, refused: Boolean(m.refusal) };
}

function openaiStream(list) {
  const m = { content: '', tool_calls: [], refusal: '' };
  let last = null;
  if (list.some(e => e.error)) return { failed: true, words: '', calls: [] };
  for (const e of list) {
    const choice = e.choices?.find(c => (c.index ?? 0) === 0);
    const d = choice?.delta ?? choice?.message;
    if (!d) continue;
    m.content += contentOf(d.content);
    m.refusal += d.refusal ?? '';
    for (const p of d.tool_calls ?? []) {
      const known = p.id ? m.tool_calls.find(c => c.id === p.id) : m.tool_calls.findLast(c => p.index === undefined || c.index === p.index);
      last = known ?? { id: p.id, index: p.index, function: { name: '', arguments: '' } };
      if (!known) m.tool_calls.push(last);
      last.function.name ||= p.function?.name ?? '';
      last.function.arguments += p.function?.arguments ?? '';
    }
  }
  return openaiMessage(m);
}

function anthropicMessage(m) {
  return {
    words: m.content.filter(b => b.type === 'text').map(b => b.text).join(''),
    calls: m.content.filter(b => b.type === 'tool_use').map(b => ({ id: b.id, name: b.name, args: b.input })),
    signed: m.content.filter(b => /thinking$/.test(b.type)),
    refused: m.stop_reason === 'refusal',
  };
}

function anthropicStream(list) {
  let m = null;
  for (const e of list) {
    const b = m?.content.find(x => x.at === e.index);
    switch (e.type) {
      case 'message_start': m = { ...e.message, content: [...e.message.content] }; break;
      case 'content_block_start': m.content.push({ ...e.content_block, at: e.index, pieces: '' }); break;
      case 'content_block_delta':
        if (e.delta.type === 'text_delta') b.text += e.delta.text;
        else if (e.delta.type === 'input_json_delta') b.pieces += e.delta.partial_json;
        else if (e.delta.type === 'thinking_delta') b.thinking += e.delta.thinking;
        else if (e.delta.type === 'signature_delta') b.signature = e.delta.signature;
        break;
      case 'message_delta': Object.assign(m, e.delta); break;
      default:
    }
  }
  for (const b of m.content) {
    if (b.type === 'tool_use' && b.pieces) b.input = args(b.pieces);
    delete b.at;
    delete b.pieces;
  }
  return anthropicMessage(m);
}

/* {words, calls, signed, refused, failed} of a recording. */
export function read(r, text) {
  if (r.wire === 'anthropic') return r.kind === 'stream' ? anthropicStream(events(text)) : anthropicMessage(JSON.parse(text));
  return r.kind === 'stream' ? openaiStream(events(text)) : openaiMessage(JSON.parse(text).choices[0].message);
}
