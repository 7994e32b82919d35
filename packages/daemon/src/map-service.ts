import { type Logger, messageOf } from '@fairlead/base';
import type { ContainerView, EngineEvent, EnginePort, MapService } from '@fairlead/engine';
import { LiveMap, type Names, openObserver } from '@fairlead/map';
import { containerPlace, networkPlace } from './place-directory.ts';

/** The map of the machine that this daemon runs on. */
export function mapService(engine: EnginePort, logger: Logger): MapService {
  return new LiveMap({
    names: () => readNames(engine),
    openObserver,
    examine: async () => (await engine.diagnosis.examine()).findings,
    happenings: (signal) => changesOf(engine, signal),
    failed: (error) => logger.warn('map not brought up to date', { error: messageOf(error) }),
  });
}

async function* changesOf(engine: EnginePort, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  for await (const event of engine.events({ signal })) if (changesMap(event)) yield event;
}

/** Health checks alone would have the whole network looked at every second. */
function changesMap({ type, action }: EngineEvent): boolean {
  return (type === 'container' || type === 'network') && !action.startsWith('exec_');
}

/** Who is who, oldest first, so that on the map what is new comes last. */
function readNames(engine: EnginePort): Names {
  const containers = engine.containers.list().toSorted((a, b) => a.container.created - b.container.created);
  const networks = engine.networks.list().toSorted((a, b) => a.created - b.created);
  return { containers: containers.map(namedContainer), networks: networks.map(networkPlace) };
}

function namedContainer(view: ContainerView): Names['containers'][number] {
  const { container, networks } = view;
  const place = containerPlace(view);
  // A network that is asked for but not joined yet, or without addresses, is a place on the map all the same.
  const attachments = networks.map(({ network, name }) => {
    const known = place.attachments.find((each) => each.network === (network?.name ?? name));
    return known ?? { network: network?.name ?? name };
  });
  return { ...place, attachments, state: stateOf(view), image: container.config.image };
}

function stateOf({ container }: ContainerView): 'running' | 'paused' | 'stopped' {
  const { status } = container.state;
  if (status === 'paused') return 'paused';
  return status === 'running' || status === 'restarting' ? 'running' : 'stopped';
}
