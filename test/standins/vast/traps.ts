import { noSuchTrap } from '../no-such-trap.ts';

/** Every way in which vast is known to surprise, by the name that switches it on, and what it does. */
export const TRAPS = {
  'text-errors': 'errors come as plain text',
  'too-frequent': 'calls are refused with 429 although they kept their distance',
  'create-502': 'a create is answered with 502, and the machine is there',
  'create-lost': 'a create is never answered, and the machine is there',
  'create-502-nothing': 'a create is answered with 502, and nothing was made',
  'create-error-made': 'an error names the machine it made, stopped and billed',
  'ask-taken': 'somebody else was quicker: 410 no_such_ask',
  'ask-unknown': 'the same as 404',
  'no-credit': 'the account lacks credit',
  'spend-limit': 'the account may spend no more this hour',
  'list-lag': 'lists are 1 to 5 s behind',
  'list-502': 'lists fail',
  'list-short': 'a page lacks machines that are counted',
  'bulk-missing': 'calls for many at once are not known',
  'bulk-half': 'calls for many at once do half of it and say all is well',
  'destroy-429': 'destroys are refused as too frequent',
  'destroy-404': 'a destroy says there is no such machine, and there is',
  'destroy-lost': 'a destroy is done and never answered',
  'destroy-502': 'a destroy fails',
  'destroy-lies': 'a destroy says it is done, and is not',
  stuck: 'a machine loads for ever',
  exits: 'it ends while it starts',
  offline: 'its host goes away',
  oci: 'its container cannot be made',
  'no-ports': 'it runs and has no port',
  'ssh-refused': 'it runs and nobody answers its port',
  'cuda-dead': 'its GPU does not start',
  'gpu-taken': 'a stopped machine waits for its GPU, which somebody else has',
  'price-increase': "hosts want a quarter more when a rental's term ends",
  outbid: 'somebody bids more for an interruptible machine',
  'log-late': 'logs are promised and do not come',
} as const;

export type Trap = keyof typeof TRAPS;

/** How often each happens, from 0 to 1. */
export type Traps = Map<Trap, number>;

export function readTraps(words: readonly string[]): Traps {
  return new Map(
    words.map((word) => {
      const [name = '', share = '1'] = word.split('=');
      if (!(name in TRAPS) || !(Number(share) >= 0 && Number(share) <= 1)) throw noSuchTrap(word, TRAPS);
      return [name as Trap, Number(share)];
    }),
  );
}
