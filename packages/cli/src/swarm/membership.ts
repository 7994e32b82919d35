import type { Action } from '../command/command.ts';
import { listOption, singleOption, unsignedOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import { addressPools, listenAddress } from './addresses.ts';
import { changedSpec } from './cluster-spec.ts';
import { joinText, unlockKey, unlockText } from './tokens.ts';
import type { SwarmInfo } from './wire.ts';

/** What each address of a subnet has in common when nothing is said, in bits. */
const subnetSize = 24;

/** `fairlead swarm init`. */
export const init: Action = async ({ options, engine, print }) => {
  const body = {
    ListenAddr: singleOption(options, 'listen-addr', listenAddress) ?? listenAddress(''),
    AdvertiseAddr: options.text('advertise-addr') ?? '',
    DataPathAddr: options.text('data-path-addr') ?? '',
    DataPathPort: unsignedOption(options, 'data-path-port') ?? 0,
    DefaultAddrPool: listOption(options, 'default-addr-pool', addressPools).flat(),
    SubnetSize: unsignedOption(options, 'default-addr-pool-mask-length') ?? subnetSize,
    ForceNewCluster: options.flag('force-new-cluster'),
    Spec: changedSpec({}, options),
    AutoLockManagers: options.flag('autolock'),
    Availability: availability(options),
  };
  const node = await engine.ask<string>('POST', '/swarm/init', { body });
  print(`Swarm initialized: current node (${node}) is now a manager.\n`);
  print(await joinText(engine, node, 'worker'));
  print("To add a manager to this swarm, run 'fairlead swarm join-token manager' and follow the instructions.");
  if (options.flag('autolock')) print(unlockText(await unlockKey(engine)));
  return 0;
};

/** `fairlead swarm join`. */
export const join: Action = async ({ words: [remote = ''], options, engine, print }) => {
  const body = {
    ListenAddr: singleOption(options, 'listen-addr', listenAddress) ?? listenAddress(''),
    AdvertiseAddr: options.text('advertise-addr') ?? '',
    DataPathAddr: options.text('data-path-addr') ?? '',
    RemoteAddrs: [remote],
    JoinToken: options.text('token') ?? '',
    Availability: availability(options),
  };
  await engine.ask('POST', '/swarm/join', { body });
  const { Swarm } = await engine.ask<SwarmInfo>('GET', '/info');
  print(`This node joined a swarm as a ${Swarm.ControlAvailable === true ? 'manager' : 'worker'}.`);
  return 0;
};

/** `fairlead swarm leave`. */
export const leave: Action = async ({ options, engine, print }) => {
  await engine.ask('POST', '/swarm/leave', { query: { force: options.flag('force') || undefined } });
  print('Node left the swarm.');
  return 0;
};

function availability(options: Options): string {
  const text = options.text('availability');
  if (text === undefined) return '';
  if (/^(active|pause|drain)$/i.test(text)) return text.toLowerCase();
  throw refusal(`invalid availability ${JSON.stringify(text)}, only active, pause and drain are supported`);
}
