import { FairleadError } from '@fairlead/base';

/** Where metrics are served. */
export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Read `--metrics-addr`.
 *
 * @throws FairleadError `invalid-argument` for what is no address with a port.
 */
export function parseMetricsAddress(text: string): MetricsAddress {
  const match = /^(\[[^\]]+\]|[^:/]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new FairleadError('invalid-argument', `invalid metrics address: ${text}`);
  }
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port };
}
