import assert from 'node:assert/strict';

export default {
  source: 'twin of refused-quoting-a-tool: so few words that they cannot be told from the server\'s own',
  saw: 'one person takes a tool away from all chats for a day',
  shape: 'a server refuses a message each time, and quotes it; the message is: tool \'echo\'',
  right: 'what helped nothing is not kept',
  message: "tool 'echo'",
  wires: ['openai', 'anthropic'],
  reply: /./,
  answer: (req, n, variant, w) => /And now/.test(w.texts(req).at(-1)) ? w.say() : w.refuse("No schema fits: tool 'echo'"),
  check: async run => {
    await run.lane.d.say(`other.${run.key.replaceAll('/', '.')}`, `And now? [wild:${run.key}]`);
    const names = run.w.tools(run.requests.at(-1).body).map(t => t.name);
    assert.ok(names.includes('echo'), `another chat is offered ${names.length} tools, without echo`);
    assert.ok(!run.log.some(l => l.event === 'model_learned'), 'nothing was learned');
  },
};
