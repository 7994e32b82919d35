import { installedProgram, pathDirectories } from '@fairlead/runtime/host-program';

/** A program that has to be on the machine. */
export interface Requirement {
  /** Name of the executable. */
  readonly program: string;
  /** The Debian package that has it. */
  readonly package: string;
  /** What Fairlead needs it for, in a few words. */
  readonly purpose: string;
  /** The systemd unit that comes with the package and that Fairlead does without. */
  readonly service?: string;
}

/** What the engine itself cannot do without. */
export const engineRequirements: readonly Requirement[] = [
  {
    program: 'containerd',
    package: 'containerd',
    purpose: 'keeps images and supervises containers',
    // Fairlead starts a containerd of its own.
    service: 'containerd.service',
  },
  { program: 'runc', package: 'runc', purpose: 'starts containers' },
];

/** What the demonstration builds its image from. Debian's `busybox` serves as well and stays where it is. */
export const demoRequirements: readonly Requirement[] = [
  { program: 'busybox', package: 'busybox-static', purpose: 'is all that the demonstration’s image holds' },
];

/** What `up --with-init` adds. */
export const initRequirements: readonly Requirement[] = [
  { program: 'tini', package: 'tini', purpose: 'is the init of containers run with --init' },
];

/** Where programs of an administrator are, even when the PATH of the caller leaves them out. */
const administrators = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** Absolute path of a program: the first on the PATH, else in the usual folders; `undefined` when there is none. */
export function findProgram(program: string, path = process.env['PATH']): string | undefined {
  return installedProgram(program, [...pathDirectories(path), ...administrators]);
}

/** Those requirements that the machine does not meet. */
export function missing(
  requirements: readonly Requirement[],
  find: (program: string) => string | undefined = findProgram,
): Requirement[] {
  return requirements.filter(({ program }) => find(program) === undefined);
}
