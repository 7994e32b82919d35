import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Result, Suite } from './suite.ts';
import { smallImages } from './suite-images.ts';
import { install } from './suite-source.ts';

/** What the suite stands on, in versions that go together. */
const packages = ['pytest==9.2.0', 'pytest-timeout==2.4.0', 'requests==2.34.2', 'urllib3==2.7.0', 'paramiko==5.1.0'];

/** Seconds for one test. */
const patience = 120;

/** The integration tests of docker-py, at version 1.41 of the API: that of dockerd 20.10. */
export const dockerPy: Suite = {
  name: 'docker-py',
  version: '7.2.0',
  repository: 'https://github.com/docker/docker-py',
  commit: 'afc6d1ee308e78b908b96a94298c37fa8c465588',
  images: () => smallImages,
  prepare(folder) {
    install(folder, ['python3', '-m', 'pip', 'install', '--quiet', '--target', 'packages', ...packages]);
    // Its own build would write it.
    writeFileSync(join(folder, 'docker/_version.py'), `version = __version__ = '${this.version}'\n`);
  },
  async run({ host, daemon }, folder) {
    const outcomes = join(host.folder, 'outcomes');
    writeFileSync(outcomes, '');
    const flags = ['-p', 'pytest_outcomes', '-p', 'no:cacheprovider', `--timeout=${patience}`, '--tb=long', '-q'];
    const pytest = ['python3', '-m', 'pytest', ...flags, 'tests/integration'];
    await host.run(['env', '-C', folder, ...pytest], {
      env: {
        DOCKER_HOST: daemon.address,
        DOCKER_TEST_API_VERSION: '1.41',
        OUTCOMES: outcomes,
        HOME: host.folder,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONPATH: [join(folder, 'packages'), import.meta.dirname].join(':'),
      },
      timeout: 3_600_000,
    });
    return parsePytest(readFileSync(outcomes, 'utf8'));
  },
};

/** Lines of `pytest_outcomes.py`. A test whose tear-down fails has two: it has failed. */
export function parsePytest(text: string): Outcome[] {
  const outcomes = new Map<string, Outcome>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const { name, outcome, text }: { name: string; outcome: Result; text: string } = JSON.parse(line);
    if (outcomes.get(name)?.result !== 'failed') outcomes.set(name, { name, result: outcome, text });
  }
  return [...outcomes.values()];
}
