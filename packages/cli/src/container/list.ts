import { shortIdentifier } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { filterText, labelsText, printListing, type Row, shorten } from '../format/listing.ts';
import { localMomentText } from '../format/moment.ts';
import { agoText, sizeText } from '../format/quantity.ts';
import { type PortSummary, portText } from './port-text.ts';

/** A container as the engine lists it. */
interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Ports: readonly PortSummary[];
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly State: string;
  readonly Status: string;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly NetworkSettings?: { readonly Networks: Readonly<Record<string, unknown>> };
  readonly Mounts?: readonly { readonly Name?: string; readonly Source: string }[];
}

const headings = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Size: 'SIZE',
  Labels: 'LABELS',
  Networks: 'NETWORKS',
  Mounts: 'MOUNTS',
  LocalVolumes: 'LOCAL VOLUMES',
};

/** `fairlead ps`. */
export const list: Action = async (invocation) => {
  const { options, engine } = invocation;
  // Sizes are reckoned only for who looks at them.
  const size = options.flag('size') || /\{\{[^}]*(\.Size\b|json \.\s*\}\})/.test(options.text('format') ?? '');
  const last = options.flag('latest') ? 1 : options.integer('last');
  const containers = await engine.ask<readonly ContainerSummary[]>('GET', '/containers/json', {
    query: {
      all: options.flag('all') || undefined,
      limit: last === -1 ? undefined : last,
      size: size || undefined,
      filters: filterText(options.list('filter')),
    },
  });
  const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];
  printListing(invocation, {
    rows: containers.map((container) => containerRow(container, options.flag('no-trunc'))),
    labels: containers.map(({ Labels }) => Labels),
    headings,
    columns: options.flag('size') ? [...columns, 'Size'] : columns,
    identity: 'ID',
    raw: containers,
  });
  return 0;
};

function containerRow(container: ContainerSummary, full: boolean): Row {
  const { Id, Names, Command, Created, SizeRw = 0, SizeRootFs = 0 } = container;
  const volumes = (container.Mounts ?? []).filter(({ Name }) => Name !== undefined && Name !== '');
  return {
    ID: full ? Id : shortIdentifier(Id),
    Image: container.Image,
    Command: `"${full ? Command : shorten(Command, 20)}"`,
    CreatedAt: localMomentText(Created),
    RunningFor: agoText(Created),
    Status: container.Status,
    State: container.State,
    Ports: portText(container.Ports),
    // A name with a second slash is a link's.
    Names: Names.map((name) => name.replace(/^\//, ''))
      .filter((name) => full || !name.includes('/'))
      .join(','),
    Size: SizeRootFs > 0 ? `${sizeText(SizeRw)} (virtual ${sizeText(SizeRootFs)})` : sizeText(SizeRw),
    Labels: labelsText(container.Labels),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Mounts: (container.Mounts ?? []).map(({ Name, Source }) => Name ?? Source).join(','),
    LocalVolumes: String(volumes.length),
  };
}
