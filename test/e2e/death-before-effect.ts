import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * Loaded into a daemon before its own program (`NODE_OPTIONS=--import=…`): kills it before a chosen one of its effects, which
 * are what it writes to its store and what it asks of containerd. Effects on the kernel and the name service lie between
 * them; those have a walk of their own (`packages/network/src/crash.test.ts`).
 *
 * The file named in `FAIRLEAD_TEST_DEATH` says how many effects are still let through, and is taken away when the first one
 * comes; the effect that never came is written beside it.
 */
const order = process.env['FAIRLEAD_TEST_DEATH'];
const isDaemon = process.argv[1]?.endsWith('packages/daemon/src/main.ts');

/** Effects that are let through. */
let left = Number.POSITIVE_INFINITY;

function before(effect: string): void {
  if (order === undefined) return;
  if (existsSync(order)) {
    left = Number(readFileSync(order, 'utf8'));
    rmSync(order);
  }
  if (left-- > 0) return;
  writeFileSync(`${order}.effect`, effect);
  process.kill(process.pid, 'SIGKILL');
}

/** What is written in a transaction is there when it ends, and none of it before. */
function watchStore(): void {
  let inTransaction = false;
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (text) {
    if (text === 'COMMIT') before('commit');
    inTransaction = text === 'BEGIN IMMEDIATE' || (inTransaction && text !== 'COMMIT' && text !== 'ROLLBACK');
    return exec.call(this, text);
  };
  const { run } = StatementSync.prototype;
  StatementSync.prototype.run = function (this: StatementSync, ...parameters: never[]) {
    if (!inTransaction) before(`${this.sourceSQL.split(' ', 1)} ${parameters.slice(0, 2).join(' ')}`);
    return run.apply(this, parameters as unknown as Parameters<typeof run>);
  };
}

/** Methods that only ask are none of our business. */
const changing = /\/(Create|Start|Kill|Delete|Prepare|Remove|Pause|Resume|Update)$/;

function watchContainerd(): void {
  const { connect } = http2;
  const watched = (...words: Parameters<typeof connect>) => {
    const session = connect(...words);
    const request = session.request.bind(session);
    session.request = (headers, options) => {
      const path = String((headers as Readonly<Record<string, unknown>> | undefined)?.[':path']);
      if (changing.test(path)) before(path);
      return request(headers, options);
    };
    return session;
  };
  http2.connect = watched as typeof connect;
  syncBuiltinESMExports();
}

if (order !== undefined && isDaemon) {
  watchStore();
  watchContainerd();
}
