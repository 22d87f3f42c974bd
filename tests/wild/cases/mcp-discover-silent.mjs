import { plainMcp } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/go-sdk#1014; a server that waits for a session',
  saw: 'a server of yesterday is out of reach: the probe took all the time there was',
  shape: 'server/discover is never answered; initialize works',
  right: 'the probe takes a third of mcp.timeout at most',
  reply: 'the tool said: pong',
  mcp: m => m.method === 'server/discover' ? { status: 200, headers: { 'Content-Type': 'application/json' }, pieces: [30000], framing: 'close' } : plainMcp(m),
};
