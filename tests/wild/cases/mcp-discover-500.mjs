import { body, plainMcp, rpcError } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/go-sdk#1014, modelcontextprotocol/rust-sdk#1088',
  saw: 'servers of older revisions could not be connected: the newest revision\'s first question was taken for an outage',
  shape: 'server/discover is answered 500, with or without JSON-RPC, 404 or 405; initialize works',
  right: 'whatever is no sign of a modern server leads to initialize',
  reply: 'the tool said: pong',
  mcp: m => m.method === 'server/discover' ? body(rpcError(m, -32603, 'Internal server error', null), { status: 500 }) : plainMcp(m),
};
