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
    throw refusal(say(systemErrorText(path, error) ?? messageOf(error)));
  }
}

/** Why a file could not be read, as Go says it; `undefined` for what has no such words. */
export function systemErrorText(path: string, error: unknown): string | undefined {
  const { code = '', syscall = 'open' } = error as NodeJS.ErrnoException;
  const reason = reasons[code];
  return reason === undefined ? undefined : `${syscall} ${path}: ${reason}`;
}

/** The lines of such a file that are neither empty nor comments. @throws FairleadError as {@link readText}. */
export function readLines(path: string): string[] {
  return readText(path)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
