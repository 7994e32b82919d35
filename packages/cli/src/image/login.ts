import { text } from 'node:stream/consumers';
import { FairleadError } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import { dockerHub, eraseCredentials, storeCredentials } from './registry-credentials.ts';

/** `fairlead login`: the engine asks the registry, and what it takes is kept. */
export const login: Action = async ({ words: [server], options, engine, print }) => {
  const registry = registryName(server);
  const username = options.text('username') ?? (await ask('Username: '));
  const password = await passwordFrom(options);
  if (username === '' || password === '')
    throw new FairleadError('invalid-argument', 'username and password are needed');
  const body = { username, password, serveraddress: registry };
  const { Status } = await engine.ask<{ readonly Status: string }>('POST', '/auth', { body });
  storeCredentials(registry, { username, password });
  print(Status);
  return 0;
};

/** `fairlead logout`. */
export const logout: Action = ({ words: [server], print }) => {
  const registry = registryName(server);
  const shown = registry === dockerHub ? 'https://index.docker.io/v1/' : registry;
  print(eraseCredentials(registry) ? `Removing login credentials for ${shown}` : `Not logged in to ${shown}`);
  return Promise.resolve(0);
};

function registryName(server: string | undefined): string {
  if (server === undefined || /^(index\.)?docker\.io$/.test(server) || server === dockerHub) return dockerHub;
  return server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

async function passwordFrom(options: Invocation['options']): Promise<string> {
  const given = options.text('password');
  if (options.flag('password-stdin')) {
    if (given !== undefined) {
      throw new FairleadError('invalid-argument', '--password and --password-stdin are mutually exclusive');
    }
    if (options.text('username') === undefined) {
      throw new FairleadError('invalid-argument', 'Must provide --username with --password-stdin');
    }
    return (await text(process.stdin)).replace(/\r?\n$/, '');
  }
  return given ?? (await ask('Password: ', true));
}

/** @param hidden nothing of the answer is shown. */
async function ask(question: string, hidden = false): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new FairleadError('invalid-argument', 'Error: Cannot perform an interactive login from a non TTY device');
  }
  const { createInterface } = await import('node:readline/promises');
  process.stdout.write(question);
  using terminal = createInterface({
    input: process.stdin,
    terminal: true,
    ...(!hidden && { output: process.stdout }),
  });
  const answer = await terminal.question('');
  if (hidden) process.stdout.write('\n');
  return answer;
}
