import type { Family, IpAddress } from '@fairlead/base';
import type { ErrnoName, NamespaceName } from '@fairlead/netlink';
import type { ProbeProtocol } from '../packet/packet-header.ts';
import type { ContainerPlace, Directory } from './directory.ts';
import type { Facts } from './facts.ts';
import type { Observation, Outcome } from './outcome.ts';
import type { NameStep } from './report.ts';

/** One end of the probe, with what is known about it. */
export interface CaseEnd {
  readonly name: string;
  readonly address: IpAddress;
  readonly container?: ContainerPlace;
  /** Absent for what is not on this machine. */
  readonly namespace?: NamespaceName;
}

/** Everything from which the cause is told. */
export interface Case {
  readonly protocol: ProbeProtocol;
  readonly family: Family;
  readonly source: CaseEnd & { readonly arrival: boolean };
  readonly destination: CaseEnd & {
    /** Port that the probe is sent to. */
    readonly port?: number;
    /** Port that it is to have where it arrives. */
    readonly innerPort?: number;
    /** True when the address is the host's, and the port a published one. */
    readonly published: boolean;
    /** True for an address of the host. */
    readonly local: boolean;
  };
  readonly size?: number;
  /** How the destination's name was looked up, when there was one. */
  readonly name?: NameStep;
  /** The kernel's own answer to the sender. */
  readonly sendFailure?: ErrnoName;
  readonly observation: Observation;
  readonly outcome: Outcome;
  readonly facts: Facts;
  readonly directory: Directory;
  /** Process behind the socket at the destination. */
  readonly listener?: string;
  /** The same process, when it does nothing at present. */
  readonly halted?: { readonly pid: number; readonly name: string; readonly halt: 'stopped' | 'frozen' };
  readonly placeName: (namespace: number) => string;
  /** How a namespace is pinned; `undefined` for one that is not. */
  readonly namespaceName: (namespace: number) => NamespaceName | undefined;
}
