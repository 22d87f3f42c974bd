import { body, plainMcp } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/java-sdk#748, helidon-io/helidon-mcp#97, ballerina-platform/ballerina-library#8090, junjiem/dify-plugin-agent-mcp_sse#79',
  saw: 'a healthy server "sends no JSON"',
  shape: 'JSON as text/plain or without a type; events labelled as JSON; a byte order mark',
  right: 'the first bytes say what it is',
  reply: 'the tool said: pong',
  mcp: m => {
    const a = plainMcp(m);
    if (!a.pieces.length) return a;
    return m.method === 'tools/call' ? body(`event: message\ndata: ${a.pieces[0]}\n\n`) : m.method === 'tools/list' ? body(`\ufeff${a.pieces[0]}`, { type: 'application/json' }) : body(a.pieces[0], { type: m.method === 'initialize' ? 'text/plain' : '' });
  },
};
