import { antispoofTable, hostTable, relayTable, segmentsTable } from '../packages/firewall/src/index.ts';
import {
  type AddressObject,
  type ElementObject,
  formatElements,
  formatTable,
  type KernelObject,
  type LinkObject,
  type LinkType,
  type RouteObject,
} from '../packages/netlink/src/index.ts';

/** Names of the sandboxes' namespaces begin so. */
const sandboxPrefix = 'fl-';

/**
 * A part of what a kernel holds, a line for each thing, in the words of ip(8) and nft(8):
 *
 * - `host LINK...`: these links of the host, the ports of those that are bridges, their addresses and routes.
 * - `container NAME [LINK...]`: the same in a container's network, of everything but loopback unless that is asked for.
 * - `rules NAME`: the tables in there.
 * - `limits host|NAME LINK...`: how fast links may send.
 * - `table NAME`: a table of the host, without its elements.
 * - `elements WORD...`: elements of the host's tables with one of the words as a field.
 *
 * What differs from run to run is left out: hardware addresses and what follows from them, numbers, states.
 *
 * @throws Error when there is nothing of the kind: a page must not show nothing by mistake.
 */
export function kernelView(objects: readonly KernelObject[], [what = '', ...words]: readonly string[]): string {
  const lines = views[what]?.(objects, words) ?? [];
  if (lines.length === 0) throw new Error(`nothing to show of: ${[what, ...words].join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

type View = (objects: readonly KernelObject[], words: readonly string[]) => string[];

const views: Readonly<Record<string, View>> = {
  host: (objects, words) =>
    linkLines(objects, '', ({ name, master }) => words.includes(name) || words.includes(master ?? '')),
  container: (objects, [container, ...words]) =>
    linkLines(objects, `${sandboxPrefix}${container}`, ({ name }) =>
      words.length === 0 ? name !== 'lo' : words.includes(name),
    ),
  rules: (objects, [container]) =>
    objects.flatMap((object) =>
      object.kind === 'table' && object.namespace === `${sandboxPrefix}${container}`
        ? [formatTable(object.definition).trim()]
        : [],
    ),
  limits: (objects, [place = '', ...links]) => {
    const here = objects.filter(({ namespace }) => namespace === (place === 'host' ? '' : `${sandboxPrefix}${place}`));
    return links.map((link) => {
      const limit = here.find((object) => object.kind === 'qdisc' && object.link === link);
      return `limit of ${link} ${limit?.kind === 'qdisc' ? `tbf rate ${(limit.rate * 8) / 1_000_000}mbit` : 'none'}`;
    });
  },
  table: (objects, [name]) =>
    objects.flatMap((object) =>
      object.kind === 'table' && object.namespace === '' && object.definition.name === name
        ? [formatTable(object.definition).trim()]
        : [],
    ),
  elements: elementLines,
};

function linkLines(
  objects: readonly KernelObject[],
  namespace: string,
  isShown: (link: LinkObject) => boolean,
): string[] {
  const here = objects.filter((object) => object.namespace === namespace);
  const links = here.filter((object) => object.kind === 'link').filter(isShown);
  const names = new Set(links.map(({ name }) => name));
  const addresses = here.filter((object) => object.kind === 'address').filter(({ link }) => names.has(link));
  const routes = here.filter((object) => object.kind === 'route').filter(({ link }) => names.has(link ?? ''));
  return [
    ...links.map(linkLine),
    ...addresses.filter(({ address }) => !isOfCard(address)).map(addressLine),
    ...routes.filter(isOfNetwork).sort(byFamily).map(routeLine),
  ];
}

/** Link-local and multicast: made by the kernel for every link, the first from its hardware address. */
function isOfCard(address: string): boolean {
  return /^f(e80|f[0-9a-f]{2}):/.test(address);
}

/** Not those of the table `local`, which say an address once more. */
function isOfNetwork({ destination, table }: RouteObject): boolean {
  return table === undefined && !isOfCard(destination);
}

/** The kernel gives those of IPv6 in an order of its own. */
function byFamily(one: RouteObject, other: RouteObject): number {
  const key = ({ destination }: RouteObject) => (destination.includes(':') ? `6 ${destination}` : '4');
  return key(one) < key(other) ? -1 : Number(key(one) > key(other));
}

function linkLine(link: LinkObject): string {
  const { name, type, up, mtu, master, port, madeIn } = link;
  return [
    `link ${name} ${typeWords(type, madeIn)}`,
    up ? 'up' : 'down',
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...(master === undefined ? [] : [`master ${master}`]),
    ...(port?.hairpin === undefined ? [] : [`hairpin ${port.hairpin ? 'on' : 'off'}`]),
    ...(port?.isolated === undefined ? [] : [`isolated ${port.isolated ? 'on' : 'off'}`]),
  ].join(' ');
}

function typeWords(type: LinkType, madeIn: string | undefined): string {
  const parent = 'parent' in type ? ` on ${type.parent}${madeIn === undefined ? '' : ` of ${placeOf(madeIn)}`}` : '';
  const mode = 'mode' in type ? ` mode ${type.mode}` : '';
  return `type ${type.kind}${parent}${mode}`;
}

function placeOf(namespace: string): string {
  return namespace === '' ? 'the host' : namespace.replace(sandboxPrefix, '');
}

function addressLine({ address, link }: AddressObject): string {
  return `address ${address} dev ${link}`;
}

function routeLine({ destination, via, link, source, protocol }: RouteObject): string {
  return [
    `route ${destination.replace(/^(0\.0\.0\.0|::)\/0$/, 'default')}`,
    ...(via === undefined ? [] : [`via ${via}`]),
    `dev ${link}`,
    ...(protocol === KERNEL ? ['proto kernel'] : []),
    ...(source === undefined ? [] : [`src ${source}`]),
  ].join(' ');
}

/** RTPROT_KERNEL: the kernel made the route with an address. */
const KERNEL = 2;

/** In the order in which nft prints the sets, and within one by their text: the kernel keeps none. */
function elementLines(objects: readonly KernelObject[], words: readonly string[]): string[] {
  const elements = objects.filter((object) => object.kind === 'element').filter(({ namespace }) => namespace === '');
  const concerned = elements.filter(({ key, value = [] }) => [...key, ...value].some((field) => words.includes(field)));
  const tables = [hostTable, relayTable, segmentsTable, antispoofTable].map((table) => table({ protected: true }));
  return tables.flatMap(({ family, name, sets }) =>
    sets.flatMap((set) =>
      concerned
        .filter((element) => element.table === name && element.set === set.name)
        .map((element: ElementObject) => `element ${family} ${name} ${set.name} ${formatElements(set, [element])}`)
        .sort(),
    ),
  );
}
