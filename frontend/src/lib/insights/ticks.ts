/** Which places of an axis have a label. */

/** Return every how many places one has a label, where there is room for so many labels. */
export function tickStep(places: number, labels: number): number {
  return Math.max(1, Math.ceil(places / Math.max(1, labels)));
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** Lengths that people count in, those first that are to be on an axis before others. */
const ROUND = [
  ...[DAY, 28 * DAY, 364 * DAY, 7 * DAY, HOUR, 91 * DAY, 1456 * DAY, 6 * HOUR, 182 * DAY],
  ...[728 * DAY, 2912 * DAY, 14 * DAY, 56 * DAY, 2 * DAY, 4 * DAY],
];

/** Return which places are marked, of lengths that grow: the round ones, so many places apart. */
export function roundPlaces(lengths: readonly number[], apart: number): number[] {
  const found: number[] = [];
  for (const length of ROUND) {
    const place = lengths.indexOf(length);
    if (place >= 0 && found.every((other) => Math.abs(other - place) >= apart)) found.push(place);
  }
  return found.sort((one, other) => one - other);
}

/** So much room the name of a line upright takes. */
const NAME = 44;

/**
 * Return where the names of lines upright stand, those from left to right at so many pixels: at
 * the left of the line or at its right, and in which row, so that none stands on another.
 */
export function besides(ats: readonly number[], width: number): { isLeft: boolean; row: number }[] {
  const sides = ats.map((at, place) => {
    const next = ats[place + 1];
    return at > NAME && (next === undefined ? at > width - NAME : next - at < NAME);
  });
  return ats.reduce<{ isLeft: boolean; row: number }[]>((placed, at, place) => {
    const isLeft = sides[place] ?? false;
    const before = placed[place - 1];
    const isOn =
      before?.isLeft === isLeft && at - (ats[place - 1] ?? Number.NEGATIVE_INFINITY) < NAME;
    return [...placed, { isLeft, row: before && isOn ? before.row + 1 : 0 }];
  }, []);
}

/** Texts of an axis take so many pixels from top to bottom. */
const TEXT = 14;

/** Return the ticks of an axis of powers that do not stand on each other, in so much room. */
export function apart(ticks: number[], low: number, high: number, room: number): number[] {
  const at = (tick: number) => (room * Math.log(tick / low)) / Math.log(high / low);
  return ticks.reduce<number[]>((kept, tick) => {
    const before = kept.at(-1);
    return before === undefined || at(tick) - at(before) >= TEXT ? [...kept, tick] : kept;
  }, []);
}
