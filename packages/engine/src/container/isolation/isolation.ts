import { statSync } from 'node:fs';
import { FairleadError, parseGoBoolean } from '@fairlead/base';
import type { ContainerDescription } from '@fairlead/runtime';
import { deviceNumbers, requireCapabilities } from '@fairlead/runtime/spec';
import type { Json } from '../../json.ts';
import type { ContainerConfig, HostConfig } from '../configuration/container-config.ts';
import type { AppArmorRequest } from './apparmor.ts';

/** A request's `HostConfig` fields that are stored as they came, by their wire names. */
type PassiveFields = Readonly<Record<string, Json>>;

/** `--security-opt`s, taken apart. */
interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** A profile's text, `builtin` or `unconfined`. */
  readonly seccomp: string | undefined;
  readonly apparmor: string | undefined;
}

type Isolation = Pick<
  ContainerDescription,
  'seccomp' | 'noNewPrivileges' | 'maskedPaths' | 'readonlyPaths' | 'deviceRules' | 'annotations'
>;

/**
 * What separates a container from the machine besides its namespaces, in the runtime's words.
 *
 * @param profile seccomp profile for those that name none, or `unconfined`; absent means Docker's.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function isolationOf({ host, other }: Pick<ContainerConfig, 'host' | 'other'>, profile?: string): Isolation {
  const { noNewPrivileges, seccomp: asked } = securityOptions(host.securityOptions);
  const seccomp = asked || (host.privileged ? undefined : profile);
  const annotations = textMap(other.host['Annotations']);
  const [masked, readonly] = [textList(other.host['MaskedPaths']), textList(other.host['ReadonlyPaths'])];
  return {
    ...(noNewPrivileges && { noNewPrivileges }),
    ...(seccomp && { seccomp: seccompOf(seccomp) }),
    ...(masked && !host.privileged && { maskedPaths: masked }),
    ...(readonly && !host.privileged && { readonlyPaths: readonly }),
    deviceRules: (textList(other.host['DeviceCgroupRules']) ?? []).map(deviceRule),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

function seccompOf(text: string): NonNullable<Isolation['seccomp']> {
  if (text === 'builtin') return 'default';
  return text === 'unconfined' ? text : { profile: text };
}

/** What a container asks of AppArmor. @throws FairleadError as {@link isolationOf}. */
export function appArmorRequest({ host }: Pick<ContainerConfig, 'host'>): AppArmorRequest {
  return { asked: securityOptions(host.securityOptions).apparmor, privileged: host.privileged };
}

/**
 * Limits that requests spell out in ways of their own, in the runtime's words.
 *
 * @throws Error of the file system for a device that does not exist.
 */
export function passiveLimits(fields: PassiveFields): NonNullable<ContainerDescription['limits']> {
  const [swappiness, period, runtime] = ['MemorySwappiness', 'CpuRealtimePeriod', 'CpuRealtimeRuntime'].map((name) =>
    typeof fields[name] === 'number' ? fields[name] : undefined,
  );
  const throttles = [
    ['blockReadBps', 'BlkioDeviceReadBps'],
    ['blockWriteBps', 'BlkioDeviceWriteBps'],
    ['blockReadIops', 'BlkioDeviceReadIOps'],
    ['blockWriteIops', 'BlkioDeviceWriteIOps'],
  ].flatMap(([name = '', field = '']) => {
    const list = throttlesIn(fields[field]);
    return list.length > 0 ? [[name, list] as const] : [];
  });
  return {
    ...(swappiness !== undefined && swappiness >= 0 && { memorySwappiness: swappiness }),
    ...(period && { cpuRealtimePeriod: period }),
    ...(runtime && { cpuRealtimeRuntime: runtime }),
    ...Object.fromEntries(throttles),
  };
}

