import { formatPortRange, hostText } from '@fairlead/base';
import type { PortReach } from '@fairlead/trace';
import type { Action } from '../command/command.ts';
import { textTable } from '../format/text-table.ts';

/** `fairlead port who`: a line for each port and address, and under it what keeps askers from getting there. */
export const who: Action = async ({ words: [place = ''], options, engine, print }) => {
  const [, container = '', port] = /^([^:]+)(?::(\d+))?$/.exec(place) ?? ['', place];
  const query = port === undefined ? '' : `?port=${port}`;
  const reached = await engine.ask<readonly PortReach[]>('GET', `/fairlead/containers/${container}/reach${query}`);
  if (options.flag('json')) print(JSON.stringify(reached));
  else reachText(reached).forEach(print);
  return 0;
};

/** The report as lines for a terminal. */
function reachText(reached: readonly PortReach[]): string[] {
  const rows = reached.map(({ port, who: askers, blocked, proof }) => [
    `${formatPortRange(port.containerPorts)}/${port.protocol}`,
    `${hostText(port.hostAddress)}:${formatPortRange(port.hostPorts)}`,
    blocked === undefined ? askers : `nobody, meant for ${askers}`,
    proof,
  ]);
  const [head = '', ...lines] = textTable([['PORT', 'PUBLISHED AT', 'WHO', 'SHOWN BY'], ...rows]);
  return [head, ...reached.flatMap((reach, index) => [lines[index] ?? '', ...details(reach)])];
}

function details({ blocked, obstacles }: PortReach): string[] {
  const reasons = blocked === undefined ? [] : [blocked.text, ...blocked.evidence.map((line) => `  ${line}`)];
  return [...reasons, ...obstacles.map((obstacle) => `perhaps not: ${obstacle}`)].map((line) => `  ${line}`);
}
