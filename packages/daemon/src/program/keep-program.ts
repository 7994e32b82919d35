import { randomUUID } from 'node:crypto';
import type { ProgramList } from './kept-program.ts';
import { keepSources } from './kept-sources.ts';
import { moduleFunction } from './module-function.ts';

/**
 * Write modules into the file that `KeptProgram` runs. Modules that they import and that are not among them are left to Node.
 *
 * @param urls the modules.
 * @param strip takes the types out of a text, and leaves every letter of the rest in its place.
 * @param urlOf which module a name means in another.
 * @throws SyntaxError naming the module that cannot be written as a function.
 */
export function keepProgram(
  path: string,
  urls: readonly string[],
  strip: (code: string) => string,
  urlOf: (specifier: string, parent: string) => string,
): void {
  const numbers = new Map(urls.map((url, number) => [url, number]));
  const others: string[] = [];
  const imports: number[][] = [];
  const numberOf = (url: string) => {
    const known = numbers.get(url);
    if (known !== undefined) return known;
    const number = urls.length + others.push(url) - 1;
    numbers.set(url, number);
    return number;
  };
  const functionOf = (code: string, url: string) => {
    try {
      const made = moduleFunction(strip(code));
      imports.push(made.imports.map((specifier) => numberOf(urlOf(specifier, url))));
      return made.text;
    } catch (error) {
      throw new SyntaxError(url, { cause: error });
    }
  };
  keepSources(path, urls, functionOf, { id: randomUUID(), imports, others } satisfies Omit<ProgramList, 'sources'>);
}
