import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import type { SystemInfo } from '@fairlead/engine';
import { withoutSecrets } from '@fairlead/registry';
import type { Containerd } from '@fairlead/runtime';
import type { DaemonOptions } from './options.ts';

/** What is told about the engine, apart from what changes with every container. */
export interface SystemFacts {
  readonly id: string;
  /** As they are by now. */
  readonly options: () => DaemonOptions;
  readonly containerd: Containerd;
  readonly containerdSocket: string;
  readonly runtime: string;
  readonly unifiedCgroup: boolean;
  readonly userNamespaces: boolean;
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
}

/** Answers `docker info` and `docker version`; what does not change is found out at the first question. */
export function systemInfo(facts: SystemFacts): () => Promise<Omit<SystemInfo, 'appArmor'>> {
  let fixed: Promise<Pick<SystemInfo, 'containerdVersion' | 'runtimeVersion'>> | undefined;
  return async () => {
    const options = facts.options();
    const isLacking = isForwardingLacking(options);
    const shown = (kind: 'http' | 'https') => {
      const proxy = options.proxies[kind];
      return proxy === undefined ? {} : { [kind]: withoutSecrets(proxy) };
    };
    fixed ??= versions(facts);
    return {
      ...(await fixed),
      ...operatingSystem(),
      id: facts.id,
      name: hostname(),
      dataRoot: options.dataRoot,
      containerdSocket: facts.containerdSocket,
      runtimeName: facts.runtime,
      kernelVersion: release(),
      cgroupVersion: facts.unifiedCgroup ? '2' : '1',
      cgroupDriver: 'cgroupfs',
      userNamespaces: facts.userNamespaces,
      seccompProfile: options.seccompProfile,
      authorizationPlugins: options.authorizationPlugins,
      cpus: cpus().length,
      memory: totalmem(),
      debug: options.debug,
      insecureRegistries: options.insecureRegistries,
      registryMirrors: options.registryMirrors,
      proxies: { ...options.proxies, ...shown('http'), ...shown('https') },
      defaultAddressPools: facts.addressPools,
      labels: options.labels,
      loggingDriver: options.log.type,
      ipv4Forwarding: !isLacking,
      warnings: isLacking ? ['WARNING: IPv4 forwarding is disabled'] : [],
    };
  };
}

/**
 * True while the host does not pass IPv4 packets on and the operator sees to that himself (`--ip-forward=false`). Otherwise
 * forwarding is switched on as soon as a network needs it, and kept on.
 */
export function isForwardingLacking({ ipForward }: Pick<DaemonOptions, 'ipForward'>): boolean {
  return !ipForward && readOptional('/proc/sys/net/ipv4/ip_forward').trim() === '0';
}

async function versions({ containerd, runtime }: SystemFacts) {
  return { containerdVersion: await containerd.version(), runtimeVersion: runtimeVersion(runtime) };
}

function runtimeVersion(runtime: string): string {
  try {
    const text = execFileSync(runtime, ['--version'], { encoding: 'utf8' });
    return /version (\S+)/.exec(text)?.[1] ?? '';
  } catch {
    return '';
  }
}

function operatingSystem(): Pick<SystemInfo, 'operatingSystem' | 'osVersion'> {
  const fields = new Map(
    readOptional('/etc/os-release')
      .split('\n')
      .map((line) => /^([A-Z_]+)="?([^"]*)"?$/.exec(line))
      .flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])),
  );
  return { operatingSystem: fields.get('PRETTY_NAME') ?? 'Linux', osVersion: fields.get('VERSION_ID') ?? '' };
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
