import { type FileHandle, open } from 'node:fs/promises';

type Method = 'appendFile' | 'datasync' | 'sync' | 'truncate' | 'writeFile';
type Real = (...given: readonly unknown[]) => Promise<unknown>;

/**
 * Puts `instead` in the place of a method of every open file, until it is disposed of. The disk itself is real: only the
 * moment at which it says no, or has not answered yet, is chosen here.
 */
export async function faultyDisk(
  method: Method,
  instead: (real: Real, given: readonly unknown[], file: FileHandle) => Promise<unknown>,
): Promise<Disposable> {
  await using any = await open('/dev/null');
  const prototype = Object.getPrototypeOf(any) as Record<Method, Real>;
  const real = prototype[method];
  prototype[method] = async function (this: FileHandle, ...given: readonly unknown[]) {
    return await instead(real.bind(this), given, this);
  };
  return {
    [Symbol.dispose]() {
      prototype[method] = real;
    },
  };
}

export function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}
