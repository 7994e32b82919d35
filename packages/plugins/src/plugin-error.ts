import { FairleadError } from '@fairlead/base';

/** A plugin has said no, in its own words. */
export class PluginRefusal extends FairleadError {
  constructor(message: string) {
    super('internal', message);
  }
}

/** There is no plugin of a name. */
export class PluginAbsence extends FairleadError {
  constructor(name: string) {
    super('not-found', `could not find plugin ${name} in v1 plugin registry: plugin not found`);
  }
}

/** A plugin that the engine runs cannot be used for something: it is switched off, or is made for something else. */
export class PluginUnfit extends FairleadError {}

/** Nobody knows whether a plugin has heard, for it does not answer; or it is certain that it has not. */
export class PluginSilence extends FairleadError {
  constructor(message: string) {
    super('internal', message);
  }
}

/** True when something failed because there is no plugin of a name, or not yet. */
export function lacksPlugin(error: unknown): boolean {
  return error instanceof PluginAbsence || (error instanceof Error && lacksPlugin(error.cause));
}
