import { errnoOf } from './system-call/errno-of.ts';

/** Something that not every kernel can do. */
export interface Feature {
  readonly name: string;
  /** Version of Linux that brought it; a kernel may still be built without it. */
  readonly since: string;
  /** Asks the kernel the first time. */
  isSupported(): boolean;
  /** @throws Error that says what is missing. */
  require(): void;
}

/**
 * Define a feature by trying it. The answer is remembered for the life of the process.
 *
 * @param probe tries the feature somewhere where it does no harm; when the kernel refuses, the feature is missing.
 * @example
 * const wireguard = defineFeature({ name: 'WireGuard links', since: '5.6', probe: tryLink('wireguard') });
 */
export function defineFeature({ name, since, probe }: { name: string; since: string; probe: () => void }): Feature {
  let supported: boolean | undefined;
  const isSupported = () => {
    supported ??= succeeds(probe);
    return supported;
  };
  const require = () => {
    if (!isSupported()) throw new Error(`this kernel has no ${name} (Linux ${since} and its module are needed)`);
  };
  return { name, since, isSupported, require };
}

/** Without the right to try, nothing is known: that is an error, not an answer. */
function succeeds(probe: () => void): boolean {
  try {
    probe();
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined || errno === 'EPERM' || errno === 'EACCES') throw error;
    return false;
  }
}
