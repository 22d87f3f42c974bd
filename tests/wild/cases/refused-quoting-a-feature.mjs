import assert from 'node:assert/strict';

export default {
  source: 'twin of refused-quoting-a-tool',
  saw: 'one person turns streaming, tools or the temperature off for all chats for a day',
  shape: 'one question in two is refused with a 400 that quotes the last message, which says that streaming and tools are not supported',
  right: 'what the question itself says teaches nothing',
  message: 'My radio: streaming is not supported. It does not support tools either.',
  wires: ['openai', 'anthropic'],
  reply: /./,
  answer: (req, n, variant, w) => n % 2 === 0 && !/And now/.test(w.texts(req).at(-1)) ? w.refuse(`Could not process the input text: ${w.texts(req).at(-1)}`) : req.stream ? w.say() : w.whole('right answer'),
  check: async run => {
    await run.lane.d.say(`other.${run.key.replaceAll('/', '.')}`, `And now? [wild:${run.key}]`);
    const b = run.requests.at(-1).body;
    assert.ok(b.stream === true && b.tools?.length > 0, `another chat: stream ${b.stream}, tools ${b.tools?.length}`);
  },
};
