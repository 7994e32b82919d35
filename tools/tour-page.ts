/** Where a command of the page is typed: at `$` on the host, at `outside$` in the world around it. */
export type Place = 'host' | 'outside';

/** Runs a command and gives what it printed. */
export type Typist = (command: string, place: Place) => Promise<string>;

const prompt = /^(?=(?:outside)?\$ )/m;
const typed = /^(outside)?\$ ((?:.*\\\n)*.*)\n/;

/**
 * A page in Markdown with what every command of its `console` blocks prints now under it. They are run in the order of
 * the page.
 *
 * @throws what `type` throws.
 */
export function rewrite(page: string, type: Typist): Promise<string> {
  return rewriteBlocks(page, 'console', (block) => replay(block, type));
}

/**
 * A page in Markdown with all its blocks of a language rendered anew, one after the other.
 *
 * @param render is given what stands in a block, and the words after the language.
 */
export async function rewriteBlocks(
  page: string,
  language: string,
  render: (block: string, words: readonly string[]) => string | Promise<string>,
): Promise<string> {
  const pieces: string[] = [];
  let end = 0;
  for (const found of page.matchAll(new RegExp(`^(\`\`\`${language}(?: (.*))?\\n)([\\s\\S]*?)^\`\`\`$`, 'gm'))) {
    const [whole, head = '', words, block = ''] = found;
    pieces.push(page.slice(end, found.index), head, await render(block, words?.split(' ') ?? []), '```');
    end = found.index + whole.length;
  }
  return [...pieces, page.slice(end)].join('');
}

async function replay(block: string, type: Typist): Promise<string> {
  const lines: string[] = [];
  for (const exchange of block.split(prompt).filter((text) => text !== '')) {
    const [head = '', outside, command = ''] = typed.exec(exchange) ?? [];
    const output = await type(command, outside === undefined ? 'host' : 'outside');
    lines.push(head, output === '' || output.endsWith('\n') ? output : `${output}\n`);
  }
  return lines.join('').replaceAll(/[ \t]+$/gm, '');
}

/** What differs from one run to the next, and what stands for it. Widths of columns follow from it. */
const changing: readonly [pattern: RegExp, instead: string][] = [
  [/\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g, 'MAC'],
  [/\b8000\.[0-9a-f]{12}\b/g, '8000.MAC'],
  [/\b[0-9a-f]{64}\b/g, 'ID'],
  [/\bveth[0-9a-f]{11}\b/g, 'vethID'],
  [/\b[0-9a-f]{12}\b/g, 'ID'],
  [/\bnet:\[\d+\]/g, 'net:[INODE]'],
  [/\/proc\/\d+\//g, '/proc/PID/'],
  [/^40265\d+ +(\d+) /gm, 'INODE $1 '],
  [/\w{3} [ \d]\d \d\d:\d\d/g, 'DATE'],
  [/\d\d\d\d-\d\d-\d\dT[\d:.]+Z/g, 'DATE'],
  [/time=[\d.]+ ms/g, 'time=T ms'],
  [/[\d.]+\/[\d.]+\/[\d.]+ ms/g, 'T ms'],
  [/\blearnt \d+ s ago/g, 'learnt AGO'],
  [/(Less than a second|\d+ seconds?|About a minute)( ago)?/g, 'AGO'],
  [/\b([ds]port) (set )?([1-6]\d{4})\b/g, '$1 $2PORT'],
  [/\b(yes|no)(\s+)\d+\.\d\d$/gm, '$1$2AGE'],
  // Newer tools tell who made an address, the docker command before 23 writes `:::8000`, and from 29 an empty range.
  [/ proto kernel_\w+/g, ''],
  [/ :::(?=\d)/g, ' [::]:'],
  [/"IPRange":"",/g, ''],
  [/[ \t]+/g, ' '],
];

/** The lines of a page without what may differ between two runs. */
export function comparable(page: string): string[] {
  return changing.reduce((text, [pattern, instead]) => text.replaceAll(pattern, instead), page).split('\n');
}

/** What only one of two texts has, line by line, for a person to read; nothing when they are the same. */
export function difference(written: readonly string[], actual: readonly string[]): string | undefined {
  if (written.join('\n') === actual.join('\n')) return undefined;
  const missing = written.filter((line) => !actual.includes(line)).map((line) => `- ${line}\n`);
  const extra = actual.filter((line) => !written.includes(line)).map((line) => `+ ${line}\n`);
  return [...missing, ...extra].join('') || 'the same lines in another order\n';
}
