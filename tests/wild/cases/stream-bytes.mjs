import { stream } from '../wire.mjs';

export default {
  source: 'api7/aisix#111, musistudio/claude-code-router#1672, librefang/librefang#3448, anomalyco/opencode#39694; CR and CRLF: hey-api/hey-api#3054, miruamel/xuan#194; no blank: openai/openai-python#498, nullclaw/nullclaw#509',
  saw: 'question marks for each sign that fell between two chunks; or an empty reply, because the lines ended in another way',
  shape: 'one byte a chunk; CR LF, CR; no blank after the colon; a byte order mark; no blank line at the end',
  right: 'all are server-sent events: the same words',
  wires: ['openai', 'anthropic'],
  variants: ['bytes', 'crlf', 'cr', 'no-blank', 'mark', 'last-line'],
  requests: 1,
  reply: /^修复 \u{1f30d} ok$/u,
  answer: (req, n, variant, w) => {
    const text = w.say('修复 \u{1f30d} ok').pieces.join('');
    const change = { bytes: t => t, crlf: t => t.replaceAll('\n', '\r\n'), cr: t => t.replaceAll('\n', '\r'), 'no-blank': t => t.replaceAll(': {', ':{').replaceAll('data: ', 'data:').replaceAll('event: ', 'event:'),
      mark: t => `\ufeff${t}`, 'last-line': t => t.replace(/\n+$/, '') };
    const raw = Buffer.from(change[variant](text));
    return stream(...variant === 'bytes' ? [...raw].map(b => Buffer.from([b])) : [raw]);
  },
};
