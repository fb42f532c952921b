import { Failure } from '../domain/failures.ts';

/** A password that goes over the network goes over TLS. */
export function encrypted(given: string): string {
  const url = URL.parse(/^https?:\/\//.test(given) ? given : `https://${given}`);
  if (!url) throw new Failure('bad_request', { why: `"${given}" is no address.` });
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !here)
    throw new Failure('bad_request', { why: `${given} is not encrypted: use https, or a tunnel to this computer.` });
  return url.origin;
}
