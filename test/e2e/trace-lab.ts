import { resolve } from 'node:path';
import { ApiClient } from '@fairlead/api/client';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { whenListening } from './web-server.ts';

const launcher = resolve(import.meta.dirname, '../../fairlead');

/** What a trace is asked for. */
export interface TraceQuestion {
  readonly from: string;
  readonly to: string;
  readonly [option: string]: unknown;
}

/** Something that is broken, and what a trace has to say about it. */
export interface Fault {
  readonly name: string;
  readonly trace: TraceQuestion;
  /** Lines of shell; see `TraceLab.shell`. */
  readonly inject?: string;
  readonly undo?: string;
  /** Code of the row in the knowledge base. */
  readonly code: string;
  /** What the text has to say besides. */
  readonly says?: RegExp;
  /** Number of the fix that is tried, and that must help. */
  readonly heals?: number;
}

/** Something that works, perhaps in spite of its looks. */
export interface HealthyCase {
  readonly name: string;
  readonly trace: TraceQuestion;
  /** Lines of shell that change nothing about it; see `TraceLab.shell`. */
  readonly inject?: string;
  readonly undo?: string;
}

/** What of a report the tests look at. */
export interface TraceAnswer {
  readonly verdict: string;
  readonly summary: string;
  readonly milliseconds: number;
  readonly name?: { readonly source: string; readonly failure?: string };
  readonly probe?: { readonly mode: string; readonly family: number };
  readonly capabilities: { readonly packets: boolean; readonly rules: boolean; readonly missing: readonly string[] };
  readonly hops: readonly {
    readonly role: string;
    readonly place: string;
    readonly device?: string;
    readonly event: string;
    readonly reason?: string;
    readonly unwatched?: true;
    readonly rewrites: readonly { readonly field: string; readonly from: string; readonly to: string }[];
    readonly rules: readonly { readonly owner: string; readonly text: string; readonly verdict: string }[];
  }[];
  readonly cause?: { readonly code: string; readonly text: string; readonly evidence: readonly string[] };
  readonly earlier?: { readonly verdict: string; readonly summary: string };
  readonly applied?: { readonly text: string; readonly before: string; readonly undo: readonly string[] };
  readonly fixes: readonly { readonly commands: readonly string[]; readonly undo: readonly string[] }[];
}

/** What of a doctor's report the tests look at. */
export interface DoctorAnswer {
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly text: string;
    readonly evidence: readonly string[];
    readonly affects: readonly string[];
  }[];
  readonly passed: readonly string[];
  readonly probes: number;
  readonly milliseconds: number;
}

/** A host with an engine, networks of every kind and containers on them, for traces. */
export class TraceLab implements AsyncDisposable {
  readonly #engineHost: EngineHost;
  readonly #client: ApiClient;
  /** Names of namespaces and interfaces, for commands: `$WEB`, `$WEB_LINK`, `$WEB_MAC`, `$APP`. */
  readonly #names: Record<string, string> = {};

  private constructor(engineHost: EngineHost) {
    this.#engineHost = engineHost;
    this.#client = new ApiClient(`unix://${engineHost.daemon.socketPath}`);
  }

  /** Start it all. */
  static async start(): Promise<TraceLab> {
    // Faults shall stay until they were found.
    const engineHost = await EngineHost.start({}, {}, ['--self-repair=false']);
    const lab = new TraceLab(engineHost);
    try {
      await lab.#build();
      return lab;
    } catch (error) {
      await engineHost[Symbol.asyncDispose]();
      throw error;
    }
  }

  get host(): Host {
    return this.#engineHost.host;
  }

  get daemon(): Daemon {
    return this.#engineHost.daemon;
  }

