/**
 * Every way a thing can fail, once. The API takes its status from here, the command line its exit code, and every way in
 * the sentence for people; `{fact}` is filled from the failure's own facts.
 */
export const FAILURES = {
  // what was asked for
  bad_request: row(400, 64, false, '{why}', '{why}'),
  bad_path: row(
    400,
    64,
    false,
    'The path {path} cannot be used: {why}.',
    'O caminho {path} não pode ser usado: {why}.',
  ),
  bad_setting: row(500, 78, false, 'The settings are wrong:\n{why}', 'As configurações estão erradas:\n{why}'),
  unauthorized: row(
    401,
    77,
    false,
    'This needs a valid token. The engine writes one to {file}.',
    'É preciso um token válido. O engine grava um em {file}.',
  ),
  bad_token: row(
    401,
    77,
    false,
    'This needs a token that is valid. Log in again with "dumont login", or ask for a new one.',
    'É preciso um token válido. Entre de novo com "dumont login", ou peça outro.',
  ),
  wrong_login: row(401, 77, false, 'The name or the password is wrong.', 'O nome ou a senha está errado.'),
  used_twice: row(
    401,
    77,
    false,
    'This refresh token was used before, so its login has ended: somebody else may have it. Log in again.',
    'Este token de renovação já foi usado, então o login terminou: outra pessoa pode tê-lo. Entre de novo.',
  ),
  too_many_attempts: row(
    429,
    75,
    true,
    'Too many attempts. Try again in {seconds} s.',
    'Tentativas demais. Tente de novo em {seconds} s.',
  ),
  too_many_requests: row(
    429,
    75,
    true,
    'Too many requests at once. Try again in {seconds} s.',
    'Pedidos demais de uma vez. Tente de novo em {seconds} s.',
  ),
  key_reused: row(
    409,
    65,
    false,
    'The Idempotency-Key "{key}" was used before, for another request.',
    'A Idempotency-Key "{key}" já foi usada, para outro pedido.',
  ),
  no_heartbeats: row(
    409,
    69,
    false,
    'Machines reach this engine through their SSH: no public address is set (DUMONT_PUBLIC_URL).',
    'As máquinas falam com este engine por SSH: não há endereço público (DUMONT_PUBLIC_URL).',
  ),
  forbidden: row(
    403,
    77,
    false,
    '{account} may not do this ({verb}): it takes the role {needed}.',
    '{account} não pode fazer isto ({verb}): é preciso o papel {needed}.',
  ),
  limited_token: row(
    403,
    77,
    false,
    'A token for some workspaces only may not do this ({verb}).',
    'Um token só para alguns workspaces não pode fazer isto ({verb}).',
  ),
  needs_login: row(
    403,
    77,
    false,
    'This takes a login with the password of {account}: a token may not do it.',
    'Isto exige entrar com a senha de {account}: um token não pode.',
  ),
  no_such_file: row(404, 66, false, 'Snapshot {snapshot} has no {path}.', 'O snapshot {snapshot} não tem {path}.'),
  no_file_list: row(
    404,
    66,
    false,
    'Nobody knows what is in snapshot {snapshot} of {workspace}: its list of files is not in storage.',
    'Ninguém sabe o que há no snapshot {snapshot} de {workspace}: a lista de arquivos não está no armazenamento.',
  ),
  snapshot_pinned: row(
    409,
    65,
    false,
    'Snapshot {snapshot} is pinned by {by}. End that first with "dumont pin {workspace} {snapshot} --end".',
    'O snapshot {snapshot} foi fixado por {by}. Solte-o antes com "dumont pin {workspace} {snapshot} --end".',
  ),
  snapshot_in_use: row(
    409,
    75,
    true,
    'Snapshot {snapshot} is needed now: {why}. Put the workspace to sleep first.',
    'O snapshot {snapshot} está em uso: {why}. Ponha o workspace para dormir antes.',
  ),
  no_good_snapshot: row(
    404,
    66,
    false,
    '{workspace} has no good snapshot{when}. What there is: dumont snapshots {workspace}',
    '{workspace} não tem nenhum snapshot bom{when}. O que existe: dumont snapshots {workspace}',
  ),
  too_many_keys: row(
    409,
    75,
    false,
    '{workspace} got {count} passwords in the days that its vault keeps all of them, and restic tries no more. The oldest go by themselves; ask again then.',
    '{workspace} recebeu {count} senhas nos dias em que o cofre guarda todas, e o restic não tenta mais que isso. As mais antigas saem sozinhas; peça de novo depois.',
  ),
  no_such_schedule: row(
    404,
    66,
    false,
    '{workspace} has no schedule "{schedule}".',
    '{workspace} não tem o agendamento "{schedule}".',
  ),
  no_such_report: row(
    404,
    66,
    false,
    'There is no report "{report}". See "dumont report".',
    'Não há relatório "{report}". Veja "dumont report".',
  ),
  no_such_budget: row(
    404,
    66,
    false,
    'There is no budget "{budget}". See "dumont budget".',
    'Não há orçamento "{budget}". Veja "dumont budget".',
  ),
  budget_spent: row(
    402,
    69,
    false,
    'Nothing more is rented for {workspace}: {why}. Its files are safe; raise it with "dumont budget", or wait.',
    'Nada mais é alugado para {workspace}: {why}. Os arquivos estão salvos; aumente com "dumont budget", ou espere.',
  ),
  no_such_account: row(404, 66, false, 'There is no account named "{account}".', 'Não há conta chamada "{account}".'),
  account_exists: row(
    409,
    73,
    false,
    'There is, or was, an account named "{account}". Names are never given twice.',
    'Já existe, ou existiu, uma conta chamada "{account}". Nomes nunca são dados duas vezes.',
  ),
  last_admin: row(
    409,
    73,
    false,
    '{account} is the last admin; make another one first.',
    '{account} é o último admin; crie outro primeiro.',
  ),
  no_such_token: row(404, 66, false, 'There is no token {token}.', 'Não há token {token}.'),
  wrong_code: row(
    400,
    65,
    false,
    'This code is not known, or was used, or is older than ten minutes.',
    'Este código não é conhecido, já foi usado, ou tem mais de dez minutos.',
  ),
  no_such_workspace: row(
    404,
    66,
    false,
    'There is no workspace named "{workspace}". Known: {known}.',
    'Não há workspace chamado "{workspace}". Existentes: {known}.',
  ),
  no_such_snapshot: row(
    404,
    66,
    false,
    'There is no snapshot "{snapshot}" of {workspace}. What there is: dumont snapshots {workspace}',
    'Não há snapshot "{snapshot}" de {workspace}. O que existe: dumont snapshots {workspace}',
  ),
  snapshot_failed: row(
    404,
    66,
    false,
    'Backup {snapshot} of {workspace} came to nothing, so there is nothing in it: {why}',
    'O backup {snapshot} de {workspace} não deu em nada, e não há nada nele: {why}',
  ),
  snapshot_gone: row(
    410,
    66,
    false,
    'Snapshot {snapshot} of {workspace} was removed by {by} at {when}: {why}. What is left: dumont snapshots {workspace}',
    'O snapshot {snapshot} de {workspace} foi removido por {by} em {when}: {why}. O que resta: dumont snapshots {workspace}',
  ),
  no_such_machine: row(
    404,
    66,
    false,
    '{workspace} has no machine right now; wake it first.',
    '{workspace} não tem máquina agora; acorde-o primeiro.',
  ),
  no_such_operation: row(404, 66, false, 'There is no operation {operation}.', 'Não há operação {operation}.'),
  no_such_route: row(
    404,
    64,
    false,
    'The engine knows nothing of {method} {path}.',
    'O engine não conhece {method} {path}.',
  ),
  moved_away: row(410, 64, false, '{path} is an old name. Use {to}.', '{path} é um nome antigo. Use {to}.'),
  no_local_marketplace: row(
    404,
    69,
    false,
    'This engine does not run the local marketplace.',
    'Este engine não roda o marketplace local.',
  ),
  body_too_large: row(
    413,
    64,
    false,
    'What was sent is larger than {kilobytesMax} kB.',
    'O que foi enviado passa de {kilobytesMax} kB.',
  ),
  workspace_exists: row(
    409,
    73,
    false,
    'There is already a workspace named "{workspace}".',
    'Já existe um workspace chamado "{workspace}".',
  ),
  workspace_in_storage: row(
    409,
    73,
    false,
    'Storage holds a workspace named "{workspace}" that this engine does not know. If it was lost with a store, "dumont recover" brings it back; otherwise take another name.',
    'O armazenamento tem um workspace chamado "{workspace}" que este engine não conhece. Se ele se perdeu com o estado, "dumont recover" o traz de volta; senão, use outro nome.',
  ),
  not_in_plan: row(
    409,
    65,
    false,
    'The plan "{plan}" does not allow this: {why}.',
    'O plano "{plan}" não permite isto: {why}.',
  ),
  cannot_pause: row(
    409,
    69,
    false,
    '{marketplace} cannot stop a machine in place. "dumont hibernate {workspace}" saves and ends it.',
    '{marketplace} não consegue parar uma máquina. "dumont hibernate {workspace}" salva e encerra.',
  ),
  not_paused: row(
    409,
    65,
    false,
    '{workspace} is {sight}, not paused. "dumont wake {workspace}" wakes it.',
    '{workspace} está {sight}, não pausado. "dumont wake {workspace}" o acorda.',
  ),
  workspace_awake: row(
    409,
    75,
    false,
    '{workspace} is awake, on a machine of its own; put it to sleep first.',
    '{workspace} está acordado, numa máquina própria; ponha-o para dormir antes.',
  ),
  workspace_busy: row(
    409,
    75,
    true,
    '{workspace} is {sight}; wait for that to end, or follow it with "dumont status {workspace}".',
    '{workspace} está {sight}; espere terminar, ou acompanhe com "dumont status {workspace}".',
  ),
  workspace_purged: row(
    409,
    75,
    true,
    '{workspace} was purged: what is left of it is being removed. That goes on by itself, also after a restart of the engine.',
    '{workspace} foi apagado: o que resta dele está sendo removido. Isso continua sozinho, também depois de um reinício do engine.',
  ),
  confirmation_needed: row(409, 65, false, '{why}', '{why}'),
  engine_down: row(
    503,
    69,
    true,
    'No engine answers at {url}. Start one with "npm start".',
    'Nenhum engine responde em {url}. Inicie com "npm start".',
  ),
  internal: row(
    500,
    70,
    true,
    'Something went wrong in Dumont itself: {why}',
    'Algo deu errado no próprio Dumont: {why}',
  ),

  // Discord
  not_linked: row(
    403,
    77,
    false,
    'Your Discord user is not linked to an account yet. Get a code with "dumont discord link", then use /link here.',
    'O seu usuário do Discord ainda não está ligado a uma conta. Pegue um código com "dumont discord link" e use /link aqui.',
  ),
  discord_refused: row(
    502,
    78,
    false,
    'Discord refused: {why}. "dumont discord setup" checks each part.',
    'O Discord recusou: {why}. "dumont discord setup" verifica cada parte.',
  ),
  audit_unwritable: row(
    409,
    77,
    false,
    'Nothing was done: this is written down in the audit channel first, and that is not possible: {why}. An admin can choose a channel with /settings.',
    'Nada foi feito: isto é anotado antes no canal de auditoria, e não foi possível: {why}. Um admin pode escolher um canal com /settings.',
  ),
  confirmation_gone: row(409, 65, false, 'Nothing was done: {why}', 'Nada foi feito: {why}'),

  // marketplaces
  no_standby: row(409, 69, true, 'There is no standby to be had: {why}.', 'Não há máquina reserva: {why}.'),
  no_offers: row(409, 69, true, 'No machine on offer fits: {why}.', 'Nenhuma máquina ofertada serve: {why}.'),
  offer_taken: row(
    409,
    75,
    true,
    'Somebody else rented that machine first.',
    'Outra pessoa alugou essa máquina antes.',
  ),
  gpu_taken: row(
    409,
    75,
    false,
    'Its GPU went to somebody else while it stood still: {why}',
    'A GPU foi para outra pessoa enquanto a máquina estava parada: {why}',
  ),
  no_credit: row(
    402,
    69,
    false,
    '{marketplace} says the account has no credit left.',
    '{marketplace} diz que a conta está sem crédito.',
  ),
  spend_limit: row(
    402,
    69,
    false,
    '{marketplace} does not let this account spend more per hour: {why}',
    '{marketplace} não deixa esta conta gastar mais por hora: {why}',
  ),
  marketplace_key: row(
    502,
    77,
    false,
    '{marketplace} does not accept the key in {setting}: {why}',
    '{marketplace} não aceita a chave em {setting}: {why}',
  ),
  marketplace_busy: row(
    503,
    75,
    true,
    '{marketplace} wants to be asked again later, and did nothing: {why}',
    '{marketplace} quer que se pergunte mais tarde, e não fez nada: {why}',
  ),
  marketplace_refused: row(502, 69, false, '{marketplace} refused: {why}', '{marketplace} recusou: {why}'),
  marketplace_down: row(
    503,
    75,
    true,
    '{marketplace} does not answer properly: {why}',
    '{marketplace} não responde direito: {why}',
  ),
  race_lost: row(503, 75, true, 'No machine became ready: {why}.', 'Nenhuma máquina ficou pronta: {why}.'),
  cap_reached: row(
    402,
    75,
    false,
    'Stopped renting at the cap of {cap} for one wake.',
    'Parou de alugar no limite de {cap} por despertar.',
  ),

  // machines
  ssh_refused: row(502, 75, true, 'SSH does not answer at {address}: {why}', 'SSH não responde em {address}: {why}'),
  ssh_lost: row(502, 75, true, 'The SSH connection broke: {why}', 'A conexão SSH caiu: {why}'),
  forwarding_refused: row(
    502,
    75,
    true,
    'The machine does not forward ports: {why}',
    'A máquina não encaminha portas: {why}',
  ),
  host_key_changed: row(
    502,
    76,
    false,
    'The machine at {address} shows another host key ({met}) than the one pinned ({pinned}). Nothing was sent to it.',
    'A máquina em {address} mostra outra chave de host ({met}) que a fixada ({pinned}). Nada foi enviado.',
  ),
  command_timed_out: row(
    504,
    75,
    true,
    '"{command}" did not end within {seconds} s.',
    '"{command}" não terminou em {seconds} s.',
  ),
  command_failed: row(502, 70, true, '"{command}" ended with {code}: {why}', '"{command}" terminou com {code}: {why}'),
  machine_lost: row(
    502,
    74,
    false,
    'The machine of {workspace} was lost before its last work could be saved. What was saved before stands: see "dumont snapshots {workspace}".',
    'A máquina de {workspace} se perdeu antes de salvar o último trabalho. O que foi salvo antes continua: veja "dumont snapshots {workspace}".',
  ),
  not_ready: row(502, 75, true, 'The machine is not usable: {why}', 'A máquina não está utilizável: {why}'),
  stage_slow: row(
    504,
    75,
    true,
    'Too slow: {stage} took longer than {seconds} s.',
    'Lento demais: {stage} passou de {seconds} s.',
  ),
  agent_unreadable: row(
    502,
    70,
    true,
    'The agent on the machine said something we do not understand: {why}',
    'O agente na máquina disse algo que não entendemos: {why}',
  ),

  // backup and restore
  restic_missing: row(
    500,
    69,
    false,
    'restic {wanted} or newer is needed and was not found: {why}. {mend}',
    'É preciso restic {wanted} ou mais novo: {why}. {mend}',
  ),
  wrong_password: row(
    500,
    77,
    false,
    'The repository of {workspace} does not open with its password. If the master key was replaced, put the old one back.',
    'O repositório de {workspace} não abre com sua senha. Se a chave-mestra foi trocada, recoloque a antiga.',
  ),
  no_repository: row(
    500,
    66,
    false,
    'There is no backup repository for {workspace} at {url}.',
    'Não há repositório de backup para {workspace} em {url}.',
  ),
  repository_locked: row(
    503,
    75,
    true,
    'Another backup of {workspace} is running.',
    'Outro backup de {workspace} está em andamento.',
  ),
  upkeep_waits: row(
    409,
    75,
    true,
    'The backups of {workspace} are looked after later: {why}.',
    'Os backups de {workspace} serão cuidados depois: {why}.',
  ),
  order_outdated: row(
    409,
    75,
    true,
    'The machine has made a later backup since this one was asked for: {why}',
    'A máquina fez um backup mais novo depois deste pedido: {why}',
  ),
  storage_down: row(503, 75, true, 'Storage does not answer: {why}', 'O armazenamento não responde: {why}'),
  storage_refused: row(502, 77, false, 'Storage refused: {why}', 'O armazenamento recusou: {why}'),
  backup_failed: row(502, 74, true, 'The backup failed: {why}', 'O backup falhou: {why}'),
  proof_failed: row(
    502,
    74,
    true,
    'The backup could not be proved: {why}. The machine stays.',
    'O backup não pôde ser provado: {why}. A máquina fica.',
  ),
  verdict_unheard: row(
    502,
    75,
    true,
    'The work is saved, but it is not known whether the machine heard that: {why}',
    'O trabalho está salvo, mas não se sabe se a máquina soube disso: {why}',
  ),
  work_at_risk: row(
    409,
    65,
    false,
    'Not destroyed: {why}. Make them fit, or agree to lose them with "dumont hibernate {workspace} --lose-excluded".',
    'Não destruída: {why}. Concorde com "dumont hibernate {workspace} --lose-excluded".',
  ),
  repository_damaged: row(
    502,
    74,
    false,
    'The backups of {workspace} are damaged, and no copy has what is missing: {why}. Back up again with everything read: "dumont snapshot {workspace}".',
    'Os backups de {workspace} estão danificados, e nenhuma cópia tem o que falta: {why}. Faça outro, com tudo lido: "dumont snapshot {workspace}".',
  ),
  vault_differs: row(
    502,
    74,
    true,
    'The copy in the vault does not count: {why}.',
    'A cópia no cofre não vale: {why}.',
  ),
  restore_failed: row(502, 74, true, 'The restore failed: {why}', 'A restauração falhou: {why}'),
  restore_differs: row(
    502,
    74,
    false,
    'What was restored is not what was saved: {why}',
    'O que foi restaurado não é o que foi salvo: {why}',
  ),
  machine_disk_full: row(
    507,
    74,
    false,
    'The disk of the machine is full: {why}',
    'O disco da máquina está cheio: {why}',
  ),

  // the engine's own state
  bad_recovery_key: row(
    400,
    65,
    false,
    'This is no recovery key: {why}. Nothing was changed.',
    'Isto não é uma chave de recuperação: {why}. Nada foi mudado.',
  ),
  wrong_recovery_key: row(
    403,
    77,
    false,
    'This recovery key is a good one, but not of what lies in this storage. Nothing was changed.',
    'Esta chave de recuperação é válida, mas não é a deste armazenamento. Nada foi mudado.',
  ),
  other_recovery_key: row(
    403,
    77,
    false,
    'This recovery key is a good one, but not the one that counts here: of another installation, or an old one. Nothing was changed.',
    'Esta chave de recuperação é válida, mas não é a que vale aqui: é de outra instalação, ou antiga. Nada foi mudado.',
  ),
  nothing_to_recover: row(
    404,
    66,
    false,
    'There is no installation of Dumont in {bucket}. Check the settings of the storage.',
    'Não há instalação do Dumont em {bucket}. Confira as configurações do armazenamento.',
  ),
  storage_of_another: row(
    409,
    73,
    false,
    'The storage at {bucket} is of an installation of Dumont already (workspaces: {workspaces}), and this engine has neither its store nor its name. If it is yours, "dumont recover" brings it back with its recovery key. If it is not, take another bucket (DUMONT_S3_BUCKET). Nothing was written there.',
    'O armazenamento em {bucket} já é de uma instalação do Dumont (workspaces: {workspaces}), e este engine não tem o estado nem o nome dela. Se ela é sua, "dumont recover" a traz de volta com a chave de recuperação. Se não, use outro bucket (DUMONT_S3_BUCKET). Nada foi gravado ali.',
  ),
  store_not_empty: row(
    409,
    73,
    false,
    'There is a store in {folder} already. Recovering builds one where there is none: move that folder away first.',
    'Já existe um armazenamento em {folder}. Mova a pasta antes de recuperar.',
  ),
  recovery_unconfirmed: row(
    409,
    65,
    false,
    'The store of this engine was recovered from storage, or is older than it, so it removes nothing and only adopts machines until somebody confirms: "dumont recover --confirm".',
    'O estado deste engine foi recuperado do armazenamento, ou é mais antigo que ele; não remove nada e só adota máquinas até alguém confirmar: "dumont recover --confirm".',
  ),
  row_changed: row(
    409,
    75,
    true,
    'Somebody changed {what} at the same moment.',
    'Alguém mudou {what} no mesmo instante.',
  ),
  fenced: row(409, 75, true, 'Another engine took over {what}.', 'Outro engine assumiu {what}.'),
  store_locked: row(
    409,
    73,
    false,
    'Another engine (process {pid}) uses the store in {folder}. Stop it first, or give this one another folder with DUMONT_HOME.',
    'Outro engine (processo {pid}) usa o armazenamento em {folder}. Pare-o antes ou use outra pasta com DUMONT_HOME.',
  ),
  store_damaged: row(
    500,
    65,
    false,
    'The store file {file} cannot be read: {why}. The previous good copy is {previous}; put it in its place to go on.',
    'O arquivo {file} não pode ser lido: {why}. A cópia boa anterior é {previous}.',
  ),
  store_too_new: row(
    500,
    65,
    false,
    'The store file {file} was written by a newer Dumont (schema {found}, this one knows {known}). Use that version.',
    'O arquivo {file} foi gravado por um Dumont mais novo (esquema {found}; este conhece {known}). Use aquela versão.',
  ),
  log_damaged: row(
    500,
    65,
    false,
    'Line {line} of the store file {file} cannot be read: {why}. All before it is good: to go on from there, cut the file off before that line and move later commits-*.log files away.',
    'A linha {line} do arquivo {file} não pode ser lida: {why}. Tudo antes dela está bom: para continuar dali, corte o arquivo antes dessa linha e retire os commits-*.log posteriores.',
  ),
  journal_damaged: row(
    500,
    65,
    false,
    'Line {line} of the journal {file} cannot be read: {why}. Mend or remove that line to go on.',
    'A linha {line} do diário {file} não pode ser lida: {why}. Conserte ou remova essa linha para continuar.',
  ),
  disk_full: row(507, 74, false, 'There is no space left for {what}: {why}', 'Não há espaço para {what}: {why}'),
  stopping: row(
    503,
    75,
    true,
    'The engine is stopping; the next start goes on from here.',
    'O engine está parando; a próxima partida continua daqui.',
  ),
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof FAILURES;

export interface FailureRow {
  readonly http: number;
  readonly exit: number;
  /** The same call can succeed later. */
  readonly retry: boolean;
  readonly say: { readonly en: string; readonly pt: string };
}

function row(http: number, exit: number, retry: boolean, en: string, pt: string): FailureRow {
  return { http, exit, retry, say: { en, pt } };
}

export type Facts = Readonly<Record<string, unknown>>;

/** The one class of expected errors. Its message is the sentence for people, in English. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly facts: Facts;

  constructor(code: FailureCode, facts: Facts = {}, options?: { cause?: unknown }) {
    super(sentence(code, facts), options);
    this.name = 'Failure';
    this.code = code;
    this.facts = facts;
  }

  get row(): FailureRow {
    return FAILURES[this.code];
  }
}

/** The sentence for people, with its facts filled in. */
export function sentence(code: FailureCode, facts: Facts = {}, language: 'en' | 'pt' = 'en'): string {
  return FAILURES[code].say[language].replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? '?'));
}

/** The words of anything that was thrown, for a `why`. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export function isFailure(thrown: unknown, ...codes: FailureCode[]): thrown is Failure {
  return thrown instanceof Failure && (codes.length === 0 || codes.includes(thrown.code));
}

/** What the disk says when it is full, as a failure; anything else stays what it is. */
export function diskFailure(cause: unknown, what: string): unknown {
  const full = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  return full ? new Failure('disk_full', { what, why: cause.message }, { cause }) : cause;
}
