import { type IpAddress, parseIpAddress } from '@fairlead/base';
import type { LinkSocket } from '@fairlead/dhcp';
import { answer4, claim4, claimFrame, describe4 } from '@fairlead/dhcp/testing';
import type { LanPort } from '../lan/lan-port.ts';
import type { Life } from './life.ts';

/** A LAN in memory, with one server that gives one address. */
export class FakeLan {
  /** What it gives. */
  address = parseIpAddress('192.0.2.9');
  /** An address that another machine has. */
  taken: IpAddress | undefined;
  /** What it gives when it hears of that. */
  spare: IpAddress | undefined;
  /** Seconds for which it gives it. */
  seconds = 3600;
  /** True lets it answer nobody. */
  silent = false;
  /** Somebody says that he uses an address; absent while nobody watches one. */
  claims: (() => void) | undefined;
  /** What it was told, in order: `DISCOVER 0.0.0.0`. */
  readonly heard: string[] = [];

  /** The LAN as a process sees it that may end before or after each thing that it says. */
  portOf(life: Life): LanPort {
    const say = (frame: Uint8Array) => {
      if (life.dead) return undefined;
      life.before();
      this.heard.push(describe4(frame));
      life.after();
      if (this.heard.at(-1)?.startsWith('DECLINE')) this.address = this.spare ?? this.address;
      const claim = this.taken && claim4(frame, this.taken);
      return claim ?? (this.silent ? undefined : answer4(frame, this.address, this.seconds));
    };
    return {
      open: (_namespace, _link, onFrame): LinkSocket => {
        let isOpen = true;
        const send = (frame: Uint8Array) => {
          const answer = say(frame);
          if (answer !== undefined) setImmediate(() => isOpen && !life.dead && onFrame(answer));
        };
        const dispose = () => {
          isOpen = false;
        };
        return { send, [Symbol.dispose]: dispose };
      },
      watch: (_namespace, _link, { address }, onFrame) => {
        const claims = () => onFrame(claimFrame(address));
        this.claims = claims;
        const dispose = () => {
          if (this.claims === claims) this.claims = undefined;
        };
        return { [Symbol.dispose]: dispose };
      },
      send: (_link, frames) => frames.forEach(say),
    };
  }
}
