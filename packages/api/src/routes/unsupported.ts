import { FairleadError } from '@fairlead/base';
import { type ApiRequest, parameter, text } from '../http/request.ts';
import { type ApiResponse, json } from '../http/response.ts';
import type { Method, Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';

/** What this version lacks, by the routes that would do it. */
const lacking: readonly (readonly [what: string, ...routes: string[]])[] = [
  ['checkpointing', 'GET /containers/{id}/checkpoints', 'POST /containers/{id}/checkpoints'],
  ['searching registries', 'GET /images/search'],
  ['installing plugins', 'POST /plugins/pull', 'GET /plugins/privileges'],
  ['making plugins', 'POST /plugins/create'],
];

/** What is done to a plugin that is there. */
const pluginOperations = [
  'GET /plugins/{name*}/json',
  'DELETE /plugins/{name*}',
  ...['enable', 'disable', 'upgrade', 'push', 'set'].map((verb) => `POST /plugins/{name*}/${verb}`),
];

/** Answers for the parts of the API that do not exist yet, so that clients say so in one line. */
export function unsupportedRoutes(): Route[] {
  return [
    ...lacking.flatMap(([what, ...routes]) => routes.map((route) => refuse(route, what))),
    ...pluginOperations.map((route) => failing(route, noSuchPlugin)),
    { method: 'GET', pattern: '/plugins', handle: listPlugins },
  ];
}

function refuse(route: string, what: string): Route {
  return failing(
    route,
    () => new FairleadError('not-implemented', `${what} is not supported yet by this version of Fairlead`),
  );
}

/** A route that only ever fails. */
function failing(route: string, errorOf: (request: ApiRequest) => FairleadError): Route {
  const [method = '', pattern = ''] = route.split(' ');
  return {
    method: method as Method,
    pattern,
    handle: (request) => {
      throw errorOf(request);
    },
  };
}

/** None is installed; plugins that were started by somebody else are not shown, as with Docker. */
function listPlugins(request: ApiRequest): ApiResponse {
  Filters.parse(text(request, 'filters'), ['capability', 'enabled']);
  return json([]);
}

function noSuchPlugin(request: ApiRequest): FairleadError {
  return new FairleadError('not-found', `plugin "${parameter(request, 'name')}" not found`);
}
