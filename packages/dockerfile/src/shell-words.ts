import { FairleadError } from '@fairlead/base';

/**
 * Split a text into words as a shell does, without anything that a shell would fill in: quotes, backslashes, comments
 * (github.com/google/shlex, which docker splits `--entrypoint` and `--args` of services by).
 *
 * @throws FairleadError `invalid-argument` for a quote that is not closed, in its words.
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s+|#[^\n]*|((?:\\[\s\S]|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|[^\s'"\\])+)/y;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw unclosed(text[at] ?? '');
    if (match[1] !== undefined) words.push(unquoted(match[1]));
  }
  return words;
}

function unquoted(word: string): string {
  return word.replace(/\\([\s\S])|'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"/g, (_, escaped, single, double) =>
    escaped !== undefined ? escaped : single !== undefined ? single : double.replace(/\\([\s\S])/g, '$1'),
  );
}

function unclosed(quote: string): FairleadError {
  const what = quote === '\\' ? 'escape character' : 'closing quote';
  return new FairleadError('invalid-argument', `EOF found ${quote === '\\' ? 'after' : 'when expecting'} ${what}`);
}
