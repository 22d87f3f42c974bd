/*
 * mcp: the official TypeScript server with one tool, as its documents start
 * it: one process, no session, a server for each request.
 *
 *   node mcp.mjs PORT
 */
import http from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

const handler = toNodeHandler(createMcpHandler(() => {
  const server = new McpServer({ name: 'peer', version: '1' });
  server.registerTool('echo', { description: 'Says it again', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }));
  return server;
}));

http.createServer((req, res) => {
  if (req.method === 'GET') res.end('ok');
  else handler(req, res);
}).listen(Number(process.argv[2]), '127.0.0.1');
