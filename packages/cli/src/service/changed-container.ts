import { compareText } from '@fairlead/base';
import { shellWords } from '@fairlead/dockerfile';
import { listOption, singleOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import { assigned } from '../container/create-request.ts';
import { extraHost } from '../container/extra-host.ts';
import { nameServer } from '../container/list-values.ts';
import { parseMount } from '../container/mount-option.ts';
import { parseUlimit } from '../container/resource-limits.ts';
import { changedCapabilities } from './capabilities.ts';
import { changedMap } from './changed-map.ts';
import { healthOf, hostsLine, plainFields } from './service-options.ts';
import type { ContainerSpec, ServiceMount, Ulimit } from './wire.ts';

/** The container of a service's tasks after the options of `service update`; secrets and configs are not its business. */
export function changedContainer(before: ContainerSpec, options: Options): ContainerSpec {
  const image = options.text('image');
  const args = singleOption(options, 'args', shellWords);
  const entrypoint = singleOption(options, 'entrypoint', shellWords);
  const health = healthOf(options, before.Healthcheck);
  return {
    ...before,
    ...(image !== undefined && { Image: image }),
    ...(args && { Args: args }),
    ...(entrypoint && { Command: entrypoint }),
    ...plainFields(options),
    Labels: changedMap(before.Labels, options, 'container-label'),
    Env: changedEnvironment(before.Env ?? [], options),
    Mounts: changedMounts(before.Mounts ?? [], options),
    Sysctls: changedMap(before.Sysctls, options, 'sysctl'),
    Ulimits: changedUlimits(before.Ulimits ?? [], options),
    ...(options.has('group-add', 'group-rm') && { Groups: changedList(before.Groups, options, 'group') }),
    ...(options.has(...nameOptions) && { DNSConfig: changedNames(before.DNSConfig, options) }),
    ...(options.has('host-add', 'host-rm') && { Hosts: changedHosts(before.Hosts ?? [], options) }),
    ...(health && { Healthcheck: health }),
    ...changedCapabilityFields(before, options),
  };
}

const nameOptions = ['dns-add', 'dns-rm', 'dns-option-add', 'dns-option-rm', 'dns-search-add', 'dns-search-rm'];

function changedNames(before: ContainerSpec['DNSConfig'], options: Options): NonNullable<ContainerSpec['DNSConfig']> {
  for (const text of options.list('dns-add')) nameServer(text, 'dns-add');
  return {
    Nameservers: changedList(before?.Nameservers, options, 'dns'),
    Search: changedList(before?.Search, options, 'dns-search'),
    Options: changedList(before?.Options, options, 'dns-option'),
  };
}

/** `--NAME-add` and `--NAME-rm`; in order, and each once. */
function changedList(before: readonly string[] | null | undefined, options: Options, name: string): string[] {
  const removed = new Set(options.list(`${name}-rm`));
  const all = new Set([...(before ?? []), ...options.list(`${name}-add`)]);
  return [...all.difference(removed)].sort(compareText);
}

function changedEnvironment(before: readonly string[], options: Options): string[] {
  const name = (text: string) => text.split('=', 1)[0] ?? '';
  const removed = new Set(options.list('env-rm'));
  const variables = new Map(before.map((text) => [name(text), text]));
  for (const key of removed) variables.delete(key);
  for (const text of options.list('env-add')) variables.set(name(text), assigned(text) ?? text);
  return [...variables.values()];
}

function changedMounts(before: readonly ServiceMount[], options: Options): ServiceMount[] {
  const added = options.list('mount-add').map(parseMount) as ServiceMount[];
  const targets = new Set(added.map(({ Target }) => Target));
  if (targets.size < added.length) throw refusal('duplicate mount target');
  const removed = new Set<string | undefined>(options.list('mount-rm'));
  return [...added, ...before.filter(({ Target }) => !targets.has(Target))]
    .filter(({ Target }) => !removed.has(Target))
    .sort(
      (left, right) =>
        compareText(left.Source ?? '', right.Source ?? '') || compareText(left.Target ?? '', right.Target ?? ''),
    );
}

function changedUlimits(before: readonly Ulimit[], options: Options): Ulimit[] {
  const limits = new Map(before.map((limit) => [limit.Name, limit]));
  for (const name of options.list('ulimit-rm')) limits.delete(name.split('=', 1)[0] ?? '');
  for (const limit of options.list('ulimit-add').map(parseUlimit)) limits.set(limit.Name, limit);
  return [...limits.values()].sort((left, right) => compareText(left.Name, right.Name));
}

/** A name is taken out of all lines, or with `NAME:ADDRESS` out of that address's; a line without names goes. */
function changedHosts(before: readonly string[], options: Options): string[] {
  const removed = options.list('host-rm').map((text) => {
    const at = text.indexOf(':');
    return at === -1 ? { name: text, address: '' } : { name: text.slice(0, at), address: text.slice(at + 1) };
  });
  const kept = before.flatMap((line) => {
    const [address = '', ...names] = line.trim().split(/\s+/);
    const isGone = (name: string) =>
      removed.some((one) => one.name === name && (one.address === '' || one.address === address));
    const left = names.filter((name) => !isGone(name));
    return left.length === 0 ? [] : [[address, ...left].join(' ')];
  });
  return [...new Set([...kept, ...listOption(options, 'host-add', (text) => hostsLine(extraHost(text)))])];
}

function changedCapabilityFields(
  { CapabilityAdd, CapabilityDrop }: ContainerSpec,
  options: Options,
): Pick<ContainerSpec, 'CapabilityAdd' | 'CapabilityDrop'> {
  if (!options.has('cap-add', 'cap-drop')) return {};
  const { add, drop } = changedCapabilities(
    { add: CapabilityAdd ?? [], drop: CapabilityDrop ?? [] },
    { add: options.list('cap-add'), drop: options.list('cap-drop') },
  );
  return { CapabilityAdd: add, CapabilityDrop: drop };
}
