import type { Options } from '../command/options.ts';

/** `--NAME-add key=value` and `--NAME-rm key`. */
export function changedMap(
  before: Readonly<Record<string, string>> | null | undefined,
  options: Options,
  name: string,
): Record<string, string> {
  const removed = new Set(options.list(`${name}-rm`).map((text) => text.split('=', 1)[0]));
  const kept = Object.entries(before ?? {}).filter(([key]) => !removed.has(key));
  return { ...Object.fromEntries(kept), ...options.map(`${name}-add`) };
}
