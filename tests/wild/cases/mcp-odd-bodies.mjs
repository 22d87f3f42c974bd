import { body, data, plainMcp, rpc, stream } from '../wire.mjs';

const good = m => rpc(m, { content: [{ type: 'text', text: 'pong' }] });
const note = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } };
const BODIES = {
  'encoding-utf8': m => body(good(m), { headers: { 'Content-Encoding': 'utf-8' } }),
  'single-newline': m => stream(`event: message\ndata: ${JSON.stringify(note)}\nevent: message\ndata: ${JSON.stringify(good(m))}\n`),
  glued: m => stream(`data: ${JSON.stringify(note)}data: ${JSON.stringify(good(m))}\n\n`),
  'double-data': m => stream(`data: data: ${JSON.stringify(good(m))}\n\n`),
  'log-before': m => body(`DEBUG calling tool\n${JSON.stringify(good(m))}`),
  'page-after': m => body(`${JSON.stringify(good(m))}\n<!-- injected by a proxy -->`),
  'wrong-id-first': m => stream(data({ jsonrpc: '2.0', id: 999, result: { content: [{ type: 'text', text: 'wrong' }] } }), data(good(m))),
};

export default {
  source: 'awslabs/mcp, openai/codex#37228, czlonkowski/n8n-mcp#110, AgentDeskAI/browser-tools-mcp#159',
  saw: 'a result that was thrown away',
  shape: 'unusual but harmless bytes around the answer to tools/call',
  right: 'the result reaches the model',
  learns: true,
  variants: Object.keys(BODIES),
  reply: 'pong',
  answer: (req, n, variant, w) => n === 0 ? w.call('mcp-odd-bodies__ping', { text: variant }) : w.say(Object.values(w.results(req)).join().slice(0, 200)),
  mcp: m => m.method === 'tools/call' ? BODIES[m.body.params.arguments.text](m) : plainMcp(m),
};
