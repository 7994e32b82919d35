import { isCidr, parsePrefix, prefixContains, tryParseIpAddress } from '@fairlead/base';

/** Proxies as an operator names them. A proxy without a scheme speaks HTTP. */
export interface ProxySettings {
  /** For `http://`. */
  readonly http?: string;
  /** For `https://`. */
  readonly https?: string;
  /**
   * Who is asked directly, with commas: `*`, addresses, CIDRs, names with all below them, `.names` for those below alone;
   * each but a CIDR with a port or without.
   */
  readonly none?: string;
}

/** What the usual variables say; the upper-case ones come first. */
export function environmentProxies(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string) => environment[name.toUpperCase()] || environment[name] || undefined;
  const [http, https, none] = [read('http_proxy'), read('https_proxy'), read('no_proxy')];
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

/**
 * The proxy that a URL is asked for through; `undefined` for none. This machine itself is never behind one.
 *
 * The rules are those of Go's HTTP client (golang.org/x/net/http/httpproxy), and so dockerd's.
 */
export function proxyOf(url: URL, { http, https, none = '' }: ProxySettings): string | undefined {
  const proxy = url.protocol === 'https:' ? https : http;
  if (proxy === undefined || isDirect(url, none)) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** The same with what is secret left out, as `docker info` shows it. */
export function withoutSecrets(proxy: string): string {
  return proxy.replace(/^([a-z0-9+.-]+:\/\/)[^/@]*@/i, '$1xxxxx:xxxxx@');
}

const loopback = ['127.0.0.0/8', '::1/128'].map(parsePrefix);

function isDirect(url: URL, none: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const address = tryParseIpAddress(host);
  if (host === 'localhost' || (address && loopback.some((network) => prefixContains(network, address)))) return true;
  const exceptions = none
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  return exceptions.some((word) => {
    if (word === '*') return true;
    if (isCidr(word)) return address !== undefined && prefixContains(parsePrefix(word), address);
    const { name, only } = splitPort(word);
    return name !== '' && (only === undefined || only === port) && (address ? name === host : isBelow(host, name));
  });
}

/** `*.name` is the same as `.name`. */
function isBelow(host: string, written: string): boolean {
  const name = written.replace(/^\*/, '');
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function splitPort(word: string): { readonly name: string; readonly only: string | undefined } {
  const [, bracketed, plain = word, only] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(word) ?? [];
  return { name: bracketed ?? plain, only };
}
