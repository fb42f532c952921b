/** One line of `nvidia-smi --query-gpu=index,utilization.gpu,memory.used --format=csv,noheader,nounits`. */
export interface GpuLine {
  readonly gpu: number;
  /** Null where it does not tell: a GPU that is shared out (MIG) says [N/A]. */
  readonly busyPercent: number | null;
  readonly memoryMb: number | null;
}

/** Null for any other line: it complains there, too. */
export function gpuLine(line: string): GpuLine | null {
  const cells = line.split(',').map((cell) => cell.trim());
  const [gpu, busy, memory] = cells;
  if (cells.length !== 3 || !/^\d+$/.test(gpu!) || !CELL.test(busy!) || !CELL.test(memory!)) return null;
  return { gpu: Number(gpu), busyPercent: numberIn(busy!), memoryMb: numberIn(memory!) };
}

/** A number, or why there is none: [N/A], [Not Supported], [Unknown Error], [GPU is lost]. */
const CELL = /^(\d+(\.\d+)?|\[.*\]|N\/A)$/;

const numberIn = (cell: string): number | null => (/^\d/.test(cell) ? Number(cell) : null);
