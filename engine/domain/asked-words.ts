/**
 * What people decide about a workspace, as its log says it. `#` is what came of it, `{why}` the reason that was noted, which is
 * said behind where it has no place of its own.
 */
const DECIDED = {
  create: both('created it', 'criou o workspace'),
  configure: both('changed #', 'mudou #'),
  wake: both('asked to wake it', 'pediu para acordá-lo'),
  hibernate: both('asked to put it to sleep', 'pediu para pô-lo para dormir'),
  pause: both('asked to pause it', 'pediu para pausá-lo'),
  keep: both('keeps it awake until #', 'mantém acordado até #'),
  snapshot: both('asked for a snapshot', 'pediu um snapshot'),
  restore: both('asked to restore a snapshot', 'pediu para restaurar um snapshot'),
  run: both('asked to run {why}', 'pediu para rodar {why}'),
  standby: both('set its standby: #', 'definiu o standby: #'),
  schedule: both('scheduled: #', 'agendou: #'),
  abandon: both('gave up what is on its machine', 'desistiu do que está na máquina'),
  share: both('shared it with #', 'compartilhou com #'),
  clone: both('asked to clone a snapshot into {why}', 'pediu para clonar um snapshot em {why}'),
  give: both('asked to share a snapshot {why}', 'pediu para compartilhar um snapshot {why}'),
  pin: both('pinned #', 'fixou #'),
  forget: both('removed snapshot #', 'removeu o snapshot #'),
  drill: both('asked to try snapshot {why}', 'pediu para testar o snapshot {why}'),
  rekey: both('asked for another password for its backups', 'pediu outra senha para os backups'),
  destroy: both('removed it: #', 'removeu o workspace: #'),
} as const;

/** Of what had an end. */
const ENDED: { readonly [V in Decided]?: Both } = {
  keep: both('no longer keeps it awake', 'não mantém mais acordado'),
  schedule: both('ended the schedule #', 'encerrou o agendamento #'),
  share: both('no longer shares it with #', 'não compartilha mais com #'),
  pin: both('no longer pins #', 'não fixa mais #'),
};

/** How what came of it says so. */
const ENDS = /(?:^|: )(?:ended|no more)$/;

export type Decided = keyof typeof DECIDED;
type Both = Readonly<Record<'en' | 'pt', string>>;

/**
 * Who decided what about a workspace, from a line of its log; null for every other line. `say` puts what the engine and people
 * wrote into the language.
 */
export function askedWords(
  { event, facts }: { readonly event: string; readonly facts: Readonly<Record<string, unknown>> },
  language: keyof Both,
  say = (text: string): string => text,
): string | null {
  if (event !== 'workspace.asked' || !Object.hasOwn(DECIDED, String(facts.verb))) return null;
  const verb = facts.verb as Decided;
  const [result, why] = [shown(facts.result), shown(facts.why)];
  const said = ((ENDS.test(result) && ENDED[verb]) || DECIDED[verb])[language];
  const words = said.replace('#', () => say(result.replace(ENDS, ''))).replace('{why}', () => say(why));
  return `${shown(facts.by)} ${words}${why === '' || said.includes('{why}') ? '' : `: ${say(why)}`}`;
}

/** On one line and with nothing that a terminal obeys; ids in short, times as the lines around them have theirs. */
function shown(text: unknown): string {
  return String(text ?? '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, '$1')
    .replaceAll(/\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z/g, '$1 $2Z');
}

function both(en: string, pt: string): Both {
  return { en, pt };
}
