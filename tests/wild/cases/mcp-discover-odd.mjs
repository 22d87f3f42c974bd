import { body, plainMcp } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/rust-sdk#1088, modelcontextprotocol/go-sdk#1014',
  saw: 'older servers cannot be connected any more',
  shape: 'server/discover gets a page of HTML with 200',
  right: 'no sign of a modern server: initialize',
  reply: 'the tool said: pong',
  mcp: m => m.method === 'server/discover' ? body('<html><body>It works!</body></html>', { type: 'text/html' }) : plainMcp(m),
};
