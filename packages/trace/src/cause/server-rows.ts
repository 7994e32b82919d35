import type { Case } from '../model/case.ts';
import type { Fix } from '../model/report.ts';
import { isStuck } from './passage.ts';
import { type CauseRow, commandIn, dropEvidence } from './row.ts';
import { onPort, socketEvidence } from './socket-rows.ts';

/** The kernel takes connections, and datagrams, for a program that does nothing. */
const programStopped: CauseRow = {
  code: 'program-stopped',
  explain: (trace) => {
    const { halted, outcome, destination } = trace;
    const { drop, rule, reply } = outcome;
    // Or its queue is full of those that wait in vain.
    const waits = drop === undefined && rule === undefined && reply === undefined && !isStuck(trace);
    if (halted === undefined || (outcome.verdict !== 'delivered' && !waits)) return undefined;
    const { pid, name, halt } = halted;
    const container = destination.container?.name;
    const [why, seen] =
      halt === 'frozen'
        ? (['frozen with its control group (docker pause)', `/proc/${pid}/wchan: it sleeps in the freezer`] as const)
        : (['stopped by a signal (SIGSTOP or the like)', `/proc/${pid}/stat: state T`] as const);
    return {
      text: `It got to ${destination.name}, and the kernel there takes it; but the program that it is for, ${name} (pid ${pid}), is ${why}: nobody reads it or answers.`,
      evidence: [seen],
      verdict: 'refused',
      fixes: [wakeFix(pid, halt === 'frozen' ? container : undefined)],
    };
  },
};

function wakeFix(pid: number, frozen: string | undefined): Fix {
  return frozen === undefined
    ? { text: 'Let it go on', commands: [`kill -CONT ${pid}`], undo: [`kill -STOP ${pid}`] }
    : { text: 'Let it go on', commands: [`docker unpause ${frozen}`], undo: [`docker pause ${frozen}`] };
}

/** What a server may want of who asks, by the kernel's reasons (include/net/dropreason-core.h). */
const wants: readonly { readonly reason: RegExp; readonly text: string; readonly option: string }[] = [
  {
    reason: /^TCP_MINTTL$/,
    text: 'takes only packets that have passed few routers (a least time to live, RFC 5082)',
    option: 'IP_MINTTL',
  },
  {
    reason: /^TCP_MD5(NOTFOUND|FAILURE)$/,
    text: 'takes from there only what is signed with its key (RFC 2385)',
    option: 'TCP_MD5SIG',
  },
  {
    reason: /^TCP_AO/,
    text: 'takes from there only what is signed with its key (RFC 5925)',
    option: 'TCP_AO',
  },
  {
    reason: /^TCP_MD5UNEXPECTED$/,
    text: 'has no key for what is signed with one (RFC 2385)',
    option: 'TCP_MD5SIG',
  },
];

/** A server is there, and has told the kernel whom it does not take. */
const serverRefuses: CauseRow = {
  code: 'server-wants-more',
  explain: (trace) => {
    const { drop } = trace.outcome;
    const found = wants.find(({ reason }) => reason.test(drop?.reason ?? ''));
    if (found === undefined || drop?.role !== 'request') return undefined;
    const { destination } = trace;
    return {
      text: `It reached ${destination.name}, whose server ${found.text}: it has told the kernel so (${found.option}), which drops this one.`,
      evidence: [
        dropEvidence(trace),
        ...(found.option === 'IP_MINTTL' ? [`it came with a time to live of ${drop.header.lifetime}`] : []),
        socketEvidence(trace, onPort(trace)),
      ],
      fixes: [
        {
          text: 'Look for that in the settings of the server',
          commands: [commandIn(destination.namespace, `ss -ltnpe sport = :${destination.innerPort}`)],
          undo: [],
        },
      ],
    };
  },
};

/** A socket that is connected takes datagrams from its other end only. */
const connectedElsewhere: CauseRow = {
  code: 'connected-elsewhere',
  explain: (trace) => {
    const { outcome, protocol, destination } = trace;
    const sockets = isNoSocket(trace) && protocol === 'udp' ? onPort(trace, true) : [];
    const [socket] = sockets;
    if (outcome.rule !== undefined || socket === undefined || sockets.some(({ remote }) => remote.port === 0))
      return undefined;
    const place = destination.container?.name ?? destination.name;
    const { address, port } = socket.remote;
    return {
      text: `The program in ${place} has connected its socket to ${address}, port ${port}, and takes datagrams from there only.`,
      evidence: [dropEvidence(trace), socketEvidence(trace, sockets)],
    };
  },
};

function isNoSocket({ outcome: { drop, verdict } }: Case): boolean {
  return drop === undefined ? verdict === 'refused' : drop.reason === 'NO_SOCKET' && drop.role === 'request';
}

/** Causes that programs at the destination tell. */
export const serverRows = { programStopped, serverRefuses, connectedElsewhere };
