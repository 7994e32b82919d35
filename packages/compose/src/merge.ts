import type { ComposeConfig, ComposeService } from './compose-config.ts';
import { type Dictionary, isDictionary } from './yaml-text.ts';

/** What files say together: a later one adds to and goes over what is before it (docker/cli, cli/compose/loader/merge.go). */
export function mergeConfigs([first, ...others]: readonly ComposeConfig[]): ComposeConfig {
  if (first === undefined) throw new TypeError('there has to be a file');
  let merged = first;
  for (const over of others) merged = mergeTwo(merged, over);
  return merged;
}

function mergeTwo(base: ComposeConfig, over: ComposeConfig): ComposeConfig {
  const names = new Set([...Object.keys(base.services), ...Object.keys(over.services)]);
  const services = [...names].sort().map((name) => [name, mergeService(base.services[name], over.services[name])]);
  return {
    ...base,
    services: Object.fromEntries(services),
    ...mergeSections(base, over, ['networks', 'volumes', 'secrets', 'configs']),
  };
}

function mergeSections(base: ComposeConfig, over: ComposeConfig, sections: readonly string[]): Dictionary {
  const merged = sections.map((name) => {
    const both = { ...(base[name] as object | undefined), ...(over[name] as object | undefined) };
    const sorted = Object.entries(both).sort(([left], [right]) => (left < right ? -1 : 1));
    return [name, Object.fromEntries(sorted)] as const;
  });
  return Object.fromEntries(merged.filter(([, section]) => Object.keys(section).length > 0));
}

function mergeService(base: ComposeService | undefined, over: ComposeService | undefined): ComposeService {
  if (base === undefined || over === undefined) return base ?? over ?? {};
  return mergeFields(base as Dictionary, over as Dictionary, []) as ComposeService;
}

/** Lists whose entries are told apart by one of their fields. */
const keyed: Readonly<Record<string, string>> = {
  ports: 'published',
  secrets: 'source',
  configs: 'source',
  volumes: 'target',
};

function mergeFields(base: Dictionary, over: Dictionary, path: readonly string[]): Dictionary {
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, mergeValue(base[key], over[key], [...path, key])]));
}

function mergeValue(base: unknown, over: unknown, path: readonly string[]): unknown {
  if (over === undefined || over === '' || over === null) return base === undefined ? over : base;
  if (base === undefined || base === null) return over;
  const place = path.join('.');
  if (/^(command|entrypoint|ulimits\..*)$/.test(place)) return over;
  if (Array.isArray(base) && Array.isArray(over)) {
    const key = path.length === 1 ? keyed[place] : undefined;
    return key === undefined ? [...base, ...over] : mergeByKey(base, over, key);
  }
  if (place === 'logging') return mergeLogging(base as Dictionary, over as Dictionary);
  if (/^networks\.[^.]+$/.test(place)) return mergeAttachment(base as Dictionary, over as Dictionary);
  return isDictionary(base) && isDictionary(over) ? mergeFields(base, over, path) : over;
}

function mergeByKey(base: readonly Dictionary[], over: readonly Dictionary[], key: string): Dictionary[] {
  const byKey = new Map([...base, ...over].map((entry) => [entry[key], entry]));
  return [...byKey.values()].sort((left, right) => ((left[key] ?? '') < (right[key] ?? '') ? -1 : 1));
}

/** Options belong to their driver: another driver has its own. */
function mergeLogging(base: Dictionary, over: Dictionary): Dictionary {
  const isOther = base['driver'] && over['driver'] && base['driver'] !== over['driver'];
  return isOther ? over : mergeFields(base, over, ['logging', '*']);
}

function mergeAttachment(base: Dictionary, over: Dictionary): Dictionary {
  const { aliases: _, ...rest } = base;
  const both: Dictionary = { ...rest, ...over };
  const order = ['aliases', 'driver_opts', 'ipv4_address', 'ipv6_address'];
  return Object.fromEntries(order.filter((key) => Object.hasOwn(both, key)).map((key) => [key, both[key]]));
}
