import { readFileSync } from 'node:fs';
import { messageOf } from '@fairlead/base';
import { refusal } from '../command/refusal.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/**
 * A file that an option names.
 *
 * @param say what is said when it cannot be read, with the reason in docker's words in it.
 * @throws FairleadError `invalid-argument`.
 */
export function readText(path: string, say: (why: string) => string = (why) => why): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
    throw refusal(say(reason === undefined ? messageOf(error) : `open ${path}: ${reason}`));
  }
}

/** The lines of such a file that are neither empty nor comments. @throws FairleadError as {@link readText}. */
export function readLines(path: string): string[] {
  return readText(path)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
