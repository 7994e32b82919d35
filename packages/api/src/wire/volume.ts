import type { VolumeRequest, VolumeView } from '@fairlead/engine';
import * as v from 'valibot';
import { goObject, goString } from './go-json.ts';
import { timeText } from './time.ts';

const optionalMap = v.optional(v.record(v.string(), v.string()));

/** The body of `POST /volumes/create`. */
export const volumeCreateSchema = goObject({
  Name: goString,
  Driver: goString,
  DriverOpts: optionalMap,
  Labels: optionalMap,
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
export function presentVolume({ volume, mountpoint }: VolumeView) {
  return {
    CreatedAt: timeText(Math.floor(volume.created / 1000) * 1000),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: mountpoint,
    Name: volume.id,
    Options: volume.options,
    Scope: 'local',
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