/**
 * Check what can be said of a container's isolation before it is made.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireIsolation({ host, other }: Pick<ContainerConfig, 'host' | 'other'>): void {
  requireCapabilities('CapAdd', host.capAdd);
  requireCapabilities('CapDrop', host.capDrop);
  securityOptions(host.securityOptions);
  requireModes(host, other.host);
  for (const rule of textList(other.host['DeviceCgroupRules']) ?? []) deviceRule(rule);
  for (const options of Object.values(host.tmpfs)) requireTmpfsOptions(options);
  const swappiness = other.host['MemorySwappiness'];
  if (typeof swappiness === 'number' && (swappiness < -1 || swappiness > 100)) {
    fail(`invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  const isolation = other.host['Isolation'];
  if (isolation !== undefined && !['', 'default'].includes(String(isolation))) {
    fail(`invalid isolation: ${JSON.stringify(isolation)} - linux only supports 'default'`);
  }
  const [storage] = Object.keys(textMap(other.host['StorageOpt']));
  if (storage === 'size') fail("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  if (storage !== undefined) fail(`Unknown option ${storage}`);
}

/** What a mount of tmpfs takes (moby, pkg/mount/flags_linux.go), and that with a value. */
const tmpfsFlags = new Set(
  (
    'defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime ' +
    'nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime ' +
    'strictatime nostrictatime'
  ).split(' '),
);
const tmpfsValues = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol'];

function requireTmpfsOptions(options: string): void {
  for (const option of options.split(',').filter((word) => word !== '' && !tmpfsFlags.has(word))) {
    const [name = '', ...value] = option.split('=');
    if (tmpfsValues.includes(name) && value.length > 0) continue;
    const words = (value.length > 0 ? [name, value.join('=')] : [name]).map((word) => JSON.stringify(word));
    fail(`invalid tmpfs option [${words.join(' ')}]`);
  }
}

function requireModes({ pidMode, ipcMode, utsMode }: HostConfig, fields: PassiveFields): void {
  const isContainer = (mode: string) => /^container:./.test(mode);
  if (!['', 'private', 'host'].includes(pidMode) && !isContainer(pidMode)) fail(`invalid PID mode: ${pidMode}`);
  if (!['', 'private', 'shareable', 'host', 'none'].includes(ipcMode) && !isContainer(ipcMode)) {
    fail(`invalid IPC mode: ${ipcMode}`);
  }
  if (!['', 'host'].includes(utsMode)) fail(`invalid UTS mode: ${utsMode}`);
  const modes = [
    ['CgroupnsMode', ['', 'private', 'host'], 'cgroup namespace mode'],
    ['UsernsMode', ['', 'host'], 'userns mode'],
  ] as const;
  for (const [name, known, what] of modes) {
    const mode = String(fields[name] ?? '');
    if (!known.some((word) => word === mode)) fail(`invalid ${what}: ${mode}`);
  }
}

/** Docker's `--security-opt`s; labels concern SELinux, which is not used. @throws FairleadError `invalid-argument`. */
function securityOptions(options: readonly string[]): SecurityOptions {
  let found: SecurityOptions = { noNewPrivileges: false, seccomp: undefined, apparmor: undefined };
  for (const option of options) {
    if (option === 'disable') continue;
    const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(option) ?? [];
    if (value === undefined && name !== 'no-new-privileges')
      fail(`invalid --security-opt 1: ${JSON.stringify(option)}`);
    if (name === 'no-new-privileges') found = { ...found, noNewPrivileges: truth(value ?? 'true', option) };
    else if (name === 'seccomp') found = { ...found, seccomp: value };
    else if (name === 'apparmor') found = { ...found, apparmor: value };
    else if (name !== 'label') fail(`invalid --security-opt 2: ${JSON.stringify(option)}`);
  }
  return found;
}

function truth(value: string, option: string): boolean {
  return parseGoBoolean(value) ?? fail(`invalid --security-opt 2: ${JSON.stringify(option)}`);
}

/** `c 1:3 rwm`, with `*` for any number. */
function deviceRule(rule: string) {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(rule);
  if (match === null) fail(`invalid device cgroup rule format: '${rule}'`);
  const [, kind = '', major = '', minor = '', access = ''] = match;
  const type = (['a', 'c', 'b'] as const).find((each) => each === kind) ?? 'a';
  return {
    allow: true,
    type,
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access,
  };
}

function throttlesIn(value: Json | undefined) {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: Json) => {
    if (typeof item !== 'object' || item === null || !('Path' in item) || !('Rate' in item)) return [];
    const { rdev } = statDevice(String(item['Path']));
    return [{ ...deviceNumbers(rdev), rate: Number(item['Rate']) }];
  });
}

function statDevice(path: string): { readonly rdev: bigint } {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) fail(`stat ${path}: no such file or directory`);
  return stat;
}

function textList(value: Json | undefined): string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined;
}

function textMap(value: Json | undefined): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
