import { readFileSync } from 'node:fs';
import { childrenOf, type Daemon, type Host } from '@fairlead/lab';
import { statusOf } from './life-rig.ts';

/** What is left of everything that runs when the power goes: the store. */
export async function reboot({ host, daemon }: { readonly host: Host; readonly daemon: Daemon }): Promise<void> {
  const all = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...all(child)]);
  await daemon.kill9();
  const containerd = host.pathOf('/run/fairlead/containerd/containerd.pid');
  await host.exec('kill', '-9', readFileSync(containerd, 'utf8').trim());
  for (const pid of all(host.pid)) {
    if (/^Name:\t(containerd-shim|sleep)/.test(statusOf(pid))) process.kill(pid, 'SIGKILL');
  }
  await daemon.restart();
}
