import { FairleadError } from '@fairlead/base';
import type { ContainerView, Image } from '@fairlead/engine';
import { mergedLabels } from './container-config.ts';
import { isUp } from './container-summary.ts';
import type { Filters } from './filters.ts';
import { healthWord } from './healthcheck.ts';
import { portFilter } from './port-filter.ts';

/** Keys that `GET /containers/json` knows. */
export const containerFilterKeys = [
  'ancestor',
  'before',
  'expose',
  'exited',
  'health',
  'id',
  'isolation',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
] as const;

const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const healths = ['none', 'starting', 'healthy', 'unhealthy'];

/** What a list of containers is asked for. */
export interface ListRequest {
  readonly all: boolean;
  /** The newest so many, running or not; 0 means all that fit. */
  readonly limit: number;
  readonly filters: Filters;
}

/**
 * The containers that a list shows, in the order given (newest first).
 *
 * @param images local images, for `ancestor`.
 * @throws FairleadError `invalid-argument` for values that a filter does not know.
 */
export function selectContainers(
  views: readonly ContainerView[],
  request: ListRequest,
  images: readonly Image[],
): ContainerView[] {
  const { filters, limit } = request;
  filters.requireOneOf('status', statuses);
  filters.requireOneOf('health', healths);
  // Also when there is no container to compare with.
  for (const key of ['publish', 'expose'] as const) for (const text of filters.values(key)) portFilter(key, text);
  const named = ['status', 'exited', 'before', 'since'].some((key) => filters.values(key).length > 0);
  const all = request.all || limit > 0 || named;
  const bounds = { before: referenceTime(views, filters, 'before'), since: referenceTime(views, filters, 'since') };
  const exits = filters.values('exited').map(exitCode);
  const selected = views.filter((view) => {
    const { container } = view;
    return (
      (all || isUp(container.state)) &&
      (bounds.before === undefined || container.created < bounds.before) &&
      (bounds.since === undefined || container.created > bounds.since) &&
      (exits.length === 0 || hasExited(view, exits)) &&
      filters.some('id', (id) => container.id.startsWith(id)) &&
      (filters.match('name', container.name) || filters.match('name', `/${container.name}`)) &&
      filters.exact('status', container.state.status) &&
      filters.exact('health', healthWord(container.state)) &&
      filters.boolean('is-task') !== true &&
      filters.labels(mergedLabels(view)) &&
      filters.some('network', (network) => isOn(view, network)) &&
      filters.some('volume', (volume) =>
        view.mounts.some((mount) => [mount.name, mount.destination].includes(volume)),
      ) &&
      filters.some('publish', (port) => isPublished(view, port)) &&
      filters.some('expose', (port) => isExposed(view, port)) &&
      filters.some('ancestor', (ancestor) => descendsFrom(view, ancestor, images))
    );
  });
  return limit > 0 ? selected.slice(0, limit) : selected;
}

function referenceTime(views: readonly ContainerView[], filters: Filters, key: string): number | undefined {
  const [reference] = filters.values(key);
  if (reference === undefined) return undefined;
  const name = reference.replace(/^\//, '');
  const found = views.find(({ container }) => container.name === name || container.id.startsWith(name));
  if (found === undefined) throw new FairleadError('not-found', `No such container: ${reference}`);
  return found.container.created;
}

function exitCode(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new FairleadError('invalid-argument', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** One that runs again has no exit code, though its state still holds that of the time before. */
function hasExited({ container: { state } }: ContainerView, codes: readonly number[]): boolean {
  return !isUp(state) && state.startedAt !== undefined && codes.includes(state.exitCode);
}

function isOn(view: ContainerView, reference: string): boolean {
  return view.networks.some(({ name, network }) => name === reference || network?.id.startsWith(reference) === true);
}

function isPublished(view: ContainerView, text: string): boolean {
  const { protocol, includes } = portFilter('publish', text);
  return view.bound.some(
    (bound) => bound.protocol === protocol && (includes(bound.containerPort) || includes(bound.hostPort)),
  );
}

function isExposed(view: ContainerView, text: string): boolean {
  const { protocol, includes } = portFilter('expose', text);
  return view.exposed.some((exposed) => {
    const [port = '', own] = exposed.split('/');
    return own === protocol && includes(Number(port));
  });
}

/** By name or id of the image, or of one that it shares all its layers with. */
function descendsFrom(view: ContainerView, ancestor: string, images: readonly Image[]): boolean {
  const { container, image } = view;
  if (container.config.image === ancestor || `${container.config.image}:latest` === ancestor) return true;
  const wanted = images.find(
    ({ id, tags }) => tags.includes(ancestor) || tags.includes(`${ancestor}:latest`) || isIdOf(id, ancestor),
  );
  if (wanted === undefined || image === undefined) return false;
  return (
    wanted.id === image.id ||
    (wanted.layers.length > 0 && wanted.layers.every((layer, index) => image.layers[index] === layer))
  );
}

function isIdOf(id: string, text: string): boolean {
  const digits = text.replace(/^sha256:/, '');
  return digits.length > 0 && id.replace(/^sha256:/, '').startsWith(digits);
}
