import type { Action } from '../command/command.ts';
import { filterText, printListing, type Row, shorten } from '../format/listing.ts';

/** A repository that a registry has found. */
export interface FoundRepository {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
}

const headings = { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' };
/** Characters of a description, as the docker command shows it. */
const WIDTH = 45;

/** `fairlead search`. Whether the engine can search registries is its to say: this one says that it cannot. */
export const search: Action = async (invocation) => {
  const {
    words: [term = ''],
    options,
    engine,
  } = invocation;
  const query = { term, limit: options.integer('limit'), filters: filterText(options.list('filter')) };
  const found = await engine.ask<readonly FoundRepository[]>('GET', '/images/search', { query });
  const rows = repositoryRows(found, options.flag('no-trunc'));
  printListing(invocation, { rows, headings, columns: Object.keys(headings), identity: 'Name', raw: found });
  return 0;
};

/** Those with most stars first. @param full without shortening. */
export function repositoryRows(found: readonly FoundRepository[], full: boolean): Row[] {
  return found
    .toSorted((a, b) => b.star_count - a.star_count)
    .map(({ name, description, star_count, is_official }) => {
      const line = description.replace(/\s+/g, ' ').trim();
      return {
        Name: name,
        Description: full ? line : shorten(line, WIDTH),
        StarCount: `${star_count}`,
        IsOfficial: is_official ? '[OK]' : '',
      };
    });
}
