import { BlockList, isIP } from 'node:net';
import { Failure } from '../domain/failures.ts';

/**
 * Where a request comes from. What a proxy says is believed only of those proxies that the settings name; anybody else could
 * say anything.
 */
export function clientAddress(
  proxies: readonly string[],
): (socket: string | undefined, forwarded: string | null) => string {
  const trusted = listOf(proxies);
  const isTrusted = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
  return (socket, forwarded) => {
    let from = plain(socket ?? 'unknown');
    // Each proxy adds whom it heard from at the end; the first from there that we do not trust is the client.
    const said = (forwarded ?? '').split(',').map((one) => plain(one.trim()));
    while (isTrusted(from) && said.length > 0) {
      const before = said.pop() ?? '';
      if (isIP(before) === 0) break;
      from = before;
    }
    return from;
  };
}

function listOf(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const width = family === 'ipv6' ? 128 : 32;
    const prefix = bits === undefined ? width : Number(bits);
    if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > width)
      throw new Failure('bad_setting', { why: `  DUMONT_TRUSTED_PROXIES: "${proxy}" is no address and no network` });
    list.addSubnet(address, prefix, family);
  }
  return list;
}

/** An IPv4 address that came in over IPv6 is the same address. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Of this computer. */
export const isHere = (address: string | undefined): boolean => /^(127\.|::1$)/.test(address ?? '');
