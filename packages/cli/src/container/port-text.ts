/** A port as the list of containers has it. */
export interface PortSummary {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/**
 * The ports of a container as `ps` shows them: `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 443/tcp`. Neighbours that were
 * published alike are one range.
 */
export function portText(ports: readonly PortSummary[]): string {
  const sorted = [...ports].sort(
    (left, right) =>
      Number(left.PublicPort === undefined) - Number(right.PublicPort === undefined) ||
      left.Type.localeCompare(right.Type) ||
      Number(isIpv6(left)) - Number(isIpv6(right)) ||
      (left.IP ?? '').localeCompare(right.IP ?? '') ||
      left.PrivatePort - right.PrivatePort,
  );
  const groups: PortSummary[][] = [];
  for (const port of sorted) {
    const group = groups.at(-1);
    if (group !== undefined && follows(group.at(-1), port)) group.push(port);
    else groups.push([port]);
  }
  return groups.map(groupText).join(', ');
}

function isIpv6({ IP }: PortSummary): boolean {
  return IP?.includes(':') === true;
}

function follows(previous: PortSummary | undefined, next: PortSummary): boolean {
  if (previous === undefined || previous.Type !== next.Type || previous.IP !== next.IP) return false;
  const step = next.PrivatePort - previous.PrivatePort;
  if (previous.PublicPort === undefined || next.PublicPort === undefined)
    return step === 1 && previous.PublicPort === next.PublicPort;
  return step === 1 && next.PublicPort - previous.PublicPort === 1;
}

function groupText(group: readonly PortSummary[]): string {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) return '';
  const inside = rangeText(first.PrivatePort, last.PrivatePort);
  if (first.PublicPort === undefined || last.PublicPort === undefined) return `${inside}/${first.Type}`;
  const address = isIpv6(first) ? `[${first.IP}]` : (first.IP ?? '');
  return `${address}:${rangeText(first.PublicPort, last.PublicPort)}->${inside}/${first.Type}`;
}

function rangeText(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`;
}
