import type { Action, Invocation } from '../command/command.ts';
import { agoText, sizeText } from '../format/quantity.ts';
import { compileTemplate } from '../format/template.ts';
import { textTable } from '../format/text-table.ts';

/** What the engine says of the disk. */
interface Usage {
  readonly LayersSize: number;
  readonly Images: readonly {
    readonly Id: string;
    readonly RepoTags: readonly string[] | null;
    readonly Created: number;
    readonly Size: number;
    readonly SharedSize: number;
    readonly Containers: number;
  }[];
  readonly Containers: readonly {
    readonly Id: string;
    readonly Names: readonly string[];
    readonly Image: string;
    readonly Command: string;
    readonly Created: number;
    readonly State: string;
    readonly Status: string;
    readonly SizeRw?: number;
    readonly Mounts?: readonly { readonly Type: string }[];
  }[];
  readonly Volumes: readonly {
    readonly Name: string;
    readonly UsageData?: { readonly Size: number; readonly RefCount: number };
  }[];
  readonly BuildCache: readonly { readonly Size: number; readonly InUse: boolean }[] | null;
}

interface Part {
  readonly Type: string;
  readonly TotalCount: string;
  readonly Active: string;
  readonly Size: string;
  readonly Reclaimable: string;
}

/** `fairlead system df`. */
export const diskUsage: Action = async ({ options, engine, print }) => {
  const usage = await engine.ask<Usage>('GET', '/system/df');
  const format = options.text('format');
  if (options.flag('verbose')) printEverything(usage, print);
  else if (options.flag('json')) print(JSON.stringify(usage, null, 2));
  else if (format === undefined) {
    const rows = partsOf(usage).map((part) => [part.Type, part.TotalCount, part.Active, part.Size, part.Reclaimable]);
    textTable([['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'], ...rows]).forEach(print);
  } else {
    const render = format === 'json' ? JSON.stringify : compileTemplate(format);
    for (const part of partsOf(usage)) print(render(part));
  }
  return 0;
};

function partsOf({ LayersSize, Images, Containers, Volumes, BuildCache }: Usage): Part[] {
  const usedImages = Images.filter(({ Containers: count }) => count > 0);
  const usedLayers = usedImages.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(0, SharedSize), 0);
  const live = ({ State }: Usage['Containers'][number]) => /running|paused|restarting/.test(State);
  const written = (containers: Usage['Containers']) => containers.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0);
  const sizeOf = (volumes: Usage['Volumes']) =>
    volumes.reduce((sum, { UsageData }) => sum + Math.max(0, UsageData?.Size ?? 0), 0);
  const isUsed = ({ UsageData }: Usage['Volumes'][number]) => (UsageData?.RefCount ?? 0) > 0;
  const cache = BuildCache ?? [];
  const cached = (records: typeof cache) => records.reduce((sum, { Size }) => sum + Size, 0);
  return [
    part('Images', Images.length, usedImages.length, LayersSize, LayersSize - usedLayers),
    part(
      'Containers',
      Containers.length,
      Containers.filter(live).length,
      written(Containers),
      written(Containers.filter((container) => !live(container))),
    ),
    part(
      'Local Volumes',
      Volumes.length,
      Volumes.filter(isUsed).length,
      sizeOf(Volumes),
      sizeOf(Volumes.filter((volume) => !isUsed(volume))),
    ),
    part('Build Cache', cache.length, cache.filter(({ InUse }) => InUse).length, cached(cache), cached(cache)),
  ];
}

function part(type: string, total: number, active: number, size: number, free: number): Part {
  const share = size > 0 && type !== 'Build Cache' ? ` (${Math.floor((Math.max(0, free) / size) * 100)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: sizeText(size),
    Reclaimable: `${sizeText(Math.max(0, free))}${share}`,
  };
}

function printEverything({ Images, Containers, Volumes }: Usage, print: Invocation['print']): void {
  print('Images space usage:\n');
  const imageHead = ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'];
  const imageRows = Images.flatMap(({ Id, RepoTags, Created, Size, SharedSize, Containers: count }) =>
    (RepoTags?.length ? RepoTags : ['<none>:<none>']).map((name) => [
      name.slice(0, name.lastIndexOf(':')),
      name.slice(name.lastIndexOf(':') + 1),
      Id.replace(/^sha256:/, '').slice(0, 12),
      agoText(Created),
      sizeText(Size),
      sizeText(Math.max(0, SharedSize)),
      sizeText(Size - Math.max(0, SharedSize)),
      String(Math.max(0, count)),
    ]),
  );
  textTable([imageHead, ...imageRows]).forEach(print);
  print('\nContainers space usage:\n');
  const containerHead = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'];
  const containerRows = Containers.map(({ Id, Image, Command, Mounts = [], SizeRw = 0, Created, Status, Names }) => [
    Id.slice(0, 12),
    Image,
    JSON.stringify(Command.length > 20 ? `${Command.slice(0, 19)}…` : Command),
    String(Mounts.filter(({ Type }) => Type === 'volume').length),
    sizeText(SizeRw),
    agoText(Created),
    Status,
    Names.map((name) => name.slice(1)).join(','),
  ]);
  textTable([containerHead, ...containerRows]).forEach(print);
  print('\nLocal Volumes space usage:\n');
  const volumeRows = Volumes.map(({ Name, UsageData }) => [
    Name,
    String(UsageData?.RefCount ?? 0),
    sizeText(Math.max(0, UsageData?.Size ?? 0)),
  ]);
  textTable([['VOLUME NAME', 'LINKS', 'SIZE'], ...volumeRows]).forEach(print);
}
