import type { VolumeRequest, VolumeView } from '@fairlead/engine';
import type * as v from 'valibot';
import { goObject, goOptionalMap, goString } from './go-json.ts';
import { timeText } from './time.ts';

/** What Docker says of a plugin's volume when the plugin does not say. */
const GO_ZERO_TIME = '0001-01-01T00:00:00Z';

/** The body of `POST /volumes/create`. */
export const volumeCreateSchema = goObject({
  Name: goString,
  Driver: goString,
  DriverOpts: goOptionalMap,
  Labels: goOptionalMap,
});

/** A request as the engine takes it. Maps that are not there are shown as `null` later, empty ones as they are. */
export function parseVolumeCreate(wire: v.InferOutput<typeof volumeCreateSchema>): VolumeRequest {
  return {
    name: wire.Name,
    driver: wire.Driver,
    options: wire.DriverOpts ?? null,
    labels: wire.Labels ?? null,
  };
}

/** A volume as every answer has it. Its time is told in whole seconds. */
export function presentVolume({ volume, mountpoint, remote }: VolumeView) {
  const created = remote === undefined ? volume.created : remote.created;
  return {
    CreatedAt: created === undefined ? GO_ZERO_TIME : timeText(Math.floor(created / 1000) * 1000),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: mountpoint,
    Name: volume.id,
    Options: volume.options,
    Scope: remote?.scope ?? 'local',
    ...(remote?.status && { Status: remote.status }),
  };
}

/**
 * A volume in `GET /system/df`.
 *
 * @param size bytes.
 */
export function presentVolumeUsage(view: VolumeView, size: number) {
  return { ...presentVolume(view), UsageData: { RefCount: view.users.length, Size: size } };
}
