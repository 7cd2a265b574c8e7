import { describe, expect, it } from 'vitest';
import { createReader, type Frame } from './frames';

function read(...pieces: string[]) {
  const frames: Frame[] = [];
  const reader = createReader((frame) => frames.push(frame));
  for (const piece of pieces) reader.take(piece);
  return { frames, reader };
}

describe('a stream of events', () => {
  it('is the same however it is cut', () => {
    const text = 'retry: 1500\nid: 1\n\nevent: change\nid: 2\ndata: {"a":\ndata: 1}\n\n';
    const { frames, reader } = read(...text);
    expect(frames).toEqual([{ event: 'change', data: '{"a":\n1}' }]);
    expect(reader.lastId).toBe('2');
    expect(reader.retry).toBe(1500);
  });

  it('ends lines in any of the three ways', () => {
    expect(read('data: 1\r', '\n\r', '\ndata: 2\r\rx').frames.map(({ data }) => data)).toEqual([
      '1',
      '2',
    ]);
  });

  it('tells the place in a sign of life too', () => {
    const { frames, reader } = read(': here\nid: 7\n\n');
    expect(frames).toEqual([]);
    expect(reader.lastId).toBe('7');
  });

  it('does not count the id of a block that has not ended', () => {
    expect(read('id: 1\ndata: a\n\nid: 2\ndata: b\n').reader.lastId).toBe('1');
  });
});
