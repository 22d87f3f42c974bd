import zlib from 'node:zlib';

const ENCODINGS = {
  br: ['br', zlib.brotliCompressSync],
  deflate: ['deflate', zlib.deflateSync],
  'raw-deflate': ['deflate', zlib.deflateRawSync],
  twice: ['gzip, gzip', b => zlib.gzipSync(zlib.gzipSync(b))],
  'x-gzip': ['x-gzip', zlib.gzipSync],
  plain: ['gzip', b => b],
};

export default {
  source: 'openai/codex#37228 (br), IIS (deflate without its header); gateways that compress twice, or leave the label on what they have decoded',
  saw: 'a good answer that nobody can read',
  shape: 'bodies in these codings, or with their label only',
  right: 'the words are the answer',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(ENCODINGS),
  requests: 1,
  answer: (req, n, variant, w) => {
    const [label, encode] = ENCODINGS[variant];
    return { status: 200, headers: { 'Content-Type': 'text/event-stream', 'Content-Encoding': label }, pieces: [encode(Buffer.from(w.say().pieces.join('')))], framing: 'length' };
  },
};
