import type { Config, Secret } from '@fairlead/engine';
import * as v from 'valibot';
import { driver, labels, presentMeta } from './annotations.ts';
import { always, maybe, type Shape, struct, text } from './shape.ts';

/** Bytes in base64. */
const bytes: Shape<string> = { ...text, schema: v.string() };

/** `SecretSpec` and `ConfigSpec`, which has no driver. */
export const payloadSpec = struct({
  name: always(text, ''),
  labels,
  data: maybe(bytes),
  driver: maybe(driver),
  templating: maybe(driver),
});

/** A secret, without what it keeps. */
export function presentSecret(secret: Secret) {
  return { ...presentMeta(secret), Spec: payloadSpec.show(secret.spec) };
}

/** A config. */
export function presentConfig(config: Config) {
  return { ...presentMeta(config), Spec: payloadSpec.show(config.spec) };
}