  async #build(): Promise<void> {
    const { daemon } = this;
    const dual = (number: number) => ['--ipv6', '--subnet', `10.9.${number}.0/24`, '--subnet', `fd00:9:${number}::/64`];
    await daemon.docker('network', 'create', ...dual(1), 'app');
    await daemon.docker('network', 'create', ...dual(2), 'other');
    await daemon.docker('network', 'create', '--internal', ...dual(3), 'inner');
    const quiet = ['-o', 'com.docker.network.bridge.enable_icc=false'];
    await daemon.docker('network', 'create', ...quiet, ...dual(4), 'quiet');
    const server = ['busybox', 'httpd', '-f', '-h', '/etc'];
    const idle = ['busybox', 'sleep', '1000'];
    const ports = ['-p', '8080:80', '-p', '127.0.0.1:8081:80'];
    const run = (name: string, network: string, ...words: string[]) =>
      daemon.docker('run', '-d', '--name', name, '--network', network, ...words);
    await run('web', 'app', ...idle);
    await run('db', 'app', ...ports, ...server);
    await run('far', 'other', ...server);
    await run('secret', 'inner', ...server);
    await run('calm', 'quiet', ...idle);
    await run('still', 'quiet', ...server);
    await run('hermit', 'none', ...idle);
    await run('spare', 'app', '-p', '8085:80', ...server);
    await run('plain', 'bridge', ...server);
    await run('simple', 'bridge', ...idle);
    await daemon.docker('create', '--name', 'asleep', '--network', 'app', ...idle);
    for (const name of ['db', 'far', 'secret', 'still', 'spare', 'plain']) await whenListening(daemon, name);
    await this.#learnNames(['web', 'db', 'far', 'secret', 'calm', 'still', 'plain', 'simple']);
    for (const network of ['app', 'other', 'inner', 'quiet']) {
      const id = await daemon.docker('network', 'inspect', '-f', '{{.Id}}', network);
      this.#names[network.toUpperCase()] = `br-${id.trim().slice(0, 12)}`;
    }
  }

  async #learnNames(containers: readonly string[]): Promise<void> {
    for (const name of containers) {
      const format = '{{.NetworkSettings.SandboxKey}}';
      const path = (await this.daemon.docker('inspect', '-f', format, name)).trim();
      const variable = name.toUpperCase();
      this.#names[variable] = path;
      const [eth0] = JSON.parse(
        await this.host.exec('nsenter', `--net=${path}`, 'ip', '-j', 'link', 'show', 'eth0'),
      ) as { link_index: number; address: string }[];
      const links: { ifindex: number; ifname: string }[] = JSON.parse(await this.host.exec('ip', '-j', 'link'));
      this.#names[`${variable}_MAC`] = eth0?.address ?? '';
      this.#names[`${variable}_LINK`] = links.find(({ ifindex }) => ifindex === eth0?.link_index)?.ifname ?? '';
    }
  }

  /** Run a line of shell in the host, with the lab's names as variables and `inside NAMESPACE command...`. */
  async shell(script: string): Promise<string> {
    const preamble = 'inside() { local ns=$1; shift; nsenter --net="$ns" "$@"; }; set -e\n';
    const { code, stdout, stderr } = await this.host.run(['bash', '-c', preamble + script], {
      env: { ...this.#names, DOCKER_HOST: this.daemon.address, FAIRLEAD: launcher },
    });
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout;
  }

  /** Ask the engine to follow a packet. */
  trace(question: TraceQuestion): Promise<TraceAnswer> {
    return this.#client.json('POST', '/fairlead/traces', { body: question });
  }

  /** Ask the engine what is wrong. */
  examine(): Promise<DoctorAnswer> {
    return this.#client.json('GET', '/fairlead/doctor');
  }

  /** What the newest operation of a name did to the kernel, as commands. */
  async lastTranscript(name: string): Promise<string> {
    const operations = await this.#client.json<{ readonly id: string; readonly name: string }[]>(
      'GET',
      '/fairlead/operations',
    );
    const found = operations.find((operation) => operation.name === name);
    return await this.#client.text('GET', `/fairlead/operations/${found?.id ?? 'none'}/transcript`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engineHost[Symbol.asyncDispose]();
  }
}
