import { FairleadError } from '@fairlead/base';

/** A plugin has said no, in its own words. */
export class PluginRefusal extends FairleadError {
  constructor(message: string) {
    super('internal', message);
  }
}

/** Nobody knows whether a plugin has heard, for it does not answer; or it is certain that it has not. */
export class PluginSilence extends FairleadError {
  constructor(message: string) {
    super('internal', message);
  }
}
