import { compareText } from '@fairlead/base';
import type { ServicePort } from './wire.ts';

/** Ports that follow each other on both sides, or lead to the same port of the tasks. */
interface Run {
  readonly protocol: string;
  readonly published: readonly [first: number, last: number];
  readonly target: readonly [first: number, last: number];
}

/** Ports of the routing mesh as lists show them: `*:80-82->80-82/tcp, *:90->9/udp`. */
export function meshPortText(ports: readonly ServicePort[]): string {
  const sorted = ports
    .filter(({ PublishMode }) => PublishMode === 'ingress')
    .toSorted(
      (left, right) =>
        compareText(left.Protocol ?? '', right.Protocol ?? '') ||
        (left.PublishedPort ?? 0) - (right.PublishedPort ?? 0),
    );
  const runs: Run[] = [];
  for (const port of sorted) {
    const last = runs.at(-1);
    const longer = last && extended(last, port);
    if (longer) runs[runs.length - 1] = longer;
    else runs.push(runOf(port));
  }
  return runs.map(runText).join(', ');
}

function runOf({ Protocol = 'tcp', PublishedPort = 0, TargetPort = 0 }: ServicePort): Run {
  return { protocol: Protocol, published: [PublishedPort, PublishedPort], target: [TargetPort, TargetPort] };
}

function extended(run: Run, port: ServicePort): Run | undefined {
  const { PublishedPort = 0, TargetPort = 0, Protocol = 'tcp' } = port;
  const { published, target } = run;
  const step = TargetPort - target[1];
  const isRange = target[1] !== target[0];
  const fits = PublishedPort - published[1] <= 1 && (step === 0 || step === 1) && !(isRange && TargetPort <= target[1]);
  if (Protocol !== run.protocol || !fits) return undefined;
  return { ...run, published: [published[0], PublishedPort], target: [target[0], TargetPort] };
}

function runText({ protocol, published, target }: Run): string {
  const range = ([first, last]: readonly [number, number]) => (first === last ? `${first}` : `${first}-${last}`);
  return `*:${range(published)}->${range(target)}/${protocol}`;
}
