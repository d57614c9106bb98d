import { expect, test } from 'vitest';
import { linesOf } from './lines';

function streamOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(piece));
      controller.close();
    },
  });
}
async function all(stream: ReadableStream<Uint8Array>) {
  const lines: string[] = [];
  for await (const line of linesOf(stream)) lines.push(line);
  return lines;
}
const bytes = (text: string) => new TextEncoder().encode(text);

test('lines come whole, wherever the pieces are cut', async () => {
  const whole = bytes('{"a":"櫓"}\n{"b":1}\r\n\nlast');
  for (let cut = 0; cut <= whole.length; ++cut)
    expect(await all(streamOf(whole.slice(0, cut), whole.slice(cut)))).toEqual(['{"a":"櫓"}', '{"b":1}', '', 'last']);
});

test('an empty stream has no lines', async () => {
  expect(await all(streamOf())).toEqual([]);
});
