import type { Load } from './simulation.ts';

const bump = (hour: number, at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2) / 2);

/** A day: quiet at three in the morning, with peaks at noon and at eight in the evening. */
const shape = (hour: number): number =>
  0.25 +
  0.15 * Math.sin(((hour - 9) / 24) * 2 * Math.PI) +
  0.6 * bump(hour, 12, 0.5) +
  0.45 * bump(hour, 20, 0.75);

const most = Math.max(...Array.from({ length: 24 * 60 }, (_, minute) => shape(minute / 60)));

/** A day, or some hours of it, whose highest peak is so many payments a second. */
export const dayOf = (
  peakPerSecond: number,
  biggestShare: number,
  fromHour: number,
  toHour: number,
): Load => ({
  fromSecond: fromHour * 3600,
  toSecond: toHour * 3600,
  paymentsPerSecond: (second) => (peakPerSecond * shape(second / 3600)) / most,
  biggestShare,
  otherMerchants: 1000,
});
