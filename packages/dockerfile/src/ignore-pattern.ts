import { pathPattern, patternTokens, tokenSource } from './path-pattern.ts';

/** What a pattern says of paths. */
export interface PathTest {
  test(path: string): boolean;
}

/** So many stars are tried at every place without anybody noticing. */
const FEW = 2;

/**
 * A pattern of a `.dockerignore`: as {@link pathPattern}, but `**` matches any number of directories. The time that it takes
 * grows with the length of a path times that of the pattern, however many stars there are.
 *
 * @throws FairleadError `invalid-argument` as {@link pathPattern}.
 */
export function ignorePattern(pattern: string): PathTest {
  if (!pattern.includes('**')) return pathPattern(pattern);
  const tokens = patternTokens(pattern);
  const isSimple = tokens.filter((token) => token.startsWith('*')).length <= FEW;
  if (isSimple) return new RegExp(`^${tokens.map((token) => source(token, pattern)).join('')}$`, 's');
  return new StatePattern(tokens.flatMap((token) => statesOf(token, pattern)));
}

function source(token: string, pattern: string): string {
  if (!token.startsWith('*')) return tokenSource(token, pattern);
  if (token === '*') return '[^/]*';
  return token === '**' ? '.*' : '(?:.*/)?';
}

/** How far a pattern has come. */
interface State {
  /** True for a character after which it has come further. */
  takes(character: string): boolean;
  /** It goes on to take such characters. */
  readonly stays: boolean;
  /** How many states further on it is as well, without a character. */
  readonly free: readonly number[];
}

const isAny = () => true;
const isSlash = (character: string) => character === '/';
const isOther = (character: string) => character !== '/';
const star = (takes: State['takes']): State => ({ takes, stays: true, free: [1] });

function statesOf(token: string, pattern: string): State[] {
  if (token === '*') return [star(isOther)];
  if (token === '**') return [star(isAny)];
  if (token.startsWith('*')) {
    const nowhere: State = { takes: () => false, stays: false, free: [1, 3] };
    return [nowhere, star(isAny), { takes: isSlash, stays: false, free: [] }];
  }
  const expression = new RegExp(`^${tokenSource(token, pattern)}$`, 's');
  return [{ takes: (character) => expression.test(character), stays: false, free: [] }];
}

/** Follows all ways through a pattern at once, one character of the path after the other. */
class StatePattern implements PathTest {
  readonly #states: readonly State[];

  constructor(states: readonly State[]) {
    this.#states = states;
  }

  test(path: string): boolean {
    let reached = new Set<number>();
    this.#reach(0, reached);
    for (const character of path) {
      const next = new Set<number>();
      for (const index of reached) {
        const state = this.#states[index];
        if (state?.takes(character)) this.#reach(state.stays ? index : index + 1, next);
      }
      reached = next;
    }
    return reached.has(this.#states.length);
  }

  #reach(index: number, reached: Set<number>): void {
    if (reached.has(index)) return;
    reached.add(index);
    for (const steps of this.#states[index]?.free ?? []) this.#reach(index + steps, reached);
  }
}
