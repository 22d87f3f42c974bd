import { plainMcp } from '../wire.mjs';

const TOOL = {
  'only there': { content: [], structuredContent: { pages: ['pong'] } },
  'summed up': { content: [{ type: 'text', text: 'Scraped 1 page. It is in structured content.' }], structuredContent: { pages: ['pong'] } },
  array: { content: [{ type: 'text', text: '1 row' }], structuredContent: ['pong'] },
};
export default {
  source: 'usememos/memos#6226, ggml-org/llama.cpp#26410, NovasPlace/CSM#28',
  saw: 'the model got a sum or nothing, and not what was asked for',
  shape: 'what the tool found is in structuredContent; the text is empty or sums up; the structure is an array',
  right: 'the model is told both; a text that says the same is not followed by its copy',
  reply: 'pong',
  variants: Object.keys(TOOL),
  answer: (req, n, variant, w) => n === 0 ? w.call('mcp-structure-says-more__ping', { text: variant }) : w.say(Object.values(w.results(req)).join()),
  mcp: m => plainMcp(m, { result: TOOL[m.body.params?.arguments?.text] }),
};
