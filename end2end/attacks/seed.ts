// The random choices of a run follow from one number, which every suite prints; the environment
// variable ATTACKS decides how many there are.

/** `small` for `make test`, `big` for `make torture`. */
export const size = process.env.ATTACKS === 'big' ? 'big' : 'small';

/** The number that a run can be repeated with. */
export const seed = Number(process.env.SEED ?? 1);

/** The number of attempts: `big`, or a tenth of it in the small run. */
export function sized(big: number): number {
  return size === 'big' ? big : Math.ceil(big / 10);
}

/** Prints what a suite did, with the seed that repeats it. */
export function tell(what: string): void {
  process.stdout.write(`    ${what} (SEED=${seed} ATTACKS=${size})\n`);
}

/** Seeded choices. Source: mulberry32, in the public domain, by Tommy Ettinger. */
export class Rng {
  private state: number;

  /** `name` keeps the choices of one suite apart from those of the others. */
  constructor(name: string, from = seed) {
    this.state = [...name].reduce((sum, c) => Math.imul(sum ^ c.charCodeAt(0), 0x01000193), from | 0);
  }

  /** A number from 0 on and below `end`. */
  below(end: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error('there is nothing to choose from');
    return picked;
  }

  /** True once in `inTimes` calls, on average. */
  once(inTimes: number): boolean {
    return this.below(inTimes) === 0;
  }

  /** A text cut into pieces of a few letters, never within a letter. */
  cut(text: string, longest: number): string[] {
    const letters = [...text];
    const pieces = [];
    for (let at = 0; at < letters.length; ) {
      const end = at + 1 + this.below(longest);
      pieces.push(letters.slice(at, end).join(''));
      at = end;
    }
    return pieces;
  }
}
