import { deflateSync, gzipSync } from 'node:zlib';
import { plainMcp } from '../wire.mjs';

export default {
  source: 'agentgateway/agentgateway#621, Anionex/agent-vision-toolkit#36: gateways in front of MCP servers',
  saw: 'a server that "sends no JSON"',
  shape: 'every answer of an MCP server is compressed: gzip or deflate, as JSON or as a stream',
  right: 'decoded',
  reply: 'the tool said: pong',
  mcp: m => {
    const a = plainMcp(m);
    if (!a.pieces.length) return a;
    const sse = m.method === 'tools/call';
    if (m.method === 'tools/list') return { ...a, headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'deflate' }, pieces: [deflateSync(a.pieces[0])] };
    return { ...a, headers: { 'Content-Type': sse ? 'text/event-stream' : 'application/json', 'Content-Encoding': 'gzip' }, pieces: [gzipSync(sse ? `event: message\ndata: ${a.pieces[0]}\n\n` : a.pieces[0])] };
  },
};
