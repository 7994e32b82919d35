/** A container that is linked to, as the variables tell of it. */
export interface LinkedContainer {
  readonly alias: string;
  /** `/linker/alias`. */
  readonly name: string;
  readonly address: string;
  /** `80/tcp`. */
  readonly ports: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
}

interface Port {
  readonly number: number;
  readonly protocol: string;
}

/** The variables that tell a container of one that it links to, in Docker's order. */
export function linkEnvironment({ alias, name, address, ports, environment }: LinkedContainer): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const sorted = ports.map(parsePort).sort(byProtocol);
  const [first] = sorted;
  return [
    ...(first ? [`${prefix}_PORT=${urlOf(first, address)}`] : []),
    ...runsOf(sorted).flatMap((run) => runVariables(prefix, run, address)),
    `${prefix}_NAME=${name}`,
    ...environment.filter((entry) => /^(?!HOME=|PATH=)[^=]*=/.test(entry)).map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

function runVariables(prefix: string, run: readonly Port[], address: string): string[] {
  const of = (port: Port) => `${prefix}_PORT_${port.number}_${port.protocol.toUpperCase()}`;
  const single = run.flatMap((port) => [
    `${of(port)}=${urlOf(port, address)}`,
    `${of(port)}_ADDR=${address}`,
    `${of(port)}_PORT=${port.number}`,
    `${of(port)}_PROTO=${port.protocol}`,
  ]);
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined || first === last) return single;
  return [
    ...single,
    `${of(first)}_START=${urlOf(first, address)}`,
    `${of(first)}_PORT_START=${first.number}`,
    `${of(first)}_END=${urlOf(last, address)}`,
    `${of(first)}_PORT_END=${last.number}`,
  ];
}

/** Ports that follow each other. */
function runsOf(sorted: readonly Port[]): Port[][] {
  const runs: Port[][] = [];
  for (const port of sorted) {
    const last = runs.at(-1)?.at(-1);
    if (last?.protocol === port.protocol && last.number + 1 === port.number) runs.at(-1)?.push(port);
    else runs.push([port]);
  }
  return runs;
}

function parsePort(text: string): Port {
  const [number, protocol = 'tcp'] = text.split('/');
  return { number: Number(number), protocol };
}

/** TCP comes first. */
function byProtocol(a: Port, b: Port): number {
  const rank = ({ protocol }: Port) => ['tcp', 'sctp', 'udp'].indexOf(protocol);
  return rank(a) - rank(b) || a.number - b.number;
}

function urlOf({ protocol, number }: Port, address: string): string {
  return `${protocol}://${address}:${number}`;
}
