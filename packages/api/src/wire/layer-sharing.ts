import type { Image } from '@fairlead/engine';

/**
 * How much images have in common with each other. A layer is the same one in two images when all those below it are, too:
 * only then it is kept once.
 *
 * @returns the bytes of an image's layers that others of these images have, by its id.
 */
export function sharedSizes(
  images: readonly Pick<Image, 'id' | 'layers' | 'layerSizes'>[],
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const chains = images.map(({ layers }) => layers.map((_, index) => layers.slice(0, index + 1).join(' ')));
  for (const layer of chains.flat()) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  const sizes = images.map(({ id, layerSizes }, at) => {
    const shared = layerSizes.filter((_, index) => (counts.get(chains[at]?.[index] ?? '') ?? 0) > 1);
    return [id, shared.reduce((sum, size) => sum + size, 0)] as const;
  });
  return new Map(sizes);
}
