import type { Action } from '../command/command.ts';
import { forEachName } from '../container/for-each-name.ts';
import { inspectEach } from '../container/views.ts';
import { filterText, printListing, type Row, shorten } from '../format/listing.ts';
import { localMomentText } from '../format/moment.ts';
import { agoText, sizeText } from '../format/quantity.ts';
import { askedPlatform } from './platform.ts';

/** An image as the engine lists it. */
interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Size: number;
}

interface Layer {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

const none = '<none>';
const headings = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
};

/** `fairlead images`. */
export const list: Action = async (invocation) => {
  const {
    words: [reference],
    options,
    engine,
  } = invocation;
  const filters = [...options.list('filter'), ...(reference === undefined ? [] : [`reference=${reference}`])];
  const images = await engine.ask<readonly ImageSummary[]>('GET', '/images/json', {
    query: { filters: filterText(filters) },
  });
  const columns = ['Repository', 'Tag', ...(options.flag('digests') ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'];
  printListing(invocation, {
    rows: images.flatMap((image) => imageRows(image, options.flag('no-trunc'))),
    headings,
    columns,
    identity: 'ID',
    raw: images,
  });
  return 0;
};

/** One row for each name; an image without any has one as well. */
function imageRows({ Id, RepoTags, RepoDigests, Created, Size }: ImageSummary, full: boolean): Row[] {
  const names = (RepoTags ?? []).filter((name) => name !== `${none}:${none}`);
  return (names.length === 0 ? [`${none}:${none}`] : names).map((name) => {
    const at = name.lastIndexOf(':');
    const repository = name.slice(0, at);
    return {
      Repository: repository,
      Tag: name.slice(at + 1),
      Digest: (RepoDigests ?? []).find((digest) => digest.startsWith(`${repository}@`))?.split('@')[1] ?? none,
      ID: full ? Id : shortImageId(Id),
      CreatedSince: agoText(Created),
      CreatedAt: localMomentText(Created),
      Size: sizeText(Size),
    };
  });
}

/** A moment in UTC to the second, given in seconds since the epoch. */
function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

function shortImageId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** `fairlead rmi`. */
export const remove: Action = (invocation) => {
  const { options, engine } = invocation;
  const query = { force: options.flag('force') || undefined, noprune: options.flag('no-prune') || undefined };
  return forEachName(
    invocation,
    async (name) => {
      const removed = await engine.ask<{ Untagged?: string; Deleted?: string }[]>('DELETE', `/images/${name}`, {
        query,
      });
      return removed.map(({ Untagged, Deleted }) =>
        Untagged === undefined ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`,
      );
    },
    (_, lines) => (Array.isArray(lines) ? lines.join('\n') : ''),
  );
};

/** `fairlead tag`. */
export const tag: Action = async ({ words: [image = '', reference = ''], engine }) => {
  const [, repo = reference, name = 'latest'] = /^(.*?)(?::([^:/]+))?$/.exec(reference) ?? [];
  await engine.ask('POST', `/images/${image}/tag`, { query: { repo, tag: name } });
  return 0;
};

/** `fairlead image inspect`. */
export const inspect: Action = (invocation) =>
  inspectEach(invocation, (name) =>
    invocation.engine.ask('GET', `/images/${name}/json`, { query: { platform: askedPlatform(invocation.options) } }),
  );

/** `fairlead history`. */
export const history: Action = async (invocation) => {
  const {
    words: [image = ''],
    options,
    engine,
  } = invocation;
  const layers = await engine.ask<readonly Layer[]>('GET', `/images/${image}/history`, {
    query: { platform: askedPlatform(options) },
  });
  const [full, forPeople] = [options.flag('no-trunc'), options.flag('human', true)];
  printListing(invocation, {
    rows: layers.map(({ Id, Created, CreatedBy, Size, Comment }) => ({
      ID: full ? Id : shortImageId(Id),
      CreatedSince: forPeople ? agoText(Created) : isoSeconds(Created),
      CreatedAt: isoSeconds(Created),
      CreatedBy: full ? CreatedBy : shorten(CreatedBy, 45),
      Size: forPeople ? sizeText(Size) : String(Size),
      Comment,
    })),
    headings: { ...headings, ID: 'IMAGE', CreatedBy: 'CREATED BY', Comment: 'COMMENT' },
    columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
    identity: 'ID',
    raw: layers,
  });
  return 0;
};
