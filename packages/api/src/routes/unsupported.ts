import { FairleadError } from '@fairlead/base';
import type { Method, Route } from '../http/route.ts';

/** What this version lacks, by the routes that would do it. */
const lacking: readonly (readonly [what: string, ...routes: string[]])[] = [
  ['checkpointing', 'GET /containers/{id}/checkpoints', 'POST /containers/{id}/checkpoints'],
  ['searching registries', 'GET /images/search'],
];

/** Answers for the parts of the API that do not exist yet, so that clients say so in one line. */
export function unsupportedRoutes(): Route[] {
  return lacking.flatMap(([what, ...routes]) => routes.map((route) => refuse(route, what)));
}

function refuse(route: string, what: string): Route {
  const [method = '', pattern = ''] = route.split(' ');
  return {
    method: method as Method,
    pattern,
    handle: () => {
      throw new FairleadError('not-implemented', `${what} is not supported yet by this version of Fairlead`);
    },
  };
}
