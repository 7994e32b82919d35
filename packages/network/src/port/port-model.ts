import type { IpAddress, PortPolicy, PortProtocol, PortRange } from '@fairlead/base';

/** A port asked for, or some that follow each other. One container port may have several of these. */
export interface PortBinding {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** How many ports from `containerPort` on are meant; absent means one. */
  readonly count?: number;
  /** Absent means the network's default binding. */
  readonly hostAddress?: IpAddress;
  /** Absent means ephemeral; a longer range than there are ports means any free one of it, an equal one goes in step. */
  readonly hostPorts?: PortRange;
  /** Who may ask for it; absent means what the container's or the network's policy says. */
  readonly policy?: PortPolicy;
}

/** A port as it was bound. */
export interface BoundPort {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  readonly hostAddress: IpAddress;
  /** 0 where the container is reached under its own address and nothing of the host's is bound. */
  readonly hostPort: number;
}

/** Consecutive bound ports in one piece: host and container range are equally long. */
export interface PortMapping {
  readonly protocol: PortProtocol;
  readonly hostAddress: IpAddress;
  readonly hostPorts: PortRange;
  readonly containerPorts: PortRange;
}
