import { sysctlName } from '@fairlead/drivers';
import type { EndpointConfig } from '../model.ts';

/** Endpoint option with settings of the interface, its name written as `IFNAME`, which the docker command may make small. */
const OPTION = 'com.docker.network.endpoint.sysctls';

/** What is wrong with the sysctls that are asked for on an endpoint: one message for each fault, in Docker's words. */
export function endpointSysctlFaults(config: EndpointConfig): string[] {
  return entries(config).flatMap((entry) => {
    if (/^net\.(ipv4|ipv6|mpls)\.[^.=]+\.(IFNAME|ifname)\.[^=]+=.*$/.test(entry)) return [];
    const form = "represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'";
    return [`unrecognised network interface sysctl '${entry}'; ${form}`];
  });
}

/** The settings of an endpoint's interface, by key. */
export function endpointSysctls(
  config: EndpointConfig,
  link: string,
): { readonly key: string; readonly value: string }[] {
  return entries(config).flatMap((entry) => {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(entry) ?? [];
    if (key === undefined || value === undefined) return [];
    return [{ key: key.replaceAll(/IFNAME|ifname/g, () => sysctlName(link)), value }];
  });
}

function entries(config: EndpointConfig): string[] {
  const text = config.driverOptions?.[OPTION];
  return text ? text.split(',') : [];
}
