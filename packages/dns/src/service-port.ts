import type { PortProtocol } from '@fairlead/base';

/** A port by the name of what is served there (RFC 6335): `http`, in lower case. */
export interface ServicePort {
  readonly service: string;
  readonly protocol: PortProtocol;
  readonly port: number;
}
