import { join, resolve } from 'node:path';

/** The launcher of this clone: how the engine is started. */
export const launcher: string = resolve(import.meta.dirname, '../../../../fairlead');

/** Where an installed engine has its things. */
export interface Places {
  readonly address: string;
  readonly socket: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidFile: string;
  readonly log: string;
  readonly unit: string;
  /** The systemd unit of the socket. */
  readonly socketUnit: string;
  /** The systemd unit that stops containers when the machine ends. */
  readonly containersUnit: string;
  /** A link to the launcher on everybody's PATH. */
  readonly command: string;
}

/** The places below a folder; the machine's own below `/`. */
export function placesBelow(root: string): Places {
  const execRoot = join(root, 'run/fairlead');
  const socket = join(execRoot, 'docker.sock');
  return {
    address: `unix://${socket}`,
    socket,
    dataRoot: join(root, 'var/lib/fairlead'),
    execRoot,
    pidFile: join(root, 'run/fairlead.pid'),
    log: join(root, 'var/log/fairlead.log'),
    unit: join(root, 'etc/systemd/system/fairlead.service'),
    socketUnit: join(root, 'etc/systemd/system/fairlead.socket'),
    containersUnit: join(root, 'etc/systemd/system/fairlead-containers.service'),
    command: join(root, 'usr/local/bin/fairlead'),
  };
}

/** Flags of a daemon that lives in these places. @param host where it listens, when it gets its socket from somebody. */
export function daemonFlags({ address, dataRoot, execRoot, pidFile }: Places, host: string = address): string[] {
  return ['-H', host, '--data-root', dataRoot, '--exec-root', execRoot, '--pidfile', pidFile];
}

/**
 * The systemd unit. It listens on the socket that systemd holds, so nobody is refused while it is started again. Only the
 * daemon itself is stopped with it: containers, their supervisors and the name service go on (`KillMode=process`), and
 * the cgroups below are Fairlead's to manage (`Delegate`). One of them that runs out of memory does not end the rest
 * (`OOMPolicy`). Containers that are started with it find file systems of other machines mounted (`remote-fs.target`).
 */
export function unitText(places: Places): string {
  return `[Unit]
Description=Fairlead container engine
Documentation=file://${resolve(launcher, '../README.md')}
After=network-online.target remote-fs.target fairlead.socket
Wants=network-online.target
Requires=fairlead.socket

[Service]
ExecStart="${launcher}" daemon ${daemonFlags(places, 'fd://').join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
OOMPolicy=continue
Delegate=yes
Restart=on-failure
LimitNOFILE=infinity
TasksMax=infinity
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;
}

/**
 * The unit of the socket, as dockerd's: for root and a group.
 *
 * @param group absent when there is none on the machine: systemd refuses a socket for a group that it does not know.
 */
export function socketUnitText({ socket }: Places, group: string | undefined): string {
  return `[Unit]
Description=Fairlead API socket

[Socket]
ListenStream=${socket}
SocketMode=0660
SocketUser=root
${group === undefined ? '' : `SocketGroup=${group}\n`}
[Install]
WantedBy=sockets.target
`;
}

/**
 * The unit of the containers. Nothing is started by it; it is stopped when the machine ends, before the engine, the
 * network and file systems of other machines are (what comes after something is stopped before it), and then has the
 * engine stop them. Who only starts the engine anew, or stops it, does not touch this unit.
 */
export function containersUnitText({ address }: Places): string {
  return `[Unit]
Description=Containers of Fairlead
Documentation=file://${resolve(launcher, '../docs/shutdown.md')}
After=fairlead.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStop="${launcher}" -H ${address} system stop-containers
TimeoutStopSec=10min

[Install]
WantedBy=multi-user.target
`;
}
