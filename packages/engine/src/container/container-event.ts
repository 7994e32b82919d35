import type { Container, EngineEvent } from '../model.ts';

/** An event about a container, with the attributes by which clients filter. */
export function containerEvent(
  container: Container,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): Omit<EngineEvent, 'time'> {
  const { labels, image } = container.config;
  return {
    type: 'container',
    action,
    id: container.id,
    attributes: { ...labels, image, name: container.name, ...attributes },
  };
}
