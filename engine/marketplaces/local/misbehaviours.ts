import { MACHINE_FAULTS, type MachineFault } from './machine/spec.ts';

/** Every way in which this marketplace can be as bad as the rented ones are, and what it does. */
export const MISBEHAVIOURS = {
  // a machine
  'stuck-loading': 'never gets past loading',
  exits: 'its container exits; it stays listed and bills',
  'ssh-refused': 'is called running, but SSH does not answer',
  vanished: 'is absent from the list and silent, and comes back when this ends; it bills all the time',
  'slow-disk': 'reads, writes and computes at a twentieth of its speed',
  'gpu-lost': 'its GPU fell off the bus: nvidia-smi ends with an error',
  'no-gpu': 'nvidia-smi finds no devices',
  'cuda-dead': 'nvidia-smi answers, but CUDA does not start',
  'destroy-fails': 'cannot be destroyed: the call is refused',
  'destroy-lies': 'is said to be destroyed and is not',
  // an offer, or every offer of a machine
  'offer-taken': 'somebody else is faster',
  'create-refused': 'the marketplace refuses to rent it',
  'create-bills': 'the call to rent it fails, yet the machine exists and bills',
  'create-late': 'is rented, but the answer comes a minute later',
  // the whole account
  'no-credit': 'nothing can be rented any more',
  'lists-fail': 'offers and machines cannot be listed',
  'lists-lag': 'the list of machines is as it was 20 seconds ago',
} as const;

export type Misbehaviour = keyof typeof MISBEHAVIOURS;

export function isMisbehaviour(word: string): word is Misbehaviour {
  return Object.hasOwn(MISBEHAVIOURS, word);
}

/** Those that the machine's own process has to act out. */
export function machineFaults(modes: readonly Misbehaviour[]): readonly MachineFault[] {
  return MACHINE_FAULTS.filter((fault) => modes.includes(fault));
}
