import { FairleadError } from '@fairlead/base';
import { parameter } from '../http/request.ts';
import { json } from '../http/response.ts';
import type { Method, Route } from '../http/route.ts';

/** What this version lacks, by the routes that would do it. */
const lacking: readonly (readonly [what: string, ...routes: string[]])[] = [
  ['checkpointing', 'GET /containers/{id}/checkpoints', 'POST /containers/{id}/checkpoints'],
  ['searching registries', 'GET /images/search'],
  ['swarm mode', 'POST /swarm/init', 'POST /swarm/join', 'POST /services/create'],
  ['installing plugins', 'POST /plugins/pull', 'GET /plugins/privileges'],
];

/** What a client asks for that wants to build with BuildKit. */
const buildKit = ['/session', '/grpc', '/build/cancel'];

/** Kinds of objects that only a swarm manager has. */
const swarmKinds = ['nodes', 'services', 'tasks', 'secrets', 'configs'];

/** Docker's words: clients that look everywhere for a name recognise them and go on. */
const notInSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm ' +
  'and try again.';

/** Answers for the parts of the API that do not exist yet, so that clients say so in one line. */
export function unsupportedRoutes(): Route[] {
  const refused = lacking.flatMap(([what, ...routes]) => routes.map((route) => refuse(route, what)));
  const swarm = ['/swarm', ...swarmKinds.flatMap((kind) => [`/${kind}`, `/${kind}/{id}`])].map(
    (pattern): Route => ({
      method: 'GET',
      pattern,
      handle: () => {
        throw new FairleadError('unavailable', notInSwarm);
      },
    }),
  );
  return [...refused, ...buildKit.map(refuseBuildKit), ...swarm, ...emptyLists];
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

function refuseBuildKit(pattern: string): Route {
  return {
    method: 'POST',
    pattern,
    handle: () => {
      const advice = 'set DOCKER_BUILDKIT=0 to build with the classic builder, which is';
      throw new FairleadError('not-implemented', `BuildKit is not supported by this version of Fairlead: ${advice}`);
    },
  };
}

/** Things of which there are truly none. */
const emptyLists: readonly Route[] = [
  { method: 'GET', pattern: '/plugins', handle: () => json([]) },
  {
    method: 'GET',
    pattern: '/plugins/{name*}/json',
    handle: (request) => {
      throw new FairleadError('not-found', `plugin "${parameter(request, 'name')}" not found`);
    },
  },
];
