import type { Measurement } from './measurement.ts';
import { markdownTable } from './table.ts';

/** A subject's paragraph. */
export interface Method {
  readonly name: string;
  readonly method: string;
}

/** A run of the benchmark as a page: the table, and how each part of it was measured. */
export function reportPage(run: {
  readonly measurements: readonly Measurement[];
  readonly methods: readonly Method[];
  /** One line about the machine. */
  readonly machine: string;
  /** ISO 8601. */
  readonly date: string;
}): string {
  return `# Benchmarks

Written by \`npm run bench -- --write\` on ${run.date}; every number is from one run, the contenders taking turns.

Machine: ${run.machine}.

${markdownTable(run.measurements)}

A cell is the median, and in brackets the spread: the tenth and ninetieth percentile, or the smallest and largest of fewer
than ten samples. The ratio is Fairlead's median by that of each other.

- **Fairlead**: the engine of this repository.
- **dockerd 20.10**: Debian 12's \`docker.io\`, with its default settings and \`--live-restore\`.
- **CNI plugins**: Debian 12's \`containernetworking-plugins\`.
- **floor**: the same work in the kernel with everything else left out.

Each engine runs in a throw-away host of its own: namespaces for network, mounts and processes on the same kernel, with
a small outside world cabled to it (\`packages/lab\`). The programs are in \`test/bench\`.

## How it is measured

${run.methods.map(({ name, method }) => `**${name}** (\`npm run bench -- --only ${name}\`). ${method}`).join('\n\n')}
`;
}
