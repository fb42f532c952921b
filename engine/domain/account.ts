/** Somebody who may ask for things. The id is the name people see; it is never given to another one. */
export interface Account {
  readonly id: string;
  readonly version: number;
  readonly role: Role;
  /** scrypt, with its own salt and cost. */
  readonly password: string;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Nobody comes in by it any more; what it did stays in its name. */
  readonly endedAt: number | null;
  /** Words that were given out before this moment do not count any more. */
  readonly wordsSince: number;
  /** The Discord user who proved to be the same person. */
  readonly discord: string | null;
}

/** One login. Its refresh word changes with every use; an old one that turns up again was stolen, and ends it. */
export interface Session {
  readonly id: string;
  readonly version: number;
  readonly account: string;
  /** SHA-256 of the refresh word that is good now. */
  readonly secret: string;
  readonly createdAt: number;
  readonly usedAt: number;
  readonly expiresAt: number;
}

/** A word that a person made for a program of theirs, with less power than they have. */
export interface Token {
  readonly id: string;
  readonly version: number;
  readonly account: string;
  readonly name: string;
  readonly role: Role;
  /** Only these; null: all that its account may reach. */
  readonly workspaces: readonly string[] | null;
  readonly secret: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly usedAt: number | null;
}

/** A code that a person carries once from here to Discord. */
export interface LinkCode {
  /** SHA-256 of the code. */
  readonly id: string;
  readonly version: number;
  readonly account: string;
  readonly expiresAt: number;
}

/** Each may do all that those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Like a workspace's: it also stands in paths and lines of a log. */
export const ACCOUNT_NAME = /^[a-z][a-z0-9._-]{0,39}$/;
/** Whoever can read the engine's own token file. No account can have this name. */
export const OWNER = 'root@this-computer';
export const PASSWORD_CHARACTERS_MIN = 12;

/** Who asks, whichever way in they took. */
export interface Who {
  readonly name: string;
  /** Of the account, or of the token when that has less. */
  readonly role: Role;
  /** A token may be for these only; null: whatever the account may reach. */
  readonly workspaces: readonly string[] | null;
  /** How they showed who they are. */
  readonly by: 'file' | 'password' | 'token' | 'discord';
}

export const reaches = (has: Role, needed: Role): boolean => ROLES.indexOf(has) >= ROLES.indexOf(needed);

export const lesser = (one: Role, other: Role): Role => (reaches(one, other) ? other : one);

/** What a workspace says of who may reach it. */
export interface Belonging {
  readonly id: string;
  readonly owner: string;
  readonly shares: readonly Share[];
}

export interface Share {
  readonly with: string;
  readonly role: 'viewer' | 'operator';
  readonly by: string;
  readonly at: number;
}

/**
 * What somebody may do with a workspace: all of it with one's own, what was shared with those it was shared with, and
 * never more than the account itself may. Null: to them it does not exist.
 */
export function roleOn(who: Who, { id, owner, shares }: Belonging): Role | null {
  if (who.workspaces && !who.workspaces.includes(id)) return null;
  if (who.role === 'admin') return 'admin';
  if (owner === who.name) return who.role === 'viewer' ? 'viewer' : 'admin';
  const share = shares.find((one) => one.with === who.name);
  return share ? lesser(share.role, who.role) : null;
}
