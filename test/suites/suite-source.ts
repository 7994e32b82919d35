import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Suite } from './suite.ts';

const root = resolve(import.meta.dirname, '../../.suites');

/**
 * Fetch a suite into `.suites/NAME-COMMIT` unless it is there, and install what it stands on.
 *
 * @param repository instead of the suite's own, for machines that cannot reach that.
 * @returns the folder of the checkout.
 */
export function provideSuite(suite: Suite, repository: string = suite.repository): string {
  const folder = join(root, `${suite.name}-${suite.commit.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.fresh`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: fresh, stdio: ['ignore', 'ignore', 'inherit'] });
  git('init', '--quiet');
  // A repository in a folder gives a commit by its name only when it is asked to.
  git('-c', 'uploadpack.allowAnySHA1InWant=true', 'fetch', '--quiet', '--depth=1', repository, suite.commit);
  git('checkout', '--quiet', 'FETCH_HEAD');
  suite.prepare(fresh);
  renameSync(fresh, folder);
  return folder;
}

/** Run a program of a package manager in a folder; what it says is shown when it fails. */
export function install(folder: string, [program = '', ...words]: readonly string[]): void {
  execFileSync(program, words, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}
