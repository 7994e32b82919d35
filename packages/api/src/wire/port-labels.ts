import { anyPort, FairleadError, type PortPolicies, parsePortPolicy, policyKeys } from '@fairlead/base';
import type { HostConfig } from '@fairlead/engine';

/** Beginning of the labels about one port, `com.fairlead.port.80.sources`, and of those about all, `com.fairlead.ports.…`. */
const pattern = /^com\.fairlead\.port(?:s|\.([^.]*))\.(.*)$/;

/**
 * Who may ask for the ports of a container, as its labels say: the only place for it that the docker command and Compose
 * have. A label that nobody would obey is refused, for its port would be open.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function policiesOfLabels(
  labels: Readonly<Record<string, string>>,
  { portBindings, publishAllPorts }: Pick<HostConfig, 'portBindings' | 'publishAllPorts'>,
): PortPolicies | undefined {
  const given: Record<string, { sources?: string; interfaces?: string }> = {};
  for (const [label, value] of Object.entries(labels)) {
    const match = pattern.exec(label);
    if (match === null) continue;
    const [, port = anyPort, field] = match;
    if (field !== 'sources' && field !== 'interfaces') {
      throw invalid(`invalid label ${label}: after the port comes "sources" or "interfaces"`);
    }
    for (const key of policyKeys(port)) given[key] = { ...given[key], [field]: value };
  }
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  const published = new Set(portBindings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const stray = entries.find(([key]) => key !== anyPort && !publishAllPorts && !published.has(key));
  if (stray !== undefined) {
    throw invalid(`label about port ${stray[0]}, which is not published: labels name the port of the container`);
  }
  return Object.fromEntries(
    entries.map(([key, { sources, interfaces }]) => [key, parsePortPolicy(sources, interfaces)]),
  );
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
