import * as v from 'valibot';
import { endpointSettingsSchema } from './endpoint-settings.ts';
import { goBoolean, goMap, goObject, goString, goStringMap, goStrings } from './go-json.ts';
import { healthcheckSchema } from './healthcheck.ts';
import { hostConfigSchema } from './host-config.ts';

/** `Cmd` and `Entrypoint`: a list, or one text that stands for a list of one. */
const commandSchema = v.optional(
  v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((text) => [text]),
    ),
  ]),
);

/** Keys that matter, with values that do not: Go's sets. */
const keySet = v.optional(goMap(v.unknown()), {});

/** The body of `POST /containers/create`. */
export const createSchema = goObject({
  Hostname: goString,
  Domainname: goString,
  User: goString,
  AttachStdin: goBoolean,
  AttachStdout: goBoolean,
  AttachStderr: goBoolean,
  ExposedPorts: keySet,
  Tty: goBoolean,
  OpenStdin: goBoolean,
  StdinOnce: goBoolean,
  Env: goStrings,
  Cmd: commandSchema,
  Image: goString,
  Volumes: keySet,
  WorkingDir: goString,
  Entrypoint: commandSchema,
  NetworkDisabled: goBoolean,
  MacAddress: goString,
  Labels: goStringMap,
  StopSignal: goString,
  Healthcheck: v.optional(healthcheckSchema),
  StopTimeout: v.optional(v.pipe(v.number(), v.integer())),
  HostConfig: v.optional(hostConfigSchema, {}),
  NetworkingConfig: v.optional(
    goObject({ EndpointsConfig: v.optional(goMap(v.nullable(endpointSettingsSchema)), {}) }),
  ),
});

/** The body of `POST /containers/create` after decoding. */
export type WireCreate = v.InferOutput<typeof createSchema>;
