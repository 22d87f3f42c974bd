/*
 * mcp: the official TypeScript servers with one tool, each as its documents
 * start it without sessions: one process, a server for each request.
 *
 *   node mcp.mjs v1|v2 PORT
 */
import http from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

const WHAT = { description: 'Says it again', inputSchema: z.object({ text: z.string() }) };
const echo = ({ text }) => ({ content: [{ type: 'text', text }] });
const withEcho = server => {
  server.registerTool('echo', WHAT, echo);
  return server;
};

async function v1(req, res) {
  const server = withEcho(new ServerV1({ name: 'peer', version: '1' }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  res.on('close', () => { transport.close(); server.close(); });
  await server.connect(transport);
  await transport.handleRequest(req, res);
}
const v2 = toNodeHandler(createMcpHandler(() => withEcho(new McpServer({ name: 'peer', version: '1' }))));

const handler = { v1, v2 }[process.argv[2]];
http.createServer((req, res) => {
  if (req.method === 'GET') res.end('ok');
  else handler(req, res);
}).listen(Number(process.argv[3]), '127.0.0.1');
