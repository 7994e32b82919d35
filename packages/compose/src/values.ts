import { compareText, FairleadError, parsePortSpec, portsIn } from '@fairlead/base';
import { formatGoDuration, parseGoDuration, shellWords } from '@fairlead/dockerfile';
import type { ComposeFileReference, ComposeMount, ComposePort, Texts } from './compose-config.ts';
import { type Dictionary, isDictionary } from './yaml-text.ts';

/** Values that can be said in several ways, in one. What is not there stays so. */
type Reader<T> = (value: unknown) => T | undefined;

/** The same with keys whose values are `null`. */
export function mappingOf(value: unknown, separator = '='): Record<string, string | null> | undefined {
  if (Array.isArray(value)) {
    return inOrder(
      value.map((entry) => {
        const at = String(entry).indexOf(separator);
        return at === -1 ? [String(entry), null] : [String(entry).slice(0, at), String(entry).slice(at + 1)];
      }),
    );
  }
  if (!isDictionary(value)) return undefined;
  return inOrder(Object.entries(value).map(([key, inner]) => [key, inner === null ? null : String(inner)]));
}

/** Texts by name, of a mapping or of a list of `key=value`; a key alone has an empty one. */
export const texts: Reader<Texts> = (value) => {
  const entries = Object.entries(mappingOf(value) ?? {}).map(([key, inner]) => [key, inner ?? ''] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
};

function inOrder<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([left], [right]) => compareText(left, right)));
}

/** A text, or several. */
export const list: Reader<string[]> = (value) =>
  value === undefined ? undefined : (Array.isArray(value) ? value : [value]).map(String);

/** A command: words, or a text that is split as a shell would. */
export const command: Reader<string[]> = (value) => (typeof value === 'string' ? shellWords(value) : list(value));

/** A check of health: words, or a text for a shell. */
export const healthTest: Reader<string[]> = (value) => (typeof value === 'string' ? ['CMD-SHELL', value] : list(value));

/** A span, as Go writes it. */
export const duration: Reader<string> = (value) =>
  value === undefined ? undefined : formatGoDuration(parseGoDuration(String(value)));

/** Bytes, as a text of digits. */
export const bytes: Reader<string> = (value) => {
  if (value === undefined) return undefined;
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([bkmgtp]?)(?:i?b)?$/i.exec(String(value).trim()) ?? [];
  if (amount === undefined) throw new FairleadError('invalid-argument', `invalid size: '${String(value)}'`);
  return String(Math.floor(Number(amount) * 1024 ** Math.max(0, 'bkmgtp'.indexOf(unit.toLowerCase()))));
};

/** `name:address` of a mapping or of a list with `=` or `:`; brackets around addresses go. */
export const hosts: Reader<string[]> = (value) => {
  if (value === undefined) return undefined;
  const entries = isDictionary(value)
    ? Object.entries(value)
        .filter(([, address]) => address !== null)
        .map(([name, address]) => `${name}:${String(address)}`)
        .sort(compareText)
    : (value as readonly unknown[]).map(String);
  return entries.flatMap((entry) => {
    const [, name, address = ''] = /^([^=]*)=(.*)$/.exec(entry) ?? /^([^:]*):(.*)$/.exec(entry) ?? [];
    return name === undefined ? [] : [`${name}:${address.replace(/^\[(.+)\]$/, '$1')}`];
  });
};

/** Ports, each for itself. */
export const ports: Reader<ComposePort[]> = (value) =>
  value === undefined ? undefined : (value as readonly unknown[]).flatMap(portsOf);

function portsOf(value: unknown): ComposePort[] {
  if (isDictionary(value)) return [pickAll(value, ['mode', 'target', 'published', 'protocol'])];
  const { protocol, containerPorts, hostPorts } = parsePortSpec(String(value));
  const targets = portsIn(containerPorts);
  const port = (target: number, published?: number): ComposePort => ({
    mode: 'ingress',
    target,
    ...(published && { published }),
    protocol,
  });
  if (hostPorts === undefined) return targets.map((target) => port(target));
  return portsIn(hostPorts).map((published, at) => port(targets[at] ?? targets[0] ?? 0, published));
}

/** Secrets or configs that a service uses. */
export const fileReferences: Reader<ComposeFileReference[]> = (value) =>
  value === undefined
    ? undefined
    : (value as readonly unknown[]).map((entry) =>
        isDictionary(entry)
          ? { source: String(entry['source'] ?? ''), ...pickAll(entry, ['target', 'uid', 'gid', 'mode']) }
          : { source: String(entry) },
      );

/** Mounts; the places of binds are absolute. @param locate makes a path of the host's absolute. */
export function mounts(value: unknown, locate: (path: string) => string): ComposeMount[] | undefined {
  if (value === undefined) return undefined;
  return (value as readonly unknown[]).map((entry) => {
    const mount = isDictionary(entry) ? (entry as ComposeMount) : mountOf(String(entry));
    if (mount.type !== 'bind') return mount;
    if (!mount.source) {
      const fault = 'invalid mount config for type "bind": field Source must not be empty';
      throw new FairleadError('invalid-argument', fault);
    }
    return { ...mount, source: locate(mount.source) };
  });
}

const propagations = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

/** `[source:]target[:options]`. */
function mountOf(text: string): ComposeMount {
  const fault = (why: string) => new FairleadError('invalid-argument', why);
  if (text === '') throw fault('invalid empty volume spec');
  const parts = text.split(':');
  if (parts.includes('')) throw fault(`invalid spec: ${text}: empty section between colons`);
  if (parts.length > 3) throw fault(`invalid spec: ${text}: too many colons`);
  const [first = '', second, options = ''] = parts;
  if (second === undefined) return { type: 'volume', target: first };
  const words = options.split(',');
  const propagation = words.find((word) => propagations.has(word));
  return {
    type: /^[./~]/.test(first) ? 'bind' : 'volume',
    source: first,
    target: second,
    ...(words.findLast((word) => word === 'ro' || word === 'rw') === 'ro' && { read_only: true }),
    ...(propagation !== undefined && { bind: { propagation } }),
    ...(words.includes('nocopy') && { volume: { nocopy: true } }),
  };
}

/** The keys of a mapping that say anything, in this order. */
function pickAll(source: Dictionary, keys: readonly string[]): Dictionary {
  const isSaid = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== false;
  return Object.fromEntries(keys.filter((key) => isSaid(source[key])).map((key) => [key, source[key]]));
}
