import { refuse } from '../wire.mjs';

export default {
  source: 'FoundationAgents/OpenManus#55; addresses as people copy them',
  saw: '404 at /v1//chat/completions',
  shape: 'base_url ends in a slash',
  right: 'one slash',
  wires: ['openai', 'anthropic'],
  settings: url => ({ llm: { base_url: `${url}/proxy/v1/` } }),
  requests: 1,
  answer: (req, n, variant, w, request) => request.path.includes('//') ? refuse(404, 'not here') : w.say(),
};
