import { agreed } from '../command/agreement.ts';
import type { Action, Invocation } from '../command/command.ts';
import { badValue } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { filterText } from '../format/listing.ts';
import { parseBytes, sizeText } from '../format/quantity.ts';

/** What one kind of things was pruned to. */
interface Pruned {
  readonly lines: readonly string[];
  readonly reclaimed: number;
}

interface ImageReport {
  readonly ImagesDeleted: readonly { readonly Untagged?: string; readonly Deleted?: string }[] | null;
  readonly SpaceReclaimed: number;
}

/** `fairlead image prune`. */
export const pruneImages: Action = async ({ options, engine, print }) => {
  const all = options.flag('all');
  const what = all ? 'all images without at least one container associated to them' : 'all dangling images';
  if (!options.flag('force') && !(await agreed(`This will remove ${what}.`))) return 0;
  const { lines, reclaimed } = await images(engine, options.list('filter'), all);
  lines.forEach(print);
  print(`Total reclaimed space: ${sizeText(reclaimed)}`);
  return 0;
};

/** `fairlead builder prune`. */
export const pruneBuilder: Action = async ({ options, engine, print }) => {
  const all = options.flag('all');
  const what = all ? 'all build cache' : 'all dangling build cache';
  if (!options.flag('force') && !(await agreed(`This will remove ${what}.`))) return 0;
  const keep = options.text('keep-storage');
  const bytes = keep === undefined ? undefined : parseBytes(keep);
  if (keep !== undefined && bytes === undefined) throw badValue(keep, 'keep-storage', `invalid size: '${keep}'`);
  const { lines, reclaimed } = await buildCache(engine, options.list('filter'), all, bytes);
  lines.forEach(print);
  print(`Total reclaimed space: ${sizeText(reclaimed)}`);
  return 0;
};

/** `fairlead system prune`. */
export const pruneSystem: Action = async (invocation) => {
  const { options, engine, print } = invocation;
  if (!options.flag('force') && !(await agreed(warning(invocation)))) return 0;
  const filters = options.list('filter');
  const steps = [
    () => named(engine, 'containers', 'ContainersDeleted', 'Deleted Containers:', filters),
    () => named(engine, 'networks', 'NetworksDeleted', 'Deleted Networks:', filters),
    ...(options.flag('volumes')
      ? [() => named(engine, 'volumes', 'VolumesDeleted', 'Deleted Volumes:', withoutTime(filters))]
      : []),
    () => images(engine, filters, options.flag('all')),
    () => buildCache(engine, withoutLabels(filters), options.flag('all')),
  ];
  let total = 0;
  for (const step of steps) {
    const { lines, reclaimed } = await step();
    lines.forEach(print);
    total += reclaimed;
  }
  print(`Total reclaimed space: ${sizeText(total)}`);
  return 0;
};

function warning({ options }: Invocation): string {
  const things = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(options.flag('volumes') ? ['all anonymous volumes not used by at least one container'] : []),
    options.flag('all') ? 'all images without at least one container associated to them' : 'all dangling images',
    options.flag('all') ? 'all build cache' : 'unused build cache',
  ];
  return ['This will remove:', ...things.map((thing) => `  - ${thing}`), ''].join('\n');
}

/** Volumes have no time by which they could be chosen. */
function withoutTime(filters: readonly string[]): string[] {
  return filters.filter((filter) => !filter.startsWith('until='));
}

/** What builds keep has no labels. */
function withoutLabels(filters: readonly string[]): string[] {
  return filters.filter((filter) => !filter.startsWith('label'));
}

async function buildCache(
  engine: Connection,
  filters: readonly string[],
  all: boolean,
  keep?: number,
): Promise<Pruned> {
  const query = { filters: filterText(filters), all: all ? 1 : undefined, 'keep-storage': keep };
  const report = await engine.ask<{ CachesDeleted: readonly string[] | null; SpaceReclaimed: number }>(
    'POST',
    '/build/prune',
    { query },
  );
  const ids = report.CachesDeleted ?? [];
  const lines = ids.length > 0 ? ['Deleted build cache objects:', ...ids, ''] : [];
  return { lines, reclaimed: report.SpaceReclaimed };
}

async function named(
  engine: Connection,
  kind: string,
  field: string,
  title: string,
  filters: readonly string[],
): Promise<Pruned> {
  const query = { filters: filterText(filters) };
  const report = await engine.ask<Readonly<Record<string, unknown>>>('POST', `/${kind}/prune`, { query });
  const names = Array.isArray(report[field]) ? report[field].map(String) : [];
  return { lines: names.length > 0 ? [title, ...names, ''] : [], reclaimed: Number(report['SpaceReclaimed'] ?? 0) };
}

async function images(engine: Connection, filters: readonly string[], all: boolean): Promise<Pruned> {
  const query = { filters: filterText([...filters, `dangling=${!all}`]) };
  const report = await engine.ask<ImageReport>('POST', '/images/prune', { query });
  const lines = (report.ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
  );
  return { lines: lines.length > 0 ? ['Deleted Images:', ...lines, ''] : [], reclaimed: report.SpaceReclaimed };
}
