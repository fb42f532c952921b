import type { Role } from './account.ts';

/**
 * Everything a person can ask for. The command line, the API and the bot are generated or checked from this table,
 * so that none of them lacks what another has.
 */
export const VERBS = {
  create: verb('operator', 'Describe a new workspace', 'Descreve um novo workspace', 'workspace'),
  wake: verb(
    'operator',
    'Race machines and bring a workspace back',
    'Disputa máquinas e traz um workspace de volta',
    'workspace',
  ),
  hibernate: verb(
    'operator',
    'Save a workspace, prove it, and stop paying for its machine',
    'Salva um workspace, prova, e para de pagar a máquina',
    'workspace',
  ),
  pause: verb(
    'operator',
    'Save a workspace and stop its machine in place, where the marketplace can',
    'Salva um workspace e para a máquina onde está, se o marketplace permite',
    'workspace',
  ),
  resume: verb('operator', 'Start a paused machine again', 'Liga de novo uma máquina pausada', 'workspace'),
  snapshot: verb('operator', 'Back up now, under a description', 'Faz backup agora, com uma descrição', 'workspace'),
  run: verb(
    'operator',
    'Run a program: a checkpoint before, awake meanwhile, asleep after it',
    'Roda um programa: um checkpoint antes, acordado durante, dormindo depois',
    'workspace',
  ),
  keep: verb(
    'operator',
    'Keep a workspace awake for a while',
    'Mantém um workspace acordado por um tempo',
    'workspace',
  ),
  standby: verb(
    'operator',
    'A machine without a GPU for when none with one can be had, and its cost',
    'Uma máquina sem GPU para quando não houver com GPU, e o custo dela',
    'workspace',
  ),
  schedule: verb(
    'operator',
    'Wake a workspace, or put it to sleep, at a time of the week',
    'Acorda um workspace, ou o põe para dormir, numa hora da semana',
    'workspace',
  ),
  configure: verb(
    'operator',
    'Change what a workspace is: image, GPU, directories, rules for sleeping',
    'Muda o que um workspace é: imagem, GPU, diretórios, regras de sono',
    'workspace',
  ),
  restore: verb(
    'operator',
    'Wake from an older snapshot, or bring files of one back',
    'Acorda a partir de um snapshot antigo, ou traz arquivos dele de volta',
    'workspace',
  ),
  abandon: verb(
    'operator',
    'Give up what is on a machine that cannot be saved',
    'Desiste do que está numa máquina que não pode ser salva',
    'workspace',
  ),
  share: verb(
    'admin',
    'Let somebody else look at a workspace, or work with it',
    'Deixa outra pessoa ver um workspace, ou trabalhar nele',
    'workspace',
  ),
  status: verb('viewer', 'What every workspace is doing, and why', 'O que cada workspace está fazendo, e por quê'),
  snapshots: verb('viewer', 'List the snapshots of a workspace', 'Lista os snapshots de um workspace', 'workspace'),
  files: verb(
    'viewer',
    'What is in a snapshot, and how two differ, without a machine',
    'O que há num snapshot, e em que dois diferem, sem máquina',
    'workspace',
  ),
  pin: verb(
    'operator',
    'Keep a snapshot for as long as you want',
    'Guarda um snapshot pelo tempo que você quiser',
    'workspace',
  ),
  clone: verb(
    'operator',
    'Make a new workspace of a snapshot',
    'Cria um workspace novo a partir de um snapshot',
    'workspace',
  ),
  give: verb(
    'admin',
    'Share one snapshot: somebody else gets a workspace of their own with its files',
    'Compartilha um snapshot: outra pessoa ganha um workspace próprio com os arquivos',
    'workspace',
  ),
  drill: verb(
    'operator',
    'Really restore a snapshot here to try it, and say how long that took',
    'Restaura de verdade um snapshot aqui para testá-lo, e diz quanto levou',
    'workspace',
  ),
  rekey: verb(
    'admin',
    'Give the backups of a workspace another password',
    'Dá outra senha aos backups de um workspace',
    'workspace',
  ),
  forget: verb('admin', 'Remove a snapshot for ever', 'Remove um snapshot para sempre', 'workspace'),
  plans: verb(
    'viewer',
    'What each plan allows, and what its backups cost',
    'O que cada plano permite, e o que custam os backups',
  ),
  savings: verb(
    'viewer',
    'What was really paid, and what always-on would have cost',
    'O que foi pago de verdade, e o que sempre ligado custaria',
  ),
  budget: verb(
    'viewer',
    'Caps on what is spent: of a workspace, an account or everybody, by day or month',
    'Limites do que se gasta: de um workspace, de uma conta ou de todos, por dia ou mês',
  ),
  report: verb(
    'viewer',
    'What it cost and saved, posted each day, week or month',
    'O que custou e poupou, publicado a cada dia, semana ou mês',
  ),
  ssh: verb('operator', 'Open a shell in a workspace', 'Abre um shell num workspace', 'workspace'),
  logs: verb('viewer', 'What happened to a workspace, or follow it', 'O que aconteceu com um workspace', 'workspace'),
  offers: verb('viewer', 'Machines on offer, best first', 'Máquinas ofertadas, melhores primeiro'),
  hosts: verb(
    'viewer',
    'What we remember of hosts: how fast they start, how often they fail',
    'O que lembramos dos hosts',
  ),
  users: verb('admin', 'Who may come in, and what they may do', 'Quem pode entrar, e o que pode fazer'),
  tokens: verb('viewer', 'Words for programs of yours', 'Palavras para os seus programas'),
  audit: verb('admin', 'Who did what, and whether the record is whole', 'Quem fez o quê, e se o registro está inteiro'),
  recover: verb(
    'admin',
    'Build a lost store anew from storage and the recovery key, and confirm it',
    'Reconstrói do armazenamento um estado perdido, com a chave de recuperação, e o confirma',
  ),
  destroy: verb('admin', 'Remove a workspace whose snapshots are no longer wanted', 'Remove um workspace', 'workspace'),
} as const satisfies Record<string, Verb>;

export type VerbName = keyof typeof VERBS;

export interface Verb {
  /** Of whoever owns a workspace this asks no more than that they may act at all. */
  readonly role: Role;
  readonly say: { readonly en: string; readonly pt: string };
  /** It is about one workspace. */
  readonly on: 'workspace' | null;
}

function verb(role: Verb['role'], en: string, pt: string, on: Verb['on'] = null): Verb {
  return { role, say: { en, pt }, on };
}
