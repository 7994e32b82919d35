import { anyPort, FairleadError, type PortPolicies, parsePortPolicy, policyKeys } from '@fairlead/base';
import { type HostConfig, singleBindings } from '@fairlead/engine';

/** Labels about one port, `com.fairlead.port.80.sources`, and about all, `com.fairlead.ports.sources`. */
const pattern = /^com\.fairlead\.port(?:s|\.([^.]*))\.(.*)$/;

/** What fits behind the underscore of an SRV record (RFC 6335, section 5.1, without its limit to 15 octets). */
const serviceName = /^[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$/;

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
    if (field === 'service' && port !== anyPort) continue;
    if (field !== 'sources' && field !== 'interfaces') {
      throw invalid(`invalid label ${label}: after the port comes "sources", "interfaces" or "service"`);
    }
    for (const key of policyKeys(port)) given[key] = { ...given[key], [field]: value };
  }
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  const published = new Set(
    portBindings.flatMap(singleBindings).map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
  );
  const stray = entries.find(([key]) => key !== anyPort && !publishAllPorts && !published.has(key));
  if (stray !== undefined) {
    throw invalid(`label about port ${stray[0]}, which is not published: labels name the port of the container`);
  }
  return Object.fromEntries(
    entries.map(([key, { sources, interfaces }]) => [key, parsePortPolicy(sources, interfaces)]),
  );
}

/**
 * Names of services by container port, as labels say: `com.fairlead.port.8080.service=http`, several with commas between
 * them, or none.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function servicesOfLabels(
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly string[]>> | undefined {
  const entries = Object.entries(labels).flatMap(([label, value]) => {
    const [, port, field] = pattern.exec(label) ?? [];
    if (port === undefined || field !== 'service') return [];
    const names = value
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    const strange = names.find((name) => !serviceName.test(name));
    if (strange !== undefined) throw invalid(`invalid label ${label}: "${strange}" is no name of a service`);
    return policyKeys(port).map((key) => [key, names] as const);
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
