/** What goes wrong with RunPod, as people report it. A scenario switches these on. */
export const TRAPS = {
  'no-capacity': 'the catalog shows stock, and a create is refused with 400 all the same',
  'create-502': 'a create is answered with 502, and the pod exists',
  'create-hangs': 'a create is never answered, and the pod exists',
  'list-lag': 'for 5 s new pods are in no list and answer 404, and ended ones stay in lists',
  'list-500': 'lists fail',
  stuck: 'new pods never leave PROVISIONING',
  error: 'new pods end in ERROR',
  'no-port': 'pods run, and their port 22 never gets a public one',
  'gpu-gone': 'a stopped pod cannot start: its GPU went to somebody else',
  'zero-gpus': 'a stopped pod starts without a GPU',
  'delete-500': 'the end of a pod is refused with 500',
  'delete-lies': 'the end of a pod is confirmed, and it goes on',
  'too-many': 'whatever would change a pod is refused with 429',
  'spend-limit': 'the account may spend no more per hour',
} as const;

export type Trap = keyof typeof TRAPS;

export const isTrap = (word: string): word is Trap => word in TRAPS;
