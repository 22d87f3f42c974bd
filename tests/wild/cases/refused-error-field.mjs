import { DONE, fullContext, stream } from '../wire.mjs';

export default {
  source: 'ggml-org/llama.cpp#16104, coddy-project/coddy-agent#106',
  saw: 'a prompt longer than the context died with words that were not the server\'s',
  shape: 'status 200; a field of the stream named error, with the JSON, in place of data; then [DONE]',
  right: 'it is the server\'s refusal: the context is full, so once more with less',
  before: 4,
  requests: 2,
  full: fullContext(),
  answer(req, n, variant, w) {
    return this.full(req) ? stream(`error: ${JSON.stringify({ code: 400, message: 'the request exceeds the available context size. try increasing the context size or enable context shift', type: 'invalid_request_error' })}\n\n`, DONE) : w.say();
  },
};
