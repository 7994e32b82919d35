import { type Change, identityOf, type KernelObject, type LinkObject, type NamespaceName } from '@fairlead/netlink';
import type { KernelPort } from '../kernel-port.ts';

/** Kinds by which it is told what is really there. */
const observedKinds = ['link', 'address', 'route', 'fdb', 'qdisc', 'table', 'element'] as const;

/**
 * What has to be on a stage before changes can be tried there: all that they speak of, and what that stands on. What the
 * engine has made is made again as it was, if it is still there; links of others have stand-ins, for names and addresses
 * are all that matters of them.
 */
export class Scenery {
  readonly #machine: Pick<KernelPort, 'observe' | 'readSysctl'>;
  readonly #byNamespace: ReadonlyMap<NamespaceName, readonly KernelObject[]>;
  readonly #byLink: ReadonlyMap<string, readonly KernelObject[]>;
  readonly #present = new Map<NamespaceName, ReadonlyMap<string, KernelObject>>();
  /** What is there already, or has had its part. */
  readonly #done = new Set<string>();

  /** @param known what the engine wants of the kernel, everything. */
  constructor(machine: Pick<KernelPort, 'observe' | 'readSysctl'>, known: readonly KernelObject[]) {
    this.#machine = machine;
    this.#byNamespace = Map.groupBy(known, ({ namespace }) => namespace);
    this.#byLink = groupByLinks(known);
  }

