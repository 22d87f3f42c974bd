import { plainMcp } from '../wire.mjs';

export default {
  source: 'wevm/vocs#484, sxhxliang/mcp-access-point#23',
  saw: 'no tools: the handshake never ended',
  shape: 'notifications/initialized is never answered; all else is well',
  right: 'it has no answer to wait for: after a part of the time the tools are listed',
  reply: 'the tool said: pong',
  mcp: m => m.method === 'notifications/initialized' ? { raw: true, pieces: [30000] } : plainMcp(m),
};
