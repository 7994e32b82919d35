/**
 * The profile that AppArmor holds containers by: a door of its own, for hosts that have AppArmor.
 *
 * @module
 */
export { defaultProfile, defaultProfileName, type ProfileSurroundings } from './spec/apparmor-profile.ts';
