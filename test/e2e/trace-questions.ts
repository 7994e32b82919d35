/** Questions that many faults are found by, each in both families. */

/** Between two containers of one network. */
export const tcp = { from: 'web', to: '10.9.1.3:80' };
export const tcp6 = { from: 'web', to: '[fd00:9:1::3]:80' };

/** From a container to the machine outside. */
export const out = { from: 'web', to: '192.0.2.1' };
export const out6 = { from: 'web', to: '2001:db8::1' };

/** From outside to a published port. */
export const into = { from: 'outside', to: 'db:80' };
export const into6 = { ...into, family: 6 };
