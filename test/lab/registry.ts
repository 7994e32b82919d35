import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@fairlead/lab';

/** A registry in a host: Debian's docker-registry, on its loopback, filled by pushes. It ends with the host. */
export class Registry {
  /** `127.0.0.1:5000`: the first part of the references of its images, reachable inside the host. */
  readonly address: string;

  private constructor(address: string) {
    this.address = address;
  }

  /**
   * Start one and wait until it answers.
   *
   * @param account a line of an htpasswd file; absent means that everybody may do everything.
   */
  static async start(host: Host, port = 5000, account?: string): Promise<Registry> {
    const folder = join(host.folder, `registry-${port}`);
    mkdirSync(folder);
    const address = `127.0.0.1:${port}`;
    const config = join(folder, 'config.yml');
    const accounts = join(folder, 'accounts');
    if (account !== undefined) writeFileSync(accounts, `${account}\n`);
    const auth = account === undefined ? '' : `auth: { htpasswd: { realm: test, path: ${accounts} } }\n`;
    writeFileSync(config, `${configuration(join(folder, 'data'), address)}${auth}`);
    const process = host.start(['docker-registry', 'serve', config]);
    process.stdin?.end();
    // Its log is of no interest, but must be read lest it blocks.
    process.stdout?.resume();
    process.stderr?.resume();
    while ((await host.run(['curl', '-s', `http://${address}/v2/`])).code !== 0) {
      if (process.exitCode !== null) throw new Error(`docker-registry ended with ${process.exitCode}`);
      await sleep(20);
    }
    return new Registry(address);
  }
}

function configuration(root: string, address: string): string {
  return `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${root} }, delete: { enabled: true } }
http: { addr: "${address}" }
`;
}
