import type { Action } from '../command/command.ts';
import { forEachName } from '../container/for-each-name.ts';
import { inspectEach } from '../container/views.ts';
import { filterText, type Labels, labelsText, printListing } from '../format/listing.ts';
import { sizeText } from '../format/quantity.ts';

/** A volume as the engine says it. */
interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Mountpoint: string;
  readonly Labels: Labels;
}

/** What only volumes of a cluster have, and what only `system df` reckons, as docker shows it in a list. */
const unknown = { Availability: 'N/A', Group: 'N/A', Status: 'N/A', Links: 'N/A', Size: 'N/A' };

const headings = {
  Driver: 'DRIVER',
  Name: 'VOLUME NAME',
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Availability: 'AVAILABILITY',
  Group: 'GROUP',
  Status: 'STATUS',
  Links: 'LINKS',
  Size: 'SIZE',
};

/** `fairlead volume ls`. */
export const list: Action = async (invocation) => {
  const { options, engine } = invocation;
  const query = { filters: filterText(options.list('filter')) };
  const { Volumes } = await engine.ask<{ readonly Volumes: readonly Volume[] | null }>('GET', '/volumes', { query });
  const volumes = (Volumes ?? []).toSorted((left, right) => left.Name.localeCompare(right.Name));
  printListing(invocation, {
    rows: volumes.map((volume) => {
      const { Driver, Name, Scope, Mountpoint } = volume;
      return { ...unknown, Driver, Name, Scope, Mountpoint, Labels: labelsText(volume.Labels) };
    }),
    labels: volumes.map((volume) => volume.Labels),
    headings,
    columns: ['Driver', 'Name'],
    identity: 'Name',
    raw: volumes,
  });
  return 0;
};

/** `fairlead volume create`. */
export const create: Action = async ({ words: [name], options, engine, print }) => {
  const [driverOptions, labels] = [options.map('opt'), options.map('label')];
  const body = {
    Name: name ?? '',
    Driver: options.text('driver') ?? '',
    ...(Object.keys(driverOptions).length > 0 && { DriverOpts: driverOptions }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
  };
  print((await engine.ask<Volume>('POST', '/volumes/create', { body })).Name);
  return 0;
};

/** `fairlead volume inspect`. Without a template it is JSON anyway. */
export const inspect: Action = (invocation) =>
  inspectEach(invocation, (name) => invocation.engine.ask('GET', `/volumes/${name}`));

/** `fairlead volume rm`. */
export const remove: Action = (invocation) => {
  const query = { force: invocation.options.flag('force') || undefined };
  return forEachName(invocation, (name) => invocation.engine.ask('DELETE', `/volumes/${name}`, { query }));
};

/** `fairlead volume prune`. */
export const prune: Action = async ({ options, engine, print }) => {
  const all = options.flag('all');
  if (!options.flag('force') && !(await agreed(all))) return 0;
  const filters = filterText([...options.list('filter'), ...(all ? ['all=true'] : [])]);
  const pruned = await engine.ask<{
    readonly VolumesDeleted: readonly string[] | null;
    readonly SpaceReclaimed: number;
  }>('POST', '/volumes/prune', { query: { filters } });
  const deleted = pruned.VolumesDeleted ?? [];
  if (deleted.length > 0) ['Deleted Volumes:', ...deleted, ''].forEach((line) => print(line));
  print(`Total reclaimed space: ${sizeText(pruned.SpaceReclaimed)}`);
  return 0;
};

async function agreed(all: boolean): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  using terminal = createInterface({ input: process.stdin, output: process.stdout });
  const what = all ? 'all local volumes' : 'anonymous local volumes';
  process.stdout.write(`WARNING! This will remove ${what} not used by at least one container.\n`);
  return /^y(es)?$/i.test(await terminal.question('Are you sure you want to continue? [y/N] '));
}
