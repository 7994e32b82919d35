import type { ApiVersion } from '../http/api-version.ts';

/**
 * What a stream of a process is called: raw bytes on a terminal, frames otherwise. Before 1.42 both had the name of the
 * raw one.
 */
export function streamMediaType(tty: boolean, version: ApiVersion): string {
  return `application/vnd.docker.${tty || version < 42 ? 'raw' : 'multiplexed'}-stream`;
}
