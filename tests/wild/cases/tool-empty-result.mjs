import { plainMcp } from '../wire.mjs';

export default {
  source: 'vercel/ai#15378 and #14888 (Bedrock behind a gateway: text content blocks must be non-empty)',
  saw: 'a tool that has nothing to say ends the chat',
  shape: 'an MCP result with empty text, with no content, with blanks only; the server refuses empty text',
  right: 'nothing is told as something',
  wires: ['openai', 'anthropic'],
  requests: 2,
  answer: (req, n, variant, w) => n === 0 ? w.call('tool-empty-result__ping', { text: 'x' })
    : Object.values(w.results(req)).every(t => t.trim()) ? w.say() : w.refuse('ValidationException: messages: text content blocks must be non-empty'),
  mcp: m => plainMcp(m, { result: { content: [{ type: 'text', text: m.lane.startsWith('openai') ? '' : ' \n' }] } }),
};