  /** What is missing for these changes, after those that it was asked for before. */
  missingFor(changes: readonly Change[]): KernelObject[] {
    const wanted = changes.flatMap((change) => [
      change.object,
      ...(change.action === 'change' ? [change.previous] : []),
    ]);
    const objects = [...this.#hostTables(), ...this.#closure(wanted), ...wanted.flatMap((one) => this.#setting(one))];
    const missing = new Map(objects.map((object) => [identityOf(object), object]));
    for (const identity of this.#done) missing.delete(identity);
    for (const identity of [...missing.keys(), ...wanted.map(identityOf)]) this.#done.add(identity);
    return [...missing.values()];
  }

  /** Everything that leads from `wanted` to other objects, and those from there. */
  #closure(wanted: readonly KernelObject[]): KernelObject[] {
    const found = new Map<string, KernelObject>();
    const places = new Set(wanted.flatMap(placesOf));
    // A set gives what is added to it while it is walked through.
    for (const place of places) {
      for (const object of this.#at(place)) {
        found.set(identityOf(object), object);
        for (const other of placesOf(object)) places.add(other);
      }
    }
    return [...found.values()];
  }

  /** What is really there of a namespace that is no host's, or of a link. */
  #at(place: string): readonly KernelObject[] {
    const [namespace = '', link] = place.split('|');
    if (link === 'lo') return [];
    const known = link === undefined ? this.#inNamespace(namespace) : (this.#byLink.get(place) ?? []);
    const real = known.filter((one) => one.kind === 'sysctl' || this.#presentIn(one.namespace).has(identityOf(one)));
    if (link === undefined || real.some(({ kind }) => kind === 'link')) return real.map(playable);
    return [...standIns(this.#presentIn(namespace), namespace, link), ...real];
  }

  #inNamespace(namespace: NamespaceName): readonly KernelObject[] {
    return namespace === ''
      ? []
      : [...(this.#byNamespace.get(namespace) ?? []), ...(this.#byLink.get(`${namespace}|`) ?? [])];
  }

  #hostTables(): KernelObject[] {
    return [...this.#presentIn('').values()].flatMap((object) =>
      object.kind === 'table' || object.kind === 'element' ? [playable(object)] : [],
    );
  }

  /** A setting as it is, so that it can be told what it was. */
  #setting(object: KernelObject): KernelObject[] {
    if (object.kind !== 'sysctl' || object.namespace !== '') return [];
    const value = this.#machine.readSysctl(object.namespace, object.key);
    return value === undefined ? [] : [{ ...object, value }];
  }

  #presentIn(namespace: NamespaceName): ReadonlyMap<string, KernelObject> {
    const known = this.#present.get(namespace);
    if (known !== undefined) return known;
    const present = new Map(this.#observe(namespace).map((object) => [identityOf(object), object]));
    this.#present.set(namespace, present);
    return present;
  }

  /** Empty for a namespace that is not there: neither is anything in it. */
  #observe(namespace: NamespaceName): KernelObject[] {
    try {
      return [{ kind: 'namespace', namespace }, ...this.#machine.observe(namespace, observedKinds)];
    } catch {
      return [];
    }
  }
}

/** What an object is in, on, or made from: `namespace`, or `namespace|link`. */
function placesOf(object: KernelObject): string[] {
  const { namespace } = object;
  const inside = namespace === '' ? [] : [namespace];
  if (object.kind === 'link') return [...inside, ...linkPlaces(object)];
  return 'link' in object && object.link !== undefined ? [...inside, `${namespace}|${object.link}`] : inside;
}

function linkPlaces({ namespace, name, master, madeIn = namespace, type }: LinkObject): string[] {
  return [
    `${namespace}|${name}`,
    ...(master === undefined ? [] : [`${namespace}|${master}`]),
    ...('parent' in type && type.parent !== undefined ? [`${madeIn}|${type.parent}`] : []),
    ...(type.kind === 'moved' ? [`${madeIn}|${type.source}`] : []),
    ...(type.kind === 'veth' && type.peer !== undefined ? [type.peer.namespace] : []),
  ];
}

/** By the link that they are or are on; outer ends also under the inner one, and under `namespace|` of where that is. */
function groupByLinks(objects: readonly KernelObject[]): ReadonlyMap<string, readonly KernelObject[]> {
  const links = new Map<string, KernelObject[]>();
  const add = (key: string, object: KernelObject) => {
    const group = links.get(key);
    if (group === undefined) links.set(key, [object]);
    else group.push(object);
  };
  for (const object of objects) {
    if (object.kind === 'link') {
      add(`${object.namespace}|${object.name}`, object);
      if (object.type.kind !== 'veth' || object.type.peer === undefined) continue;
      const { namespace, name } = object.type.peer;
      for (const key of [`${namespace}|`, `${namespace}|${name}`]) add(key, object);
    } else if ('link' in object && object.link !== undefined) add(`${object.namespace}|${object.link}`, object);
    else if (object.kind === 'sysctl') add(`${object.namespace}|${linkOfKey(object.key)}`, object);
  }
  return links;
}

/** `net.ipv4.conf.eth0.rp_filter` is about `eth0`; what is about all links is no link's. */
function linkOfKey(key: string): string {
  const [, , , name = ''] = key.split('.');
  return name === 'all' || name === 'default' ? '' : name.replaceAll('/', '.');
}

/** Somebody else's link as far as it matters: its name, its place in the way of addresses, and what can hang on it. */
function standIns(present: ReadonlyMap<string, KernelObject>, namespace: NamespaceName, name: string): KernelObject[] {
  return [...present.values()].flatMap((object): KernelObject[] => {
    if (object.kind === 'address' && object.namespace === namespace && object.link === name) return [object];
    return object.kind === 'link' && object.name === name ? [standIn(object)] : [];
  });
}

/** A bridge: every host can make one, and every kind of link can hang on it. */
function standIn({ namespace, name, up, mac, mtu }: LinkObject): LinkObject {
  return { kind: 'link', namespace, name, type: { kind: 'bridge' }, up, ...(mac && { mac }), ...(mtu && { mtu }) };
}

/**
 * An object as it can be made on a stage: nobody owns a table there, so that whoever plays may change it, and what was moved
 * has come from nowhere.
 */
export function playable(object: KernelObject): KernelObject {
  if (object.kind === 'link' && object.type.kind === 'moved') return standIn(object);
  if (object.kind !== 'table') return object;
  const { protected: _, ...definition } = object.definition;
  return { ...object, definition };
}
