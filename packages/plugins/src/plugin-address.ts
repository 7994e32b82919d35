import { FairleadError } from '@fairlead/base';

/** Where a plugin listens. */
export type PluginAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: PluginTls };

/** How a plugin behind TLS is spoken to; paths of PEM files. */
export interface PluginTls {
  readonly insecure: boolean;
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/**
 * Read an address as it stands in a `.spec` file: `unix:///run/x.sock`, `tcp://localhost:8080`.
 *
 * @throws FairleadError `internal` for anything else.
 */
export function parsePluginAddress(text: string): PluginAddress {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url?.protocol === 'unix:' && url.pathname !== '') return { kind: 'unix', path: decodeURIComponent(url.pathname) };
  const isTcp = url?.protocol === 'tcp:' || url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === undefined || !isTcp || url.hostname === '') throw invalid(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const tls = url.protocol === 'https:' ? { tls: { insecure: false } } : {};
  return { kind: 'tcp', host, port: Number(url.port) || (tls.tls ? 443 : 80), ...tls };
}

/**
 * Read a `.json` file: `{"Name": "x", "Addr": "https://x:1", "TLSConfig": {"CAFile": "...", ...}}`.
 *
 * @throws FairleadError `internal` when it is not that.
 */
export function parsePluginJson(text: string): PluginAddress {
  const fields = fieldsOf(parse(text));
  const address = parsePluginAddress(textOf(fields.get('addr')));
  const tls = fields.get('tlsconfig');
  if (address.kind === 'unix' || tls === undefined || tls === null) return address;
  const files = fieldsOf(tls);
  const [authority, certificate, key] = ['cafile', 'certfile', 'keyfile'].map((name) => textOf(files.get(name)));
  return {
    ...address,
    tls: {
      insecure: files.get('insecureskipverify') === true,
      ...(authority && { authority }),
      ...(certificate && { certificate }),
      ...(key && { key }),
    },
  };
}

/** How Go writes the address in the errors of its HTTP client. */
export function addressText(address: PluginAddress): string {
  if (address.kind === 'unix') return `http://${encodeURIComponent(address.path)}`;
  return `${address.tls ? 'https' : 'http'}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(text);
  }
}

/** Go finds fields whatever their case. */
function fieldsOf(value: unknown): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function invalid(text: string): FairleadError {
  return new FairleadError('internal', `Unknown protocol: ${JSON.stringify(text.trim().slice(0, 200))}`);
}
