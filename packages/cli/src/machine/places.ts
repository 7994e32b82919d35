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
    command: join(root, 'usr/local/bin/fairlead'),
  };
}

/** Flags of a daemon that lives in these places. */
export function daemonFlags({ address, dataRoot, execRoot, pidFile }: Places): string[] {
  return ['-H', address, '--data-root', dataRoot, '--exec-root', execRoot, '--pidfile', pidFile];
}

/**
 * The systemd unit. Only the daemon itself is stopped with it: containers, their supervisors and the name service go on
 * (`KillMode=process`), and the cgroups below are Fairlead's to manage (`Delegate`).
 */
export function unitText(places: Places): string {
  return `[Unit]
Description=Fairlead container engine
Documentation=file://${resolve(launcher, '../README.md')}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart="${launcher}" daemon ${daemonFlags(places).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
Delegate=yes
Restart=on-failure
LimitNOFILE=infinity
TasksMax=infinity
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;
}
