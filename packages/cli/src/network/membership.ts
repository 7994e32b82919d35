import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { addressSettings, type EndpointSettings } from '../container/create-request.ts';

/** `fairlead network connect`. */
export const connect: Action = async ({ words: [network = '', container = ''], options, engine }) => {
  const aliases = options.list('alias');
  const links = options.list('link');
  const driver = options.map('driver-opt');
  const priority = options.integer('gw-priority');
  const settings: EndpointSettings = {
    ...addressSettings(options.text('ip'), options.text('ip6'), options.list('link-local-ip')),
    ...(aliases.length === 0 ? {} : { Aliases: aliases }),
    ...(links.length === 0 ? {} : { Links: links }),
    ...(Object.keys(driver).length === 0 ? {} : { DriverOpts: driver }),
    ...(priority === undefined ? {} : { GwPriority: priority }),
  };
  await engine.ask('POST', `/networks/${network}/connect`, {
    body: { Container: container, EndpointConfig: settings },
  });
  return 0;
};

/** `fairlead network disconnect`. */
export const disconnect: Action = async ({ words: [network = '', container = ''], options, engine }) => {
  const body = { Container: container, Force: options.flag('force') };
  await engine.ask('POST', `/networks/${network}/disconnect`, { body });
  return 0;
};

/** `fairlead network limit`. */
export const limit: Action = async ({ words: [network = '', container = ''], options, engine }) => {
  const [inward, outward] = [options.text('in'), options.text('out')];
  if (inward === undefined && outward === undefined) {
    throw new FairleadError('invalid-argument', 'say how fast: --in RATE, --out RATE or both');
  }
  const body = {
    container,
    ...(inward !== undefined && { in: inward }),
    ...(outward !== undefined && { out: outward }),
  };
  await engine.ask('POST', `/fairlead/networks/${network}/limits`, { body });
  return 0;
};
