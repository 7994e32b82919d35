import type { Feature } from './compose-matrix.ts';

/** What was seen of a feature: what each of its looks said, in their order. */
export type Seen = readonly string[];

/** The table of what a Compose file can say of networks: how much of what was looked at is the same on both engines. */
export function composeTable(
  features: readonly Feature[],
  fairlead: readonly Seen[],
  dockerd: readonly Seen[],
): string {
  const rows = features.map(({ words, meaning, looks }, row) => {
    const differences = looks.flatMap(({ from = 'host', command, because }, at) => {
      const [ours, theirs] = [fairlead[row]?.[at], dockerd[row]?.[at]];
      if (ours === theirs) return [];
      return [because ?? `${from}: \`${command}\` says \`${ours}\`, on dockerd \`${theirs}\``];
    });
    const same = looks.length - differences.length;
    return `| ${words} | ${meaning} | ${same} of ${looks.length} | ${differences.join('; ') || 'none'} |`;
  });
  return `| in the file | looked at | the same | differences |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}
