import assert from 'node:assert/strict';
import { body, data, stream } from '../wire.mjs';

const said = {
  balance: ['quota', { id: '0', object: 'chat.completion', choices: null, base_resp: { status_code: 1008, status_msg: 'insufficient balance' } }],
  key: ['denied', { id: '0', choices: null, base_resp: { status_code: 1004, status_msg: "login fail: Please carry the API secret key in the 'Authorization' field" } }],
  parameters: ['invalid', { id: '0', choices: null, base_resp: { status_code: 2013, status_msg: 'invalid params, unknown flux' } }],
  model: ['model', { id: '0', choices: null, base_resp: { status_code: 2013, status_msg: 'invalid params, unknown model' } }],
  code: ['denied', { code: 'InvalidApiKey', message: 'Incorrect API key provided.', request_id: 'r' }],
};
const variants = Object.keys(said).flatMap(k => [k, `${k}-streamed`]);

export default {
  source: "MiniMax's documentation of base_resp (\"Error codes\"); DashScope's own form of an error",
  saw: 'an empty answer, asked for again and again, where the account is empty or the key wrong',
  shape: 'status 200; the error is in base_resp or in a code and message of the body itself',
  right: 'asked once; said as what it is, to the person and to the operator',
  variants,
  requests: 1,
  reply: /operator/i,
  answer: (req, n, variant) => {
    const [name, streamed] = variant.split('-');
    return streamed ? stream(data(said[name][1])) : body(said[name][1]);
  },
  check: run => {
    const [kind] = said[run.variant.split('-')[0]];
    assert.ok(run.log.some(l => l.event === 'model_failed' && l.kind === kind), `the log says ${kind}`);
  },
};
