import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { finish } from '@fairlead/lab';

/**
 * Run a program of this folder in a process of its own, whose end it waits for, and parse the JSON that it writes.
 *
 * @throws Error with what it said when it fails.
 */
export async function runLoad<T>(program: string, words: readonly string[]): Promise<T> {
  const path = join(import.meta.dirname, program);
  const { code, stdout, stderr } = await finish(spawn(process.execPath, [path, ...words], { stdio: 'pipe' }));
  if (code !== 0) throw new Error(`${program} exited with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}
