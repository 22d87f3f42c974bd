import { bytes } from '../wire.mjs';

const HEADS = {
  'encoding-utf8': 'HTTP/1.1 200 OK\r\nContent-Encoding: utf-8\r\n',
  'encoding-none': 'HTTP/1.1 200 OK\r\nContent-Encoding: none\r\n',
  'encoding-empty': 'HTTP/1.1 200 OK\r\nContent-Encoding: \r\n',
  'encoding-chunked': 'HTTP/1.1 200 OK\r\nContent-Encoding: chunked\r\n',
  'no-reason': 'HTTP/1.1 200\r\n',
  'early-hints': 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n',
  'line-feeds': 'HTTP/1.1 200 OK\n',
  many: `HTTP/1.1 200 OK\r\n${Array.from({ length: 120 }, (_, i) => `X-H${i}: ${'v'.repeat(100)}\r\n`).join('')}`,
  long: `HTTP/1.1 200 OK\r\nX-L: ${'v'.repeat(20000)}\r\n`,
};

export default {
  source: 'servers in Java and .NET that put the charset into Content-Encoding; 103 of Cloudflare',
  saw: 'a good answer that was refused for its head',
  shape: 'unusual status lines and headers before a good stream',
  right: 'the words are the answer',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(HEADS),
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => {
    const eol = variant === 'line-feeds' ? '\n' : '\r\n';
    return bytes(`${HEADS[variant]}Content-Type: text/event-stream${eol}Connection: close${eol}${eol}${w.say().pieces.join('')}`);
  },
};
