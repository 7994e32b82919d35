/**
 * Value types, errors and small tools without any I/O: what every other package speaks in.
 *
 * @module
 */
export { ByteReader, ByteWriter, giveBack } from './bytes.ts';
export { type ClassicInstruction, classicOpcode, wholePacket } from './classic-instruction.ts';
export { compareText } from './compare-text.ts';
export {
  codeOf,
  type ErrorCode,
  errorCodeOf,
  FairleadError,
  hasSystemCode,
  httpStatusOf,
  isConflict,
  isNotFound,
  isUnavailable,
  messageOf,
  settleAll,
  withPrefix,
} from './errors.ts';
export { goBooleanError, parseGoBoolean } from './go-boolean.ts';
export { isIdentifierPrefix, newIdentifier, newSwarmIdentifier, shortIdentifier } from './identifier.ts';
export {
  formatIdentityRanges,
  type IdentityMapping,
  type IdentityRange,
  type Owner,
  ownerInside,
  ownerOutside,
  parseIdentityRanges,
  sameMapping,
} from './identity-mapping.ts';
export { interfaceIdentifier, linkLocalAddress } from './interface-identifier.ts';
export { internetChecksum } from './internet-checksum.ts';
export {
  type Family,
  familyOf,
  hostText,
  type IpAddress,
  ipFromBytes,
  ipFromInteger,
  ipPlus,
  ipToBytes,
  ipToInteger,
  isLoopback,
  isUnspecified,
  parseIpAddress,
  tryParseIpAddress,
} from './ip-address.ts';
export { KeyedMutex, runTogether } from './keyed-mutex.ts';
export { lateModule, loadLateModules, loadUsualModules, usualModule } from './late-module.ts';
export { LEAST_MTU6 } from './least-mtu.ts';
export { type Logger, type LogLevel, silentLogger } from './logger.ts';
export { localMacAddress, type MacAddress, macFromBytes, macToBytes, parseMacAddress } from './mac-address.ts';
export {
  anyPort,
  formatPolicy,
  maximal,
  type PortPolicies,
  type PortPolicy,
  parsePortPolicy,
  policyKeys,
  splitPolicy,
} from './port-policy.ts';
export {
  commonRange,
  formatPortRange,
  formatPortSpec,
  joinRanges,
  type PortProtocol,
  type PortRange,
  type PortSpec,
  parsePortProtocol,
  parsePortRange,
  parsePortSpec,
  portProtocols,
  portsIn,
  sizeOfRange,
  withoutRange,
} from './port-spec.ts';
export {
  addressOf,
  familyBits,
  type InterfaceAddress,
  interfaceAddress,
  isCidr,
  lastAddress,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
  prefixBounds,
  prefixContains,
  prefixCovers,
  prefixesOverlap,
  prefixFamily,
  prefixLength,
  prefixOf,
} from './prefix.ts';
export { nameServerAddress, relayEndpoint } from './resolver-address.ts';
export { addToIndex, removeFromIndex } from './set-index.ts';
