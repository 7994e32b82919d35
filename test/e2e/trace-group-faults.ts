import type { ControlGroupHook } from '@fairlead/kernel/tracing';
import type { TraceQuestion } from './trace-lab.ts';
import { tcp, tcp6 } from './trace-questions.ts';

/** A program on a control group that refuses something, and what a trace has to say about it. */
export interface GroupFault {
  readonly name: string;
  readonly hook: ControlGroupHook;
  /** Whose processes it is asked about. */
  readonly of: string;
  readonly trace: TraceQuestion;
  readonly says: RegExp;
}

/** Programs that somebody attaches to control groups of containers: systemd for IPAddressDeny=, and others. */
export const groupFaults: readonly GroupFault[] = [
  {
    name: 'refuses what a container sends',
    hook: 'cgroup_inet_egress',
    of: 'web',
    trace: tcp,
    says: /refuses what is sent by web/,
  },
  {
    name: 'refuses what a container sends, IPv6',
    hook: 'cgroup_inet_egress',
    of: 'web',
    trace: { from: 'web', to: '2001:db8::1' },
    says: /refuses what is sent by web/,
  },
  {
    name: 'refuses what a container gets',
    hook: 'cgroup_inet_ingress',
    of: 'db',
    trace: tcp6,
    says: /refuses what is for db/,
  },
  {
    name: 'refuses what a container answers',
    hook: 'cgroup_inet_egress',
    of: 'db',
    trace: tcp,
    says: /refuses what is answered by db/,
  },
  {
    name: 'refuses connections',
    hook: 'cgroup_inet4_connect',
    of: 'web',
    trace: tcp,
    says: /refuses connections of web/,
  },
  {
    name: 'refuses connections, IPv6',
    hook: 'cgroup_inet6_connect',
    of: 'web',
    trace: { ...tcp6, connect: true },
    says: /refuses connections of web/,
  },
  {
    name: 'refuses datagrams',
    hook: 'cgroup_udp4_sendmsg',
    of: 'web',
    trace: { from: 'web', to: '10.9.1.3:53', protocol: 'udp' },
    says: /refuses connections of web/,
  },
  {
    name: 'refuses sockets',
    hook: 'cgroup_inet_sock_create',
    of: 'web',
    trace: { from: 'web', to: '2001:db8::1' },
    says: /refuses connections of web/,
  },
];
