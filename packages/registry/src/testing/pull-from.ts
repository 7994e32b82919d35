import { parseImageReference } from '../document/image-reference.ts';
import { type PulledImage, type PullRequest, pullImage } from '../transfer/image-pull.ts';
import type { Progress } from '../transfer/progress.ts';
import { FakeRegistry } from './fake-registry.ts';
import { completed, MemoryTarget } from './memory-target.ts';
import type { SampleImage } from './sample-image.ts';

/** What samples are made for, whatever the tests run on. */
export const amd64 = { os: 'linux', architecture: 'amd64' };

/** A registry that has an image as `app:v1`, or as `v1` of another repository. */
export async function registryWith(image: SampleImage, repository = 'app'): Promise<FakeRegistry> {
  const registry = await FakeRegistry.start();
  registry.add(repository, 'v1', image);
  return registry;
}

/** Pull `app:v1` or what else is said, to the end. */
export function pull(
  registry: FakeRegistry,
  options: Partial<PullRequest> & { name?: string } = {},
): Promise<{ progress: Progress[]; result: PulledImage }> {
  const { name = `${registry.host}/app:v1`, target = new MemoryTarget(), ...rest } = options;
  const reference = parseImageReference(name);
  return completed(pullImage({ reference, target, platform: amd64, retryDelay: 1, ...rest }));
}

/** The address of a registry that was there and is gone. */
export async function closedRegistry(): Promise<{ host: string }> {
  const registry = await FakeRegistry.start();
  const { host } = registry;
  await registry[Symbol.asyncDispose]();
  return { host };
}
