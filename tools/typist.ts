import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, Host } from '../packages/lab/src/index.ts';
import { root } from './source-tree.ts';
import type { Typist } from './tour-page.ts';

/** Programs that a reader has, by their names, and what is run for them here. */
const programs: Readonly<Record<string, string>> = {
  fairlead: join(root, 'fairlead'),
  ping: 'busybox ping',
  wget: 'busybox wget',
};

/**
 * Runs what a reader of a page would type, as root in a host with an engine; variables that one command sets are known to
 * the next. What is typed on the host begins in `/run/tour`.
 *
 * @param isAccepted whether a command may end with a status; 0 alone, unless it is given.
 * @throws Error with what the command said when not.
 */
export function typist(
  host: Host,
  daemon: Daemon,
  isAccepted: (status: number, command: string) => boolean = (status) => status === 0,
): Typist {
  const tools = join(host.folder, 'bin');
  mkdirSync(tools, { recursive: true });
  for (const [name, program] of Object.entries(programs)) {
    writeFileSync(join(tools, name), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  }
  const env = { DOCKER_HOST: daemon.address, PATH: `${tools}:${process.env['PATH']}` };
  let variables = '';
  return async (command, place) => {
    const space = place === 'host' ? host : host.outside;
    const [, variable] = /^(\w+)=/.exec(command) ?? [];
    const told = variable === undefined ? command : `${command}; echo "$${variable}"`;
    const home = place === 'host' ? 'mkdir -p /run/tour; cd /run/tour' : '';
    const script = `exec 2>&1; set -o pipefail; ${variables}${home}\n${told}`;
    const { code, stdout } = await space.run(['timeout', '30', 'bash', '-c', script], { env });
    if (!isAccepted(code, command)) throw new Error(`${command}\nexited with ${code}: ${stdout}`);
    if (variable === undefined) return stdout;
    variables += `${variable}='${stdout.trim()}'; `;
    return '';
  };
}
