import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Outcome, Suite } from './suite.ts';
import { nodeImage, smallImages } from './suite-images.ts';
import { install } from './suite-source.ts';

const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];

/** The image that almost every test starts; it is built from the suite's own Dockerfile. */
const application = 'cristianrgreco/testcontainer:1.1.14';

/** The tests of Testcontainers for Node itself, without those of its modules, whose images cannot be made here. */
export const testcontainers: Suite = {
  name: 'testcontainers',
  version: '12.1.0',
  repository: 'https://github.com/testcontainers/testcontainers-node',
  commit: '457707f3cd19b1ff9e34ed74d33beaca4c55f507',
  images: (folder) => [...smallImages, nodeImage(join(folder, 'express/node_modules'))],
  prepare(folder) {
    rmSync(join(folder, 'packages/modules'), { recursive: true });
    rmSync(join(folder, 'package-lock.json'));
    const workspaces = ['packages/testcontainers'];
    const manifest = { private: true, type: 'module', workspaces, devDependencies: { vitest: '4.1.10' } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    install(folder, ['npm', 'install', ...quiet]);
    mkdirSync(join(folder, 'express'));
    install(join(folder, 'express'), ['npm', 'install', '--prefix', '.', ...quiet, 'express@4.16.4']);
  },
  async run({ host, daemon }, folder) {
    const env = {
      DOCKER_HOST: daemon.address,
      HOME: host.folder,
      DOCKER_BUILDKIT: '0',
      TESTCONTAINERS_RYUK_DISABLED: 'true',
    };
    await daemon.docker(
      'build',
      '-q',
      '-t',
      application,
      join(folder, 'packages/testcontainers/fixtures/docker/docker'),
    );
    const report = join(host.folder, 'report.json');
    const vitest = [
      process.execPath,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=json',
      `--outputFile=${report}`,
    ];
    const flags = ['--no-file-parallelism', '--sequence.concurrent=false', 'packages/testcontainers'];
    await host.run(['env', '-C', folder, ...vitest, ...flags], { env, timeout: 3_600_000 });
    return parseVitest(readFileSync(report, 'utf8'), folder);
  },
};

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** A report of vitest's `json` reporter. @param folder of the checkout, which names of files begin with. */
export function parseVitest(text: string, folder: string): Outcome[] {
  const report: VitestReport = JSON.parse(text);
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status, failureMessages }) => ({
      name: `${relative(join(folder, 'packages/testcontainers/src'), name)} ${fullName}`,
      result: status === 'passed' || status === 'failed' ? status : 'skipped',
      text: (failureMessages ?? []).join('\n'),
    })),
  );
}
