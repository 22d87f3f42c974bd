import { chunk, DONE, stream, usage } from '../wire.mjs';

export default {
  source: 'BerriAI/litellm#2195, open-webui/open-webui#16377, anomalyco/opencode#49167, lhenault/simpleAI#39',
  saw: 'replies that break off without any error',
  shape: 'the first chunk already says finish_reason stop, and so does each one after it; pauses of 0.8 s between them',
  right: 'the body goes on, so does the answer: every word is in the reply',
  slow: true,
  requests: 1,
  reply: 'one two three four five',
  answer: () => stream(...['one ', 'two ', 'three ', 'four ', 'five'].flatMap(t => [chunk({ role: 'assistant', content: t }, 'stop'), 800]), usage(), DONE),
};
