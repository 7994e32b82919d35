import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { settleAll } from '@fairlead/base';
import { deleteNamespace, Kernel, Recorder } from '@fairlead/kernel';
import type { Change } from '@fairlead/netlink';
import { removeControlGroups, thawControlGroups } from './control-groups.ts';
import { hostPlan, labAddresses } from './host-plan.ts';
import { childrenOf, type Finished, finish, type RunOptions } from './program.ts';
import { NetworkSpace, type Space, startProgram, succeed } from './space.ts';
import { namePrefix, sweep, temporaryFolder } from './sweep.ts';

/** How a host is to be. */
export interface HostOptions {
  /** Applies changes to the kernel. Default: Fairlead's own. */
  readonly kernel?: { apply(changes: readonly Change[]): Promise<void> };
  /** Its host name. Default `host`. */
  readonly hostname?: string;
  /** Text of its `/etc/resolv.conf`. Default: the outside world's address, where a test may answer. */
  readonly resolvConf?: string;
}

/**
 * A machine made of namespaces: network, mounts, processes, host name and IPC of its own, the files of the real one
 * except `/run` (empty, in memory) and `/etc/resolv.conf`. Beside it an outside world that it is cabled to and that is
 * its default gateway.
 *
 * Its first process waits for the end of its standard input, which this process holds: when the owner ends in any way,
 * the first process does, the kernel ends every other process of the host, and mounts and namespaces inside go with
 * them. What remains are two pinned names, a folder and control groups, which the next host sweeps away.
 *
 * @example
 * await using host = await Host.create();
 * await host.exec('ping', '-c1', host.addresses.outside.ipv4);
 */
export class Host implements Space, AsyncDisposable {
  /**
   * Pinned name of its network namespace, also the beginning of everything else that is its own: the control group under
   * which its engine puts containers is called so.
   */
  readonly name: string;
  readonly outside: NetworkSpace;
  readonly addresses: typeof labAddresses = labAddresses;
  /** A folder of its own that goes with it, see `temporaryFolder`; the same path inside and outside. */
  readonly folder: string;
  /** Process id of its first process, as the machine around it sees it. */
  readonly pid: number;
  readonly #init: ChildProcess;

  private constructor(name: string, folder: string, init: ChildProcess, pid: number) {
    this.name = name;
    this.folder = folder;
    this.outside = new NetworkSpace(`${name}-out`);
    this.#init = init;
    this.pid = pid;
  }

  /**
   * Make a host.
   *
   * @throws what the kernel refuses; Error when its first process does not come up. Nothing stays behind.
   */
  static async create({ kernel, hostname = 'host', resolvConf = defaultResolvConf }: HostOptions = {}): Promise<Host> {
    sweep();
    using own = new Kernel(new Recorder());
    const folder = mkdtempSync(join(temporaryFolder, namePrefix));
    const plan = hostPlan(basename(folder));
    await using rollback = new AsyncDisposableStack();
    rollback.defer(() => removeTraces(plan.host, folder));
    await (kernel ?? own).apply(plan.objects.map((object) => ({ action: 'add', object })));
    const init = new NetworkSpace(plan.host).start(initCommand(hostname, resolvConf));
    rollback.defer(() => shutDown(init));
    const host = new Host(plan.host, folder, init, await whenReady(init));
    rollback.move();
    return host;
  }

  /** Path, seen from the machine around, of a file inside the host. */
  pathOf(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  start(command: readonly string[], options: RunOptions = {}): ChildProcess {
    return startProgram(['nsenter', `--target=${this.pid}`, '--all', '--', ...command], options);
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return finish(this.start(command, options), options);
  }

  async exec(...command: string[]): Promise<string> {
    return succeed(command, await this.run(command));
  }

  /** End every process of the host; its namespaces and mounts go with them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await settleAll([
      () => thawControlGroups(this.name),
      () => shutDown(this.#init),
      () => removeTraces(this.name, this.folder),
    ]);
  }
}

const defaultResolvConf = `nameserver ${labAddresses.outside.ipv4}\n`;

/**
 * bash, because a first process has to collect the exit codes of orphans. `/etc/resolv.conf` may be a link into `/run`,
 * whose target has to be made in the new, empty `/run` before it can be covered.
 */
const initScript = `set -e
hostname "$1"
mount -t tmpfs -o mode=755 lab /run
mkdir -p /run/netns /run/lock
printf '%s' "$2" >/run/lab-resolv.conf
target=$(readlink -m /etc/resolv.conf)
mkdir -p "\${target%/*}"
[ -e "$target" ] || : >"$target"
mount --bind /run/lab-resolv.conf "$target"
echo ready
read -r end || :
`;

/** `--kill-child`: the first process ends with unshare, and all others with it. */
function initCommand(hostname: string, resolvConf: string): string[] {
  const spaces = [
    '--mount',
    '--propagation=private',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--uts',
    '--ipc',
  ];
  return ['unshare', ...spaces, 'bash', '-c', initScript, 'lab-init', hostname, resolvConf];
}

/** The pid of the host's first process, once that has said that all is in place. */
async function whenReady(init: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let complaint = '';
  init.stderr?.on('data', (piece: Buffer) => {
    complaint += piece;
  });
  init.stdout?.once('data', () => resolve());
  init.once('error', reject);
  init.once('close', (code) => reject(new Error(`the host's first process exited with ${code}: ${complaint.trim()}`)));
  await promise;
  const [pid] = childrenOf(init.pid ?? 0);
  if (pid === undefined) throw new Error('the host has no first process');
  return pid;
}

/** End the first process and wait for it: the kernel lets it go only after all others of the host are gone. */
async function shutDown(init: ChildProcess): Promise<void> {
  if (init.exitCode !== null || init.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  init.once('exit', () => resolve());
  const alarm = setTimeout(() => init.kill('SIGKILL'), 10_000);
  init.stdin?.end();
  await promise;
  clearTimeout(alarm);
}

function removeTraces(name: string, folder: string): Promise<void> {
  return settleAll([
    () => deleteNamespace(name),
    () => deleteNamespace(`${name}-out`),
    () => removeControlGroups(name),
    () => rmSync(folder, { recursive: true, force: true }),
  ]);
}
