import { gzipSync } from 'node:zlib';
import { fullContext } from '../wire.mjs';

export default {
  source: 'Anionex/agent-vision-toolkit#36, agentgateway/agentgateway#621',
  saw: 'bytes that nobody could read instead of JSON',
  shape: 'stream, whole answer or refusal compressed by gzip, whatever the request accepts',
  right: 'it is decoded; a refusal is read like any other',
  wires: ['openai', 'anthropic'],
  variants: ['stream', 'whole', 'refusal'],
  before: 2,
  full: {},
  answer(req, n, variant, w) {
    const full = this.full[w.name] ??= fullContext();
    const a = variant === 'stream' ? w.say() : variant === 'whole' || !full(req) ? w.whole('right answer') : w.refuse('prompt is too long: 210000 tokens > 200000 maximum');
    const raw = Buffer.concat(a.pieces.map(p => Buffer.from(p)));
    return { ...a, headers: { ...a.headers, 'Content-Encoding': 'gzip' }, pieces: [gzipSync(raw)], framing: 'length' };
  },
};
