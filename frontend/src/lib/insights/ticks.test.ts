import { describe, expect, test } from 'vitest';
import { besides } from './ticks';

const left = (row = 0) => ({ isLeft: true, row });
const right = (row = 0) => ({ isLeft: false, row });

describe('the names of two lines upright', () => {
  test('stand at the right of each where there is room', () => {
    expect(besides([60, 150], 300)).toEqual([right(), right()]);
  });
  test('go to both sides of lines that are close', () => {
    expect(besides([150, 152], 300)).toEqual([left(), right()]);
  });
  test('stand in two rows where one side has no room', () => {
    expect(besides([4, 9], 300)).toEqual([right(), right(1)]);
    expect(besides([280, 290], 300)).toEqual([left(), left(1)]);
  });
});
