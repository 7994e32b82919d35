import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Daemon } from '@fairlead/lab';
import { peerCache, peerProgram } from '../lab/peer.ts';

/** Python's distutils are gone since 3.12, and their successor takes their place once it is imported. */
const withDistutils =
  'import setuptools, runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name="__main__")';

/** A Compose that can be started. */
export interface ComposeProgram {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The release's: 1.29 with the system's own Python, for which its packages are made. */
function releaseCompose(): ComposeProgram {
  const program = peerProgram('docker-compose');
  const isScript = readFileSync(program).subarray(0, 2).toString() === '#!';
  return {
    command: isScript ? ['/usr/bin/python3', '-c', withDistutils, program] : [program],
    env: {
      PYTHONPATH: resolve(dirname(program), '../lib/python3/dist-packages'),
      // Compiled once, for it has not been installed: that is half of the time of a short command.
      PYTHONPYCACHEPREFIX: peerCache('docker-compose'),
      PYTHONDONTWRITEBYTECODE: '',
    },
  };
}

/** Compose for the application in a folder, as a command line and its environment. */
export function composeCommand(
  daemon: Daemon,
  folder: string,
  words: readonly string[],
  program: ComposeProgram = releaseCompose(),
) {
  const files = [
    // Compose 2 names containers as Compose 1 does.
    '--compatibility',
    '--ansi',
    'never',
    '--project-directory',
    folder,
    '-f',
    join(folder, 'docker-compose.yml'),
    '-p',
    'app',
  ];
  // Compose 2 has BuildKit built in and would pull a builder.
  const env = { DOCKER_HOST: daemon.address, DOCKER_BUILDKIT: '0', ...program.env };
  return { command: [...program.command, ...files, ...words], env };
}

/** Run Compose in the application's folder. @returns what it says on standard output. @throws AssertionError. */
export async function compose(daemon: Daemon, folder: string, ...words: string[]): Promise<string> {
  return await composeBy(releaseCompose(), daemon, folder, ...words);
}

/** The same with another Compose. */
export async function composeBy(
  program: ComposeProgram,
  daemon: Daemon,
  folder: string,
  ...words: string[]
): Promise<string> {
  const { command, env } = composeCommand(daemon, folder, words, program);
  const { code, stdout, stderr } = await daemon.host.run(command, { env });
  assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
