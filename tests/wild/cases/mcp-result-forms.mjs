import { plainMcp } from '../wire.mjs';

export default {
  source: 'langchain-ai/langchainjs#11188, huggingface/smolagents#1003: results that are not what the revision says',
  saw: 'an exception instead of what the tool said',
  shape: 'result.content is a text, or a single block; isError is missing; members nobody knows',
  right: 'the words are told',
  reply: 'pong',
  mcp: m => plainMcp(m, { result: m.lane.endsWith('0') ? { content: 'pong', x: 1 } : { content: { type: 'text', text: 'pong' }, x: 1 } }),
};
