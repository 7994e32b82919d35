import { lookup } from 'node:dns/promises';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { FairleadError, isCidr, parsePrefix, prefixContains, tryParseIpAddress } from '@fairlead/base';
import type { TlsOptions } from './http-transport.ts';
import { type ProxySettings, proxyOf } from './proxy.ts';

/** Which registries are reached how: `--registry-mirror`, `--insecure-registry`, `/etc/docker/certs.d`. */
export interface RegistrySettings {
  /** URLs of mirrors of docker.io, tried in order before it. */
  readonly mirrors?: readonly string[];
  /** Hosts (with port), addresses or CIDRs whose certificate is not checked and that may speak plain HTTP. */
  readonly insecure?: readonly string[];
  /** Directory with one directory per host: `*.crt` authorities, and a `*.cert` with its `*.key` for the client. */
  readonly certificates?: string;
  /** Whom registries are asked through. */
  readonly proxies?: ProxySettings;
}

/** One place to get a repository from. */
export interface RegistryEndpoint {
  /** Bases to try in order, without path: `https://host`, and `http://host` for an insecure registry. */
  readonly bases: readonly URL[];
  readonly mirror: boolean;
  readonly tls: TlsOptions;
  readonly proxies?: ProxySettings;
}

/** Where docker.io is really served. */
const dockerHubHost = 'registry-1.docker.io';

/** Insecure without being configured, as in Docker: only this host itself is behind them. */
const alwaysInsecure = ['127.0.0.0/8', '::1/128'];

/**
 * Places to get repositories of a registry from, in the order to try them.
 *
 * @param domain a host, with a port or without.
 * @throws FairleadError `invalid-argument` when it is none.
 */
export async function registryEndpoints(domain: string, settings: RegistrySettings): Promise<RegistryEndpoint[]> {
  // A path in it would lead elsewhere, on the registry as in the directory of certificates.
  if (/[/?#@\\]/.test(domain) || !URL.canParse(`https://${domain}`)) {
    throw new FairleadError('invalid-argument', `invalid registry host: "${domain}"`);
  }
  const { proxies = {} } = settings;
  if (domain !== 'docker.io') return [{ ...(await endpoint(domain, settings)), proxies }];
  const mirrors = (settings.mirrors ?? []).map(async (mirror): Promise<RegistryEndpoint> => {
    const base = new URL(mirror);
    return { bases: [base], mirror: true, tls: await tlsOptions(base.host, settings) };
  });
  const all = await Promise.all([...mirrors, endpoint(dockerHubHost, settings)]);
  return all.map((place) => ({ ...place, proxies }));
}

async function endpoint(host: string, settings: RegistrySettings): Promise<RegistryEndpoint> {
  const tls = await tlsOptions(host, settings);
  const schemes = tls.insecure ? ['https', 'http'] : ['https'];
  return { bases: schemes.map((scheme) => new URL(`${scheme}://${host}`)), mirror: false, tls };
}

async function tlsOptions(host: string, settings: RegistrySettings): Promise<TlsOptions> {
  const insecure = await isInsecure(host, settings);
  const directory = settings.certificates === undefined ? undefined : join(settings.certificates, host);
  const names = directory === undefined ? [] : await readdir(directory).catch((): string[] => []);
  const read = (name: string) => readFile(join(directory ?? '', name), 'utf8');
  const authorities = await Promise.all(names.filter((name) => name.endsWith('.crt')).map(read));
  const client = names.find((name) => name.endsWith('.cert'));
  return {
    insecure,
    ...(authorities.length > 0 && { ca: [...getCACertificates('default'), ...authorities] }),
    ...(client && { cert: await read(client), key: await read(client.replace(/cert$/, 'key')) }),
  };
}

/** A host is insecure by its name (and port), by its name alone, or when one of its addresses is in a listed CIDR. */
async function isInsecure(host: string, { insecure = [], proxies = {} }: RegistrySettings): Promise<boolean> {
  const list = [...alwaysInsecure, ...insecure];
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
  if (list.includes(host) || list.includes(name)) return true;
  const networks = list.filter(isCidr).map(parsePrefix);
  const own = tryParseIpAddress(name);
  // Names that a proxy is asked for are often known to nobody else here, and asking takes its time.
  const isProxied = proxyOf(new URL(`https://${host}`), proxies) !== undefined;
  const addresses = own !== undefined ? [own] : isProxied ? [] : await resolve(name);
  return addresses.some((address) => networks.some((network) => prefixContains(network, address)));
}

async function resolve(name: string) {
  const answers = await lookup(name, { all: true }).catch(() => []);
  return answers.flatMap(({ address }) => tryParseIpAddress(address) ?? []);
}
