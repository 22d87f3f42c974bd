import { body, plainMcp } from '../wire.mjs';

const SAYS = [body('Internal Server Error', { status: 500, type: 'text/plain' }), body('', { status: 400, type: null }), body({ jsonrpc: '2.0', id: null })];
let n = 0;
export default {
  source: 'outline/outline#12572, outline/outline#13775, hyperdxio/hyperdx#2686, oramasearch/oramacore#335',
  saw: 'the connection was given up in its handshake',
  shape: 'notifications/initialized gets 500, 400, or 200 with an answer to nobody',
  right: 'nothing hangs on it: the tools are listed and called',
  reply: 'the tool said: pong',
  mcp: m => m.method === 'notifications/initialized' ? SAYS[n++ % SAYS.length] : plainMcp(m),
};
