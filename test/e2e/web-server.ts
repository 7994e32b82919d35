import type { Daemon } from '@fairlead/lab';

/** State of a socket in `/proc/net/tcp` that listens (net/tcp_states.h: TCP_LISTEN). */
const LISTEN = '0A';

/**
 * Wait until a program in a container listens on a TCP port, of either family. `docker run -d` answers as soon as its
 * process runs: on a busy machine seconds can pass before that has a socket.
 *
 * @param container runs busybox: it is asked from within.
 * @throws Error when it does not within a minute.
 */
export async function whenListening(daemon: Daemon, container: string, port = 80): Promise<void> {
  const socket = `:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]*:0000 ${LISTEN}`;
  const script = `until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q '${socket}'; do sleep 0.02; done`;
  await daemon.docker('exec', container, 'timeout', '60', 'sh', '-c', script);
}

/** Run a container whose web server serves `/var/www` of its image on port 80; it listens when this resolves. */
export async function runWebServer(daemon: Daemon, name: string, ...options: string[]): Promise<void> {
  await daemon.docker('run', '-d', '--name', name, ...options, 'busybox', 'httpd', '-f', '-h', '/var/www');
  await whenListening(daemon, name);
}
