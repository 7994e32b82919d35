import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Suite } from './suite.ts';
import { smallImages } from './suite-images.ts';
import { install } from './suite-source.ts';

/** The tests of dockerode. */
export const dockerode: Suite = {
  name: 'dockerode',
  version: '5.0.1',
  repository: 'https://github.com/apocas/dockerode',
  commit: '3624bc02dfc60afdf9b59ade72d34a9b2f2edd5d',
  images: () => smallImages,
  prepare(folder) {
    install(folder, ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']);
  },
  async run({ host, daemon }, folder) {
    const report = join(host.folder, 'report.json');
    const mocha = [
      process.execPath,
      'node_modules/mocha/bin/mocha.js',
      '--exit',
      '-R',
      'json',
      '-O',
      `output=${report}`,
    ];
    await host.run(['env', '-C', folder, ...mocha], {
      // Its helper takes a socket at the usual place for the engine's unless this is set.
      env: { DOCKER_HOST: daemon.address, DOCKER_SOCKET: 'none', HOME: host.folder },
      timeout: 3_600_000,
    });
    return parseMocha(readFileSync(report, 'utf8'));
  },
};

interface MochaTest {
  readonly fullTitle: string;
  readonly err: { readonly message?: string };
}

/** A report of mocha's `json` reporter. */
export function parseMocha(text: string): Outcome[] {
  const report: Record<'passes' | 'failures' | 'pending', MochaTest[]> = JSON.parse(text);
  const of = (tests: readonly MochaTest[], result: Outcome['result']) =>
    tests.map(({ fullTitle, err }) => ({ name: fullTitle, result, text: err.message ?? '' }));
  return [...of(report.passes, 'passed'), ...of(report.failures, 'failed'), ...of(report.pending, 'skipped')];
}
