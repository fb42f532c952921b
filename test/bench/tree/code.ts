import type { Seeded } from './seeded.ts';

/** A source file that nobody wrote: as long as real ones are, and as easy to compress. */
export function sourceFile(source: Seeded): string {
  const lines: string[] = [
    `import ${name(source)}`,
    `from ${name(source)} import ${name(source)}, ${name(source)}`,
    '',
  ];
  const functions = 2 + source.below(12);
  for (let i = 0; i < functions; i++) {
    const [subject, given] = [name(source), name(source)];
    lines.push(`def ${subject}(${given}, ${name(source)}=${source.below(1_000)}):`);
    const body = 3 + source.below(15);
    for (let line = 0; line < body; line++) {
      const shape = SHAPES[source.below(SHAPES.length)]!;
      lines.push(
        `    ${shape.replaceAll('@', () => name(source)).replaceAll('#', () => String(source.below(10_000)))}`,
      );
    }
    lines.push(`    return ${given}`, '');
  }
  return lines.join('\n');
}

function name(source: Seeded): string {
  const words = 1 + source.below(3);
  return Array.from({ length: words }, () => WORDS[source.below(WORDS.length)]).join('_');
}

const WORDS =
  `batch loss model layer token head mask state cache path file index shape scale norm weight grad step epoch train
  eval data load save config logger device rank world queue worker reader writer parse build merge split sample seed rate
  decay warm schedule clip image label score metric query key value project embed decode encode pad trim chunk block page`
    .split(/\s+/)
    .filter(Boolean);

const SHAPES = [
  '@ = @(@, #)',
  '@ = @.@(@)',
  'if @ is None or @ > #:',
  '    raise ValueError(f"{@} must be below #")',
  'for @, @ in enumerate(@):',
  '    @.append(@[@])',
  '@["@"] = @.get("@", #)',
  '# @ of the @ before its @',
  'with @(@, "rb") as @:',
  'assert @.shape == (#, #), @',
  'logger.info("@ %s of %d", @, @)',
  '@ = {"@": @, "@": #}',
];
