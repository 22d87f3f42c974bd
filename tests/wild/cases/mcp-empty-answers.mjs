import { body, plainMcp, rpcError } from '../wire.mjs';

export default {
  source: 'awslabs/mcp#3295 (200 with null), Leantime/leantime#3785, chrisns/govreposcrape#356 (an error), egoist/chatwise-releases#1360 (204), helidon-io/helidon-mcp#175',
  saw: 'the connection fails at notifications/initialized',
  shape: 'a notification gets 200 with null, with {}, or with an error',
  right: 'what answers a notification does not matter',
  reply: 'the tool said: pong',
  mcp: m => m.body && m.body.id === undefined ? body(m.state.n++ % 2 ? 'null' : rpcError(m, -32600, 'Invalid Request', null), { status: m.state.n % 2 ? 200 : 400 }) : (m.state.n ??= 0, plainMcp(m)),
};
