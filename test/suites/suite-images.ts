import { readFileSync } from 'node:fs';
import type { BusyboxImageOptions } from '@fairlead/lab';

/** An image to be provided. */
export type SuiteImage = BusyboxImageOptions & { readonly reference: string };

/**
 * What docker-py's and dockerode's suites ask Docker Hub for, made of the machine's own programs: there is no Internet in a
 * host, and the same tests shall find the same images at every run.
 */
export const smallImages: readonly SuiteImage[] = [
  { reference: 'busybox:latest' },
  { reference: 'busybox:buildroot-2014.02' },
  { reference: 'alpine:latest', files: { '/etc/alpine-release': '3.22.0\n' } },
  { reference: 'alpine:3.14', files: { '/etc/alpine-release': '3.14.0\n' } },
  { reference: 'alpine:3.10', files: { '/etc/alpine-release': '3.10.9\n' } },
  { reference: 'hello-world:latest', config: { Cmd: ['echo', 'Hello from Docker!'] } },
  { reference: 'ubuntu:latest', programs: ['/bin/bash'], config: { Cmd: ['/bin/bash'] } },
];

const script = (text: string) => ({ mode: 0o755, text: `#!/bin/sh\n${text}\n` });

/**
 * What Testcontainers' suite builds its own images on: Node, and stand-ins for the programs that would fetch something.
 *
 * @param modules folder with express and what it needs, which `npm install` shall find.
 */
export function nodeImage(modules: string): SuiteImage {
  return {
    reference: 'node:10-alpine',
    programs: [process.execPath, '/usr/bin/curl', '/usr/bin/openssl', '/usr/bin/getent', '/bin/bash'],
    folders: { '/opt/modules/node_modules': modules },
    files: {
      '/usr/bin/node': script(`exec ${process.execPath} "$@"`),
      '/usr/bin/dumb-init': script('shift; exec "$@"'),
      '/usr/bin/apk': script('mkdir -p /etc/ssl/private /etc/ssl/certs'),
      '/usr/bin/npm': script('[ "$1" = init ] || cp -r /opt/modules/node_modules .'),
      '/usr/lib/ssl/openssl.cnf': readFileSync('/etc/ssl/openssl.cnf', 'utf8'),
    },
    config: { Cmd: ['node'] },
  };
}
