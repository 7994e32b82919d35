/**
 * The environment of a container: what the image says, overridden by what was asked for. An entry without `=` takes the
 * variable away.
 */
export function mergeEnvironment(image: readonly string[], asked: readonly string[]): string[] {
  const merged = new Map<string, string | undefined>();
  for (const entry of [...image, ...asked]) {
    const at = entry.indexOf('=');
    merged.set(at < 0 ? entry : entry.slice(0, at), at < 0 ? undefined : entry);
  }
  return [...merged.values()].filter((entry) => entry !== undefined);
}
