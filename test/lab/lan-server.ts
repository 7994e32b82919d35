import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@fairlead/lab';
import { peerLibraries, peerProgram } from './peer.ts';

/**
 * dnsmasq in the outside world of a host: server of DHCPv4 and DHCPv6, router that announces itself, and name server of a
 * LAN, as it is in many a router that people have at home.
 */
export class LanServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: ChildProcess;
  #log = '';

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => (this.#log += piece));
  }

  /**
   * Start it, knowing nothing of leases of former ones.
   *
   * @param link interface of the outside world.
   * @param flags of dnsmasq: what there is to give.
   */
  static async start(host: Host, link: string, flags: readonly string[]): Promise<LanServer> {
    const folder = mkdtempSync(join(host.folder, 'lan-'));
    const places = [`--dhcp-leasefile=${join(folder, 'leases')}`, '--pid-file=', '--conf-file=/dev/null'];
    const manners = ['--keep-in-foreground', '--log-facility=-', '--user=root', '--no-resolv', '--no-hosts'];
    const where = [`--interface=${link}`, '--except-interface=lo', '--bind-dynamic', '--dhcp-authoritative'];
    const command = [peerProgram('dnsmasq'), ...places, ...manners, ...where, '--no-ping', ...flags];
    const child = host.outside.start(command, { env: { LD_LIBRARY_PATH: peerLibraries('dnsmasq-base') } });
    child.stdin?.end();
    const server = new LanServer(folder, child);
    await server.hears(/started, version/);
    return server;
  }

  /** What it has done so far, without what it does not say of leases: `DHCPACK(eth0) 192.0.2.100 02:42:… web`. */
  leases(): string[] {
    return [...this.#log.matchAll(/\b(?:DHCP[A-Z0-9]+|RTR-[A-Z]+)\([^\n]*/g)].map(([line]) => line);
  }

  /** Where the log is now; see {@link hears}. */
  get position(): number {
    return this.#log.length;
  }

  /**
   * Wait until it says something.
   *
   * @param from where in the log to begin.
   * @throws Error with the log when it ends or does not within half a minute.
   */
  async hears(what: RegExp, from = 0): Promise<string> {
    for (const end = performance.now() + 30_000; performance.now() < end && this.#process.exitCode === null; ) {
      const [found] = what.exec(this.#log.slice(from)) ?? [];
      if (found !== undefined) return found;
      await sleep(20);
    }
    throw new Error(`dnsmasq does not say ${what}:\n${this.#log.slice(from)}`);
  }

  /** What it has written down about its leases. */
  book(): string {
    return readFileSync(join(this.#folder, 'leases'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) resolve();
    this.#process.once('exit', () => resolve());
    this.#process.kill('SIGKILL');
    await promise;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
