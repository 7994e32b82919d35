import { FairleadError } from '@fairlead/base';
import type { OciSeccomp, OciSyscall } from './oci-types.ts';
import {
  type Architecture,
  type SyscallRule,
  seccompArchitectures,
  seccompDefaultErrno,
  syscallRules,
} from './seccomp-profile.ts';

/** Docker's default profile for a container with these capabilities. */
export function defaultSeccomp(architecture: Architecture, capabilities: readonly string[]): OciSeccomp {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: seccompDefaultErrno,
    architectures: seccompArchitectures[architecture],
    syscalls: syscallRules.filter((rule) => applies(rule, architecture, capabilities)).map(toSyscall),
  };
}

function applies(rule: SyscallRule, architecture: Architecture, capabilities: readonly string[]): boolean {
  if (rule.architectures && !rule.architectures.includes(architecture)) return false;
  if (rule.capability && !capabilities.includes(rule.capability)) return false;
  return !(rule.withoutCapability && capabilities.includes(rule.withoutCapability));
}

function toSyscall({ names, args, errno }: SyscallRule): OciSyscall {
  return {
    names,
    ...(args ? { args } : {}),
    ...(errno === undefined ? { action: 'SCMP_ACT_ALLOW' } : { action: 'SCMP_ACT_ERRNO', errnoRet: errno }),
  };
}

/** A profile file as users write it for `--security-opt seccomp=FILE`: Docker's own format. */
type ProfileFile = {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] | null }[];
  readonly syscalls?: readonly ProfileRule[];
};

type ProfileRule = Omit<OciSyscall, 'names'> & {
  readonly name?: string;
  readonly names?: readonly string[];
  readonly includes?: ProfileCondition;
  readonly excludes?: ProfileCondition;
};

type ProfileCondition = { readonly caps?: readonly string[]; readonly arches?: readonly string[] };

/**
 * A profile in Docker's file format, with its conditions decided.
 *
 * @returns `undefined` for one that says nothing at all: as with Docker there is no filter then.
 * @throws FairleadError `invalid-argument` when it is not JSON or not a profile.
 */
export function parseSeccompProfile(
  text: string,
  architecture: Architecture,
  capabilities: readonly string[],
): OciSeccomp | undefined {
  const profile = readProfile(text);
  if (profile === undefined) return undefined;
  requireOneForm(profile);
  const own = seccompArchitectures[architecture][0];
  const mapped = profile.archMap?.find((entry) => entry.architecture === own);
  const architectures = mapped ? [mapped.architecture, ...(mapped.subArchitectures ?? [])] : profile.architectures;
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures ? { architectures } : {}),
    syscalls: (profile.syscalls ?? [])
      .filter((rule) => chosen(rule, architecture, capabilities))
      .map(({ name, names, action, errnoRet, args }) => ({
        names: names ?? (name === undefined ? [] : [name]),
        action,
        ...(errnoRet === undefined ? {} : { errnoRet }),
        ...(args && args.length > 0 ? { args } : {}),
      })),
  };
}

/** What older files say in one way and newer ones in another is not to be said in both. */
function requireOneForm({ architectures = [], archMap = [], syscalls = [] }: ProfileFile): void {
  const both = (old: string, now: string) => {
    const message = `both '${old}' and '${now}' are specified in the seccomp profile, use either '${old}' or '${now}'`;
    return new FairleadError('invalid-argument', message);
  };
  if (architectures.length > 0 && archMap.length > 0) throw both('architectures', 'archMap');
  if (syscalls.some(({ name, names = [] }) => name && names.length > 0)) throw both('name', 'names');
}

function readProfile(text: string): ProfileFile | undefined {
  try {
    const profile: unknown = JSON.parse(text);
    if (isProfile(profile)) return profile;
    if (isEmpty(profile)) return undefined;
  } catch (error) {
    throw new FairleadError('invalid-argument', `Decoding seccomp profile failed: ${String(error)}`, { cause: error });
  }
  throw new FairleadError('invalid-argument', 'Decoding seccomp profile failed: no defaultAction');
}

function isProfile(value: unknown): value is ProfileFile {
  return typeof value === 'object' && value !== null && 'defaultAction' in value;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function chosen(rule: ProfileRule, architecture: string, capabilities: readonly string[]): boolean {
  const { includes, excludes } = rule;
  if (includes?.arches?.length && !includes.arches.includes(architecture)) return false;
  if (excludes?.arches?.includes(architecture)) return false;
  if (includes?.caps?.some((name) => !capabilities.includes(name))) return false;
  return !excludes?.caps?.some((name) => capabilities.includes(name));
}
