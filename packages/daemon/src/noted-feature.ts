import { readFileSync } from 'node:fs';
import type { FeatureName, Kernel } from '@fairlead/kernel';
import type { Collection } from '@fairlead/store';

/** Something that the kernel was found to be able to do. */
export interface NotedFeature {
  readonly id: FeatureName;
  /** The run of the kernel that was asked, see {@link currentBoot}. */
  readonly boot: string;
}

/**
 * Whether the kernel can do something. What it can do it can for as long as it runs, so a later start of the daemon need not
 * ask again: each question takes a network namespace, and 4 ms. What it cannot do may come with a module, and is asked for
 * each time.
 *
 * @param boot the present run of the kernel.
 * @throws Error when nobody may ask.
 */
export function supports(
  feature: FeatureName,
  { kernel, noted, boot }: { kernel: Pick<Kernel, 'supports'>; noted: Collection<NotedFeature>; boot: string },
): boolean {
  if (noted.get(feature)?.boot === boot) return true;
  const isSupported = kernel.supports(feature);
  if (isSupported) noted.put({ id: feature, boot });
  return isSupported;
}

/** What is different each time that the kernel comes up (random(4)). */
export function currentBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
