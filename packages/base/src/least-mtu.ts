/** Bytes that an interface has to take for IPv6 (RFC 8200, 5); below that the kernel switches IPv6 off on it. */
export const LEAST_MTU6 = 1280;
