import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@fairlead/lab';

/** What is not usual about a registry. */
export interface RegistryOptions {
  /** Where it listens; the host's loopback unless given. */
  readonly ip?: string;
  /** Files of what it shows; without them it speaks plain HTTP. */
  readonly certificate?: { readonly file: string; readonly key: string };
}

/** A registry in a host: Debian's docker-registry, filled by pushes. It ends with the host. */
export class Registry {
  /** `127.0.0.1:5000`: the first part of the references of its images. */
  readonly address: string;

  private constructor(address: string) {
    this.address = address;
  }

  /**
   * Start one and wait until it answers.
   *
   * @param account a line of an htpasswd file; absent means that everybody may do everything.
   */
  static async start(host: Host, port = 5000, account?: string, options: RegistryOptions = {}): Promise<Registry> {
    const { ip = '127.0.0.1', certificate } = options;
    const folder = join(host.folder, `registry-${port}`);
    mkdirSync(folder);
    const address = `${ip}:${port}`;
    const config = join(folder, 'config.yml');
    const accounts = join(folder, 'accounts');
    if (account !== undefined) writeFileSync(accounts, `${account}\n`);
    const auth = account === undefined ? '' : `auth: { htpasswd: { realm: test, path: ${accounts} } }\n`;
    const tls = certificate === undefined ? '' : `, tls: { certificate: ${certificate.file}, key: ${certificate.key} }`;
    writeFileSync(config, `${configuration(join(folder, 'data'), `addr: "${address}"${tls}`)}${auth}`);
    const process = host.start(['docker-registry', 'serve', config]);
    process.stdin?.end();
    // Its log is of no interest, but must be read lest it blocks.
    process.stdout?.resume();
    process.stderr?.resume();
    const scheme = certificate === undefined ? 'http' : 'https';
    while ((await host.run(['curl', '-sk', `${scheme}://${address}/v2/`])).code !== 0) {
      if (process.exitCode !== null) throw new Error(`docker-registry ended with ${process.exitCode}`);
      await sleep(20);
    }
    return new Registry(address);
  }

  /** One that speaks TLS, and whose certificate the host's engines find where Docker's would look for it. */
  static async startOwnTls(host: Host, port: number): Promise<Registry> {
    const ip = host.addresses.host.ipv4;
    const etc = join(host.folder, 'etc');
    const trusted = join(etc, 'docker/certs.d', `${ip}:${port}`);
    for (const folder of [trusted, `${etc}.work`]) mkdirSync(folder, { recursive: true });
    const certificate = { file: join(trusted, 'ca.crt'), key: join(host.folder, 'registry.key') };
    const files = ['-keyout', certificate.key, '-out', certificate.file];
    const subject = ['-subj', '/CN=registry', '-addext', `subjectAltName=IP:${ip}`];
    await host.exec('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files);
    const layers = `lowerdir=/etc,upperdir=${etc},workdir=${etc}.work`;
    await host.exec('mount', '-t', 'overlay', 'overlay', '-o', layers, '/etc');
    return await Registry.start(host, port, undefined, { ip, certificate });
  }
}

function configuration(root: string, listening: string): string {
  return `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${root} }, delete: { enabled: true } }
http: { ${listening} }
`;
}
