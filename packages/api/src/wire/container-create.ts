import { FairleadError } from '@fairlead/base';
import type { ContainerConfig, EndpointConfig, Json, NetworkAttachment } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { requireValidCreate } from './container-rules.ts';
import { createSchema, type WireCreate } from './create-schema.ts';
import { parseEndpointSettings } from './endpoint-settings.ts';
import { canonicalKeys, decodeJson, isJsonObject, type JsonObject } from './go-json.ts';
import { parseHealthcheck } from './healthcheck.ts';
import { parseHostConfig } from './host-config.ts';
import { passiveConfigNames, passiveHostNames } from './host-config-defaults.ts';
import { policiesOfLabels, servicesOfLabels } from './port-labels.ts';
import { parseRunSettings } from './run-settings.ts';

/**
 * What a client asks for, as the engine takes it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseCreate(body: Json, version: ApiVersion): ContainerConfig {
  if (!isJsonObject(body) || Object.keys(body).length === 0) {
    throw new FairleadError('invalid-argument', 'config cannot be empty in order to create a container');
  }
  const wire = decodeJson(createSchema, body, 'CreateRequest');
  requireValidCreate(wire, version);
  const host = parseHostConfig(wire.HostConfig, version);
  const portPolicies = policiesOfLabels(wire.Labels, host);
  const portServices = servicesOfLabels(wire.Labels);
  const migrated = migrateSysctls(host.sysctls, version);
  return {
    image: wire.Image,
    ...(wire.Hostname !== '' && { hostname: wire.Hostname }),
    ...(wire.Domainname !== '' && { domainname: wire.Domainname }),
    ...parseRunSettings(wire),
    ...(wire.StopSignal !== '' && { stopSignal: wire.StopSignal }),
    ...(wire.StopTimeout !== undefined && { stopTimeout: wire.StopTimeout }),
    ...healthcheckOf(wire, version),
    tty: wire.Tty,
    openStdin: wire.OpenStdin,
    stdinOnce: wire.StdinOnce,
    attachStdin: wire.AttachStdin,
    attachStdout: wire.AttachStdout,
    attachStderr: wire.AttachStderr,
    networkDisabled: wire.NetworkDisabled,
    host: {
      ...host,
      sysctls: migrated.host,
      ...(portPolicies && { portPolicies }),
      ...(portServices && { portServices }),
    },
    networks: attachments(wire, host.networkMode, migrated.endpoint),
    other: {
      config: canonicalKeys(body, passiveConfigNames),
      host: passiveHost(memberOf(body, 'hostconfig')),
    },
  };
}

/** Before 1.44 there was no interval of the start period. */
function healthcheckOf({ Healthcheck: check }: WireCreate, version: ApiVersion): Pick<ContainerConfig, 'healthcheck'> {
  if (check === undefined) return {};
  return { healthcheck: parseHealthcheck(version < 44 ? { ...check, StartInterval: 0 } : check) };
}

/** The mode's own network first, then the others in the order of the request. */
function attachments(wire: WireCreate, networkMode: string, endpointSysctls: readonly string[]): NetworkAttachment[] {
  if (networkMode.startsWith('container:')) return [];
  const asked = Object.entries(wire.NetworkingConfig?.EndpointsConfig ?? {}).map(([key, settings]) => ({
    // `default` is what clients call the mode's network when they leave the mode open.
    network: key === 'default' ? networkMode : key,
    config: settings === null ? {} : parseEndpointSettings(settings),
  }));
  const main = asked.find(({ network }) => network === networkMode) ?? { network: networkMode, config: {} };
  const config = mainEndpoint(main.config, wire.MacAddress, endpointSysctls);
  return [{ network: networkMode, config }, ...asked.filter((attachment) => attachment !== main)];
}

/** What a request says of the container as a whole but means for its main network. */
function mainEndpoint(config: EndpointConfig, macAddress: string, sysctls: readonly string[]): EndpointConfig {
  const key = 'com.docker.network.endpoint.sysctls';
  const existing = config.driverOptions?.[key];
  const all = [...(existing === undefined ? [] : [existing]), ...sysctls].join(',');
  return {
    ...config,
    ...(macAddress !== '' && { macAddress }),
    ...(sysctls.length > 0 && { driverOptions: { ...config.driverOptions, [key]: all } }),
  };
}

/**
 * Settings of one interface cannot be given to the container as a whole any more: older clients' ones move to the
 * endpoint.
 */
function migrateSysctls(sysctls: Readonly<Record<string, string>>, version: ApiVersion) {
  const pattern = /^(net\.(?:ipv4|ipv6|mpls)\.[^.]+)\.eth0\.(.+)$/;
  const endpoint: string[] = [];
  const host: Record<string, string> = {};
  for (const [name, value] of Object.entries(sysctls)) {
    const match = pattern.exec(name);
    if (match === null) host[name] = value;
    else if (version < 48) endpoint.push(`${match[1]}.IFNAME.${match[2]}=${value}`);
    else {
      const option = 'com.docker.network.endpoint.sysctls';
      const fault = `interface specific sysctl setting "${name}" must be supplied using driver option '${option}'`;
      throw new FairleadError('invalid-argument', fault);
    }
  }
  return { host, endpoint };
}

/** Clients send their language's zero values for what nobody asked for: those give way to Docker's defaults. */
function passiveHost(host: JsonObject): JsonObject {
  const entries = Object.entries(canonicalKeys(host, passiveHostNames));
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== '' && !(name === 'MemorySwappiness' && value === -1)),
  );
}

function memberOf(body: Readonly<Record<string, Json>>, lowerName: string) {
  const member = Object.entries(body).find(([key]) => key.toLowerCase() === lowerName)?.[1];
  return isJsonObject(member) ? member : {};
}
