import { ok, plainMcp } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/python-sdk#1720, helidon-io/helidon-mcp#65',
  saw: 'a time-out, although the answer was there: it fitted no question',
  shape: 'each answer has the id in quotes ("3" for 3)',
  right: 'the one answer to this POST whose id is the same number is taken',
  reply: 'the tool said: pong',
  mcp: m => {
    const a = plainMcp(m);
    if (!a.pieces.length) return a;
    const doc = JSON.parse(a.pieces[0]);
    return ok({ ...doc, id: String(doc.id) });
  },
};
