/** How a secret travels between Pulumi's processes: the value in an object with these two marks. */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export function asSecret(value: Json): Json {
  return { [SIGNATURE]: SECRET, value };
}

export function isSecret(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && value[SIGNATURE] === SECRET;
}

/** Whether there is a secret anywhere in it. */
export function hidesOne(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isSecret(value) || Object.values(value).some((inner) => hidesOne(inner));
}

export function revealed(value: Json): Json {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  if (isSecret(value)) return revealed(value.value ?? null);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]));
}
