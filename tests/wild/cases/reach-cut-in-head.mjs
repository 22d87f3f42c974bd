import { bytes } from '../wire.mjs';

const CUTS = { nothing: [], status: ['HTTP/1.1 200 O'], header: ['HTTP/1.1 200 OK\r\nContent-Type: text/event-str'], head: ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n'],
  size: ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n1'] };
export default {
  source: 'ayunis-core/ayunis-core#885 (proxies that cut), lemonade-sdk/lemonade#3448; found here: it ended the worker',
  saw: 'a crash, or an empty success, when a proxy is restarted',
  shape: 'the connection ends within the status line, the headers or the first chunk\'s size; then a good answer',
  right: 'broken, asked again; nothing else is harmed',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(CUTS),
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : bytes(...CUTS[variant]),
};
