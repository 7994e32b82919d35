import { text as readAll } from 'node:stream/consumers';
import type { Action } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { changeCluster } from './cluster-change.ts';
import type { Cluster, Node, SwarmInfo } from './wire.ts';

/** `fairlead swarm join-token`. */
export const joinToken: Action = async ({ words: [role = ''], options, engine, print }) => {
  if (role !== 'worker' && role !== 'manager') throw refusal(`unknown role ${role}`);
  const isQuiet = options.flag('quiet');
  if (options.flag('rotate')) {
    await changeCluster(engine, ({ Spec }) => Spec, {
      rotateWorkerToken: role === 'worker',
      rotateManagerToken: role === 'manager',
    });
    if (!isQuiet) print(`Successfully rotated ${role} join token.\n`);
  }
  if (isQuiet) print(await tokenOf(engine, role));
  else {
    const { Swarm } = await engine.ask<SwarmInfo>('GET', '/info');
    print(await joinText(engine, Swarm.NodeID, role));
  }
  return 0;
};

/** How another machine would join, with an empty line after it. */
export async function joinText(engine: Connection, node: string, role: 'worker' | 'manager'): Promise<string> {
  const { ManagerStatus } = await engine.ask<Node>('GET', `/nodes/${node}`);
  const command = `fairlead swarm join --token ${await tokenOf(engine, role)} ${ManagerStatus?.Addr ?? ''}`;
  return `To add a ${role} to this swarm, run the following command:\n\n    ${command}\n`;
}

async function tokenOf(engine: Connection, role: 'worker' | 'manager'): Promise<string> {
  const { JoinTokens } = await engine.ask<Cluster>('GET', '/swarm');
  return role === 'worker' ? JoinTokens.Worker : JoinTokens.Manager;
}

/** `fairlead swarm unlock-key`. */
export const showUnlockKey: Action = async ({ options, engine, print }) => {
  const isQuiet = options.flag('quiet');
  if (options.flag('rotate')) {
    const whenLocked = ({ Spec }: Cluster): Cluster['Spec'] => {
      if (Spec.EncryptionConfig?.AutoLockManagers === true) return Spec;
      throw refusal('cannot rotate because autolock is not turned on');
    };
    await changeCluster(engine, whenLocked, { rotateManagerUnlockKey: true });
    if (!isQuiet) print('Successfully rotated manager unlock key.');
  }
  const key = await unlockKey(engine);
  if (key === '') throw refusal('no unlock key is set');
  print(isQuiet ? key : unlockText(key));
  return 0;
};

/** The key that a locked swarm is opened with; empty when there is none. */
export async function unlockKey(engine: Connection): Promise<string> {
  return (await engine.ask<{ readonly UnlockKey?: string }>('GET', '/swarm/unlockkey')).UnlockKey ?? '';
}

/** What is said of such a key. */
export function unlockText(key: string): string {
  return [
    'To unlock a swarm manager after it restarts, run the `fairlead swarm unlock`',
    'command and provide the following key:\n',
    `    ${key}\n`,
    'Remember to store this key in a password manager, since without it you',
    'will not be able to restart the manager.',
  ].join('\n');
}

/** `fairlead swarm unlock`: the key is asked for, or is the first line of standard input. */
export const unlock: Action = async ({ engine }) => {
  const { Swarm } = await engine.ask<SwarmInfo>('GET', '/info');
  if (Swarm.LocalNodeState === 'inactive') throw refusal('Error: This node is not part of a swarm');
  if (Swarm.LocalNodeState !== 'locked') throw refusal('Error: swarm is not locked');
  await engine.ask('POST', '/swarm/unlock', { body: { UnlockKey: await readKey() } });
  return 0;
};

async function readKey(): Promise<string> {
  if (!process.stdin.isTTY) return ((await readAll(process.stdin)).split('\n')[0] ?? '').trim();
  const { createInterface } = await import('node:readline/promises');
  process.stdout.write('Enter unlock key: ');
  // Without an output nothing of the key is shown.
  using terminal = createInterface({ input: process.stdin, terminal: true });
  const key = await terminal.question('');
  process.stdout.write('\n');
  return key;
}
