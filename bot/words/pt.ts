import { ALERTS as ALERT_WORDS, type AlertKind } from '../../engine/domain/alert.ts';
import type { StandbyView } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { type Facts, type FailureCode, sentence } from '../../engine/domain/failures.ts';
import { microDollars } from '../../engine/domain/money.ts';
import { plain } from '../discord/message.ts';
import { about } from './about.ts';
import { asCommands, withCommand } from './as-commands.ts';
import { formatIn } from './format.ts';
import { modalOf } from './modal.ts';
import type { Phrases } from './phrases.ts';
import { whyInPortuguese as why } from './why-pt.ts';

const format = formatIn('pt');
const { duration, bytes, count, ago, bytesOf, dollars, alike, perHour } = format;
const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

const EVENTS: { readonly [E in Talk['event']]: (it: Extract<Talk, { event: E }>, now: number) => string } = {
  'race.began': (it) => `${plural(it.machines, 'máquina')} na disputa: ${why(it.why)}`,
  'race.round': (it) => `rodada ${it.round} com mais ${plural(it.machines, 'máquina')}: ${why(it.why)}`,
  'race.ended': (it) =>
    `${it.winner === null ? 'ninguém venceu a disputa' : 'a disputa foi vencida'}: ${why(it.why)}; desperdício de cerca de ${dollars(it.wasteMicro)}`,
  'race.counted': (it) => `o que a disputa desperdiçou está no livro-razão: ${dollars(it.wasteMicro)}`,
  'machine.moved': (it) =>
    `${it.offer.host} (${it.offer.gpu}, ${it.offer.region}): ${STAGE[it.from]} → ${STAGE[it.to]} após ${duration(it.ms)}: ${why(it.why)}`,
  'restore.progress': (it) => `restaurando: ${bytesOf(it.bytesDone, it.bytesTotal)}`,
  'workspace.usable': (it) => `utilizável após ${duration(it.ms)}; o resto chega enquanto você trabalha`,
  'workspace.complete': (it) => `completo: ${plural(it.files, 'arquivo')}, ${bytes(it.bytes)}`,
  'image.read': (it) =>
    `a imagem de wake trouxe ${plural(it.files, 'arquivo')}, ${bytes(it.bytes)}${it.why === null ? '' : `; o restic o resto: ${why(it.why)}`}`,
  'image.written': (it) =>
    it.bytes === 0 && it.why !== null
      ? `nenhuma imagem de wake foi escrita: ${why(it.why)}`
      : `a imagem de wake tem ${bytes(it.bytes)}, ${bytes(it.bytesSent)} deles novos${it.why === null ? '' : `: ${why(it.why)}`}`,
  'save.progress': (it) => `salvando: ${bytesOf(it.bytesDone, it.bytesTotal)}`,
  'snapshot.proved': (it) =>
    `snapshot ${it.snapshot.slice(0, 8)} provado: ${plural(it.files, 'arquivo')}, ${bytes(it.bytes)}`,
  'snapshot.set_aside': (it) =>
    `${plain(it.by)} volta a ${it.from.slice(0, 8)}; ${it.snapshot.slice(0, 8)}, o mais novo até agora, fica ${it.until === null ? 'fixado' : `até <t:${Math.floor(it.until / 1_000)}:f>`}`,
  'save.failed': (it) =>
    `o último backup falhou: ${why(it.why)}. Nova tentativa em ${duration(it.againInMs)}; a máquina fica, a ${perHour(it.dollarsPerHour)}`,
  'work.at_risk': (it) => `trabalho em risco: ${why(it.why)}${someOf(it.paths)}`,
  'machine.lost': (it, now) =>
    `a máquina se perdeu: ${why(it.why)}; ${it.lastProvedAt === null ? 'nada dela foi salvo' : `o que havia ${ago(now - it.lastProvedAt)} está salvo`}`,
  'standby.began': (it) => `continua na máquina reserva, sem GPU: ${why(it.why)}`,
  'standby.looks': (it) => `uma GPU é procurada de novo: ${why(it.why)}`,
  'standby.yields': () => 'uma máquina com GPU está pronta: a reserva é salva e dá lugar a ela',
  'machine.adopted': (it) => `uma máquina nossa não estava nos registros: ${why(it.why)}`,
  'release.slow': (it) =>
    `a máquina ainda não sumiu após ${duration(it.forMs)} e custa ${perHour(it.dollarsPerHour)}: ${why(it.why)}`,
  'machine.idle_warning': (it) => `nada se mexe: ${why(it.why)}. Vai dormir em ${duration(it.inMs)}`,
  'machine.stays_awake': (it) => `continua acordado: ${why(it.why)}`,
  'workspace.kept': (it, now) => `${it.by} o mantém acordado por ${duration(it.until - now)}`,
  'workspace.received': (it) =>
    `${plain(it.by)} compartilhou um snapshot com ${plain(it.to)}: ${plural(it.files, 'arquivo')}, ${bytes(it.bytes)}. Está dormindo`,
  'backup.failing': (it, now) =>
    it.failures === 0
      ? 'os backups voltaram a funcionar'
      : `${plural(it.failures, 'backup')} ${it.failures === 1 ? 'falhou' : 'seguidos falharam'}: ${why(it.why)}; ${it.durableAt === null ? 'nada desta máquina está salvo ainda' : `está salvo o que havia ${ago(now - it.durableAt)}`}`,
  'job.began': (it) => `roda "${it.command}"`,
  'job.ended': (it) => `"${it.command}" terminou com ${it.code} após ${duration(it.ms)}`,
  'after_wake.trouble': (it) => `o comando após acordar, "${it.command}", ${why(it.why)}`,
  'machine.ended_itself': (it) =>
    `a máquina não ouviu nada de nós, salvou o trabalho como ${it.snapshot.slice(0, 8)} e se encerrou: ${why(it.why)}`,
  'repository.mended': (it) => `o repositório foi consertado a partir de ${it.from}: ${plural(it.objects, 'objeto')}`,
  'alert.raised': (it) => `${why(it.why)}. ${asCommands(ALERT_WORDS[it.kind].pt, it.workspace ?? undefined)}`,
  'alert.resolved': (it) => `acabou após ${duration(it.forMs)}${it.why ? `: ${why(it.why)}` : ''}`,
  'report.due': (it) => `o relatório é publicado (${it.every})`,
  'operation.ended': (it) => `${it.ok ? 'feito' : 'falhou'}: ${why(it.why)}`,
};

const someOf = (paths: readonly string[]): string =>
  paths.length === 0
    ? ''
    : `: ${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ` e mais ${count(paths.length - 5)}` : ''}`;

const STAGE = {
  renting: 'alugando',
  booting: 'ligando',
  installing: 'instalando',
  'standing-by': 'pronta',
  restoring: 'restaurando',
  running: 'rodando',
  saving: 'salvando',
  paused: 'pausada',
  stranded: 'muda',
  lost: 'perdida',
  releasing: 'liberando',
  gone: 'liberada',
} as const;

const SIGHT = {
  asleep: 'dormindo',
  waking: 'acordando',
  usable: 'utilizável',
  awake: 'acordado',
  'going to sleep': 'indo dormir',
  paused: 'pausado',
  stranded: 'sem resposta',
} as const;

const ROLE = { viewer: 'leitor', operator: 'operador', admin: 'admin' } as const;

/** What a failure knows is said in the engine's words. */
function failure(code: FailureCode, facts: Facts): string {
  const words: Readonly<Record<string, string>> = { ...SIGHT, ...ROLE, ...STAGE, none: 'nenhum' };
  const spoken = Object.entries(facts).map(([name, value]) => {
    if (typeof value !== 'string' || NAMES.has(name)) return [name, value];
    return [name, words[value] ?? why(value)];
  });
  return asCommands(sentence(code, withCommand(Object.fromEntries(spoken)), 'pt'));
}
/** Given by people, and nothing to be translated. */
const NAMES: ReadonlySet<string> = new Set(['workspace', 'account', 'path', 'file', 'snapshot', 'command', 'address']);

const GOING: Readonly<Record<string, string>> = {
  wake: 'está acordando',
  restore: 'está acordando de um snapshot antigo',
  hibernate: 'vai dormir: antes é salvo e provado',
  pause: 'está sendo pausado: antes é salvo e provado',
  snapshot: 'está fazendo backup',
  run: 'roda um programa',
  abandon: 'está sendo abandonado',
  clone: 'está sendo clonado',
  give: 'está sendo compartilhado: copiado sob uma chave própria',
  drill: 'tem um backup em teste de restauração',
  rekey: 'recebe outra senha para os backups',
  fetch: 'recebe arquivos de um snapshot',
};

const DONE: Readonly<Record<string, string>> = {
  hibernate: '# dorme; o trabalho está salvo e provado',
  pause: '# está pausado; o trabalho está salvo e provado',
  snapshot: 'o backup está no armazenamento, provado',
  run: 'o programa terminou',
  abandon: 'o que havia na máquina foi abandonado',
  clone: '# foi clonado',
  give: 'o snapshot foi compartilhado',
  drill: 'o backup voltou inteiro',
  rekey: 'os backups têm outra senha',
  fetch: 'os arquivos estão de volta',
  wake: '# está acordado',
  restore: '# está acordado',
};

export const pt: Phrases = {
  ...format,
  language: 'pt',
  stage: STAGE,
  sight: SIGHT,
  backup: {
    PENDING: 'aguarda a vez',
    RUNNING: 'sendo feito',
    VALIDATING: 'sendo relido',
    RESTORING: 'sendo restaurado',
    FAILED: 'falhou',
  },
  kind: { automatic: 'automático', manual: 'manual', 'pre-failover': 'antes do failover' },
  role: ROLE,
  event: (talk, now) => (EVENTS[talk.event] as (it: Talk, now: number) => string)(talk, now),
  hasEvent: (event) => Object.hasOwn(EVENTS, event),
  outcome: (outcome) => (outcome.ok ? why(outcome.say) : failure(outcome.code, outcome.facts)),
  failure,
  why,
  times: (p50, p95, slowest) => `${p50} (${p95 === null ? `no máximo ${slowest}` : `P95 ${p95}`})`,
  wakes: (wakes) => plural(wakes, 'despertar', 'despertares'),
  fileCount: (files) => plural(files, 'arquivo'),
  repository: ({ unpushedCommits, changedFiles, stashes, saved }) => {
    const parts = [
      [unpushedCommits, 'commit', 'commits'],
      [changedFiles, 'arquivo alterado', 'arquivos alterados'],
      [stashes, 'stash', 'stashes'],
    ] as const;
    const found = parts.filter(([number]) => number > 0).map(([number, one, many]) => plural(number, one, many));
    return `${found.join(', ')}: ${saved ? 'no backup' : '**em nenhum backup**'}`;
  },
  whole: (entries) => `O registro está inteiro: ${plural(entries, 'entrada')}.`,
  modal: (customId) =>
    modalOf(customId, 'Tem certeza?', 'Digite o nome para continuar', 'O nome, exatamente como está na pergunta'),

  say: {
    oldButton: 'Este botão é de outra versão do Dumont. Use o comando.',
    onlyInServers: 'O Dumont só responde em servidores que o convidaram.',
    broken: 'Algo deu errado no próprio Dumont.',
    confirmed: 'confirmado',
    begun: 'iniciado',
    done: 'feito',
    begunAs: (id) => `iniciado como ${id}`,
    unknownEnd: 'não se sabe como terminou; "/audit" tem o que o engine anotou',
    noAuditChannel: 'este servidor não tem canal de auditoria',
    nothingAwake: 'Nada está acordado.',
    sayWhich: 'Diga qual workspace, ou todos.',
    sayWhat: 'Diga o que fazer: criar, encerrar, deixar entrar de novo, ou um papel.',
    openQuote: 'Uma aspa não foi fechada.',
    nothingToChange: 'Diga pelo menos uma coisa para mudar.',
    onlyAdmins: 'Só um admin pode publicar um painel para todos.',
    cannotPost:
      'O Dumont não pode escrever neste canal. Precisa de Ver canal, Enviar mensagens, Inserir links e Anexar arquivos.',
    panelPosted: 'Está neste canal e se renova sozinho.',
    nothing: 'Não há nada para ver.',
    hostKey: 'A chave de host:',
    recovered: 'O engine pode agir de novo.',
    notRecovered: 'Não havia nada a confirmar: o engine age.',
    howToLink:
      'Entre no Dumont, pegue um código com `dumont discord link` e digite `/link code:…` aqui em até dez minutos.',
    noChannel:
      'Nenhum servidor tem canal para avisos e alertas, e talvez ninguém os veja. Escolha um: `/settings channel:`',
    muteRole: (role) =>
      `Ninguém em <@&${role}> seria chamado: o cargo não pode ser mencionado. Nas configurações do servidor, em Cargos, permita que qualquer um o @mencione, ou dê ao cargo do Dumont "Mencionar @everyone, @here e todos os cargos". Depois escolha o cargo aqui de novo.`,
    moved: (channel) => `De agora em diante painéis, avisos e alertas ficam em <#${channel}>.`,
    noCommand: (path) => `Não existe mais o comando /${path}.`,
    panelNotPosted: (name, id) =>
      `Está em andamento para ${name} (\`${id}\`), mas o Dumont não consegue escrever o painel. Um admin pode escolher um canal com /settings.`,
    follow: (verb, name, url) => `${ASKED[verb ?? ''] ?? 'Pedido'}: **${name}**. [Acompanhe aqui](${url})`,
    reference: (id) => `Código ${id}`,
    whoCan: (names) => `Podem: ${names}.`,
    created: (name, id) => `**${name}** foi criado. \`/wake workspace:${id}\` disputa máquinas para ele.`,
    destroyed: (name) => `**${name}** e seus snapshots foram removidos.`,
    badPeriod: (given = '') =>
      `"${given}" não é um período que já chegou: today, yesterday, 7d, week, month, 2026, 2026-08, 2026-08-03.`,
    badZone: (zone) => `"${zone}" não é um fuso como America/Sao_Paulo.`,
    badDay: (text) => `"${text}" não é um dia como 2026-01-15 (UTC).`,
    badMoment: (text) => `"${text}" não são dias e uma hora: weekdays 08:45; mon,thu 7:30; daily 06:00.`,
    schedules: (name, found) => (found === '0' ? `**${name}** não tem agendamento.` : `O que **${name}** faz sozinho:`),
    asOf: (date) => ` até ${date}`,
    badDate: (text) => `"${text}" não é uma data como 2026-01-15 14:30 (UTC), nem um tempo como 3h.`,
    ssh: (name) => `Chega-se a **${name}** assim:`,
    accountMade: (name, role, password) =>
      `**${name}** pode entrar como ${role}. A senha é mostrada só esta vez: ||\`${password}\`||`,
    accountChanged: (name, role) => `**${name}** é ${role}.`,
    accountEnded: (name) => `**${name}** não entra mais.`,
    tokenEnded: (id) => `${id} não abre mais nada.`,
    tokenMade: (word) => `É mostrado só esta vez: ||\`${word}\`||`,
    unlinked: (name) => `Você não é mais **${name}** aqui.`,
    youAre: (name, role) => `Você é **${name}** (${role}).`,
    linked: (name, role) => `De agora em diante você é **${name}** (${role}).`,
    pinned: (id, name, pinned) =>
      pinned
        ? `O snapshot \`${id}\` de **${name}** está fixado.`
        : `O snapshot \`${id}\` de **${name}** não está mais fixado.`,
    forgotten: (id, name) => `O snapshot \`${id}\` de **${name}** foi removido.`,
    standby: (name, view) =>
      view.active !== null
        ? `**${name}** está agora na máquina reserva, sem GPU${standbyPrice(view, ': ')}.`
        : view.agreed !== null
          ? `**${name}** tem uma máquina reserva para quando não houver GPU${standbyPrice(view, ': ')}.`
          : `**${name}** não tem máquina reserva${view.why === null ? '' : `: ${why(view.why)}`}${standbyPrice(view, '. Uma custa ')}.`,
    kept: (name, until, asleep) =>
      until === null
        ? `**${name}** volta a dormir quando estiver ocioso.`
        : asleep
          ? `**${name}** está dormindo, e isto não o acorda: \`/wake\` acorda. Acordado antes de <t:${until}:t>, fica acordado até lá (<t:${until}:R>).`
          : `**${name}** fica acordado até <t:${until}:t> (<t:${until}:R>), ocioso ou não.`,
    configured: (name, fields) =>
      `**${name}** mudou: ${fields.join(', ')}. Imagem, disco e portas valem no próximo despertar.`,
    shared: (name, account, role) =>
      role === null
        ? `**${account}** não tem mais nada com **${name}**.`
        : `**${account}** pode ${role === 'viewer' ? 'ver' : 'trabalhar em'} **${name}**.`,
  },

  confirm: {
    standby: (name, view) =>
      `Uma máquina reserva para **${name}**, para quando não houver GPU${standbyPrice(view, ': ')}. Ela roda Debian 12, não a imagem do workspace: os arquivos estão lá, o que a imagem traz não. OK?`,
    gone: 'esta pergunta não existe mais. Peça de novo.',
    notYours: 'isto foi perguntado a outra pessoa.',
    used: 'isto já foi respondido.',
    expired: 'demorou demais. Peça de novo.',
    recover: 'O que está no armazenamento e nos marketplaces é tudo, e o engine pode agir de novo. Alguém olhou?',
    cancelled: 'Nada foi feito.',
    otherName: (name) => `o nome não é "${name}".`,
    endAccount: (name) => `Cada login e token de **${name}** acaba agora. Tem certeza?`,
    until: (at, typed) =>
      `${typed === null ? 'Vale um clique' : `Será preciso digitar \`${typed}\``}, até <t:${at}:t>.`,
    hibernateAll: (names) =>
      `Isto põe ${plural(names.length, 'workspace')} para dormir, cada um salvo e provado antes: ${names.join(', ')}.`,
    lose: (name, files) =>
      `A máquina de **${name}** acaba, e com ela para sempre:\n${files
        .slice(0, 15)
        .map((file) => `- \`${file.path.replaceAll('`', 'ˋ')}\`, ${bytes(file.sizeBytes)}: ${plain(why(file.why))}`)
        .join('\n')}${files.length > 15 ? `\n- e mais ${files.length - 15}` : ''}`,
    programs: (name, jobs) =>
      `${jobs.map((job) => `"${job}"`).join(' e ')} ainda ${jobs.length === 1 ? 'roda' : 'rodam'} em **${name}**, e ${jobs.length === 1 ? 'acaba' : 'acabam'} com a máquina.`,
    destroy: (name, snapshots) =>
      snapshots === 0
        ? `Isto remove **${name}** para sempre. Não há snapshots.`
        : `Isto remove **${name}** e ${snapshots === 1 ? 'seu snapshot' : `seus ${count(snapshots)} snapshots`} para sempre. Nada os traz de volta.`,
    restore: (name, { id, createdAt, fileCount, sizeBytes, description }, aside) =>
      `**${name}** acorda do snapshot \`${id.slice(0, 8)}\` de <t:${Math.floor(createdAt / 1_000)}:f>${description ? ` (${plain(description)})` : ''}: ${plural(fileCount, 'arquivo')}, ${bytes(sizeBytes)}.${aside ? ` O que veio depois não estará na máquina. O snapshot \`${aside.newest.id.slice(0, 8)}\`, o mais novo até agora, fica ${aside.until === null ? 'fixado' : `até <t:${Math.floor(aside.until / 1_000)}:D>`}: \`/restore snapshot\` volta a ele, \`/snapshot delete\` o remove.` : ' É o mais novo.'}`,
    bringBack: (name, path, { id, createdAt }) =>
      `${plain(path)} do snapshot \`${id.slice(0, 8)}\` (<t:${Math.floor(createdAt / 1_000)}:f>) toma o lugar do que está agora na máquina de **${name}**. Antes é feito um checkpoint; arquivos criados depois ficam.`,
    give: (name, { to, into }, { id, createdAt, fileCount, sizeBytes }) =>
      `Isto dá a **${to}** uma cópia do snapshot \`${id.slice(0, 8)}\` de **${name}** (<t:${Math.floor(createdAt / 1_000)}:f>), ${plural(fileCount, 'arquivo')}, ${bytes(sizeBytes)}, como **${into}**. Não pode ser desfeito.`,
    forget: (name, { id, createdAt, description }, isNewest) =>
      `Isto remove o snapshot \`${id.slice(0, 8)}\` de **${name}** (<t:${Math.floor(createdAt / 1_000)}:f>${description ? `, ${plain(description)}` : ''}) para sempre.${isNewest ? ' **O próximo despertar parte dele**; sem ele, de um mais antigo, ou de nada.' : ''}`,
    abandon: (name, newest) =>
      `Isto destrói o que está na máquina de **${name}** e em nenhum backup. ${newest === null ? 'Não há snapshot dele.' : `O snapshot mais novo é de ${ago(newest)}.`}`,
  },

  button: {
    confirm: 'Sim, faça',
    cancel: 'Cancelar',
    keep: 'Manter 1 h',
    hibernate: 'Hibernar',
    sleepNow: 'Dormir já',
    logs: 'Registro',
    stop: 'Parar',
    wake: 'Acordar',
    follow: 'Acompanhar',
    newer: 'Mais novos',
    older: 'Mais antigos',
  },

  panel: {
    saving: 'salvando',
    restoring: 'restaurando',
    ssh: 'Para entrar:',
    round: 'Rodada',
    usable: 'Utilizável após',
    complete: 'Completo',
    price: 'Preço',
    waste: 'Desperdício',
    about: (amount) => `cerca de ${amount}`,
    proved: 'Provado',
    runs: 'Roda',
    worry: 'Problema',
    burns: 'Custa agora',
    failed: (name, reason) => `❌ ${about(name, reason)}`,
    title: (verb, name) => `${VERB[verb ?? ''] ?? verb} ${name}`,
    askedBy: (by, at) => `pedido por ${by} <t:${at}:R>`,
    awake: (name, ms, gpu, complete) =>
      `✅ **${name}** está ${complete ? 'acordado' : 'utilizável'} após ${duration(ms)}${gpu === null ? '' : ` em ${gpu}`}${complete ? '' : '; o resto chega enquanto você trabalha'}`,
    done: (name, verb, say) => `✅ ${about(name, DONE[verb]?.replace('#', name) ?? why(say))}`,
    going: (name, verb, { racers, restore }) => {
      const racing = [...racers.values()].filter(({ state }) => state !== 'gone' && state !== 'releasing').length;
      if (restore) return `⏳ **${name}** está restaurando: ${bytesOf(restore.done, restore.total)}`;
      return racing > 0 && (verb === 'wake' || verb === 'restore')
        ? `⏳ **${name}** está acordando: ${plural(racing, 'máquina disputa', 'máquinas disputam')}`
        : `⏳ **${name}** ${GOING[verb] ?? 'está ocupado'}`;
    },
    files: (files, size) => `${plural(files, 'arquivo')}, ${bytes(size)}`,
    ran: (code, ms) => `Terminou com ${code} após ${duration(ms)}`,
  },

  status: {
    none: 'Nenhum workspace ainda. `/machine create` descreve um.',
    renews: 'renova-se sozinho',
    head: (all, up, burns) =>
      `**${plural(all, 'workspace')}**, ${up === 0 ? 'nenhum' : up} de pé, ${burns === null ? 'nada custa' : burns} agora`,
    more: (more) => `e mais ${count(more)}`,
    kept: (until) => `mantido até <t:${until}:t>`,
    saved: (at) => `salvo <t:${at}:R>`,
  },

  warning: {
    head: (name, at) => `😴 **${name}** vai dormir <t:${at}:R>, a não ser que algo se mexa`,
    body: (reason, price, at, payBack) =>
      `Por quê: ${reason}.\nCusta ${price} até lá; é salvo e provado às <t:${at}:T>, antes de a máquina acabar.${payBack && `\n${payBack}.`}`,
    was: (reason) => `O aviso dizia: ${reason}.`,
    ended: {
      kept: (name, by) => `☕ **${name}** fica acordado a pedido de ${by}`,
      stays: (name, reason) => `☕ **${name}** continua acordado: ${why(reason ?? '')}`,
      sleeps: (name) => `🌙 **${name}** está indo dormir`,
      gone: (name) => `**${name}** não tem mais máquina`,
    },
  },

  alert: {
    title: (talk) => (talk.event === 'alert.raised' ? RAISED[talk.kind] : (ALERTS[talk.event] ?? talk.event)),
    open: (name, title) => `🔴 ${name && `**${name}**: `}${title}`,
    resolved: (name, title) => `🟢 ${name && `**${name}**: `}acabou: ${title}`,
    since: (at) => `Desde <t:${at}:R>`,
    over: (at, say) => `Acabou <t:${at}:R>${say ? `: ${why(say)}` : ''}`,
  },

  money: {
    budgets: 'Orçamentos',
    reports: 'Relatórios publicados sozinhos',
    noReport: 'Nenhum ainda: `/report schedule`.',
    report: { daily: 'relatório diário', weekly: 'relatório semanal', monthly: 'relatório mensal' },
    shutIn: (channel = '') => `Devia estar em <#${channel}>, onde o Dumont já não pode escrever.`,
    nobodys: (report, by) =>
      `Não há ${report}: a conta ${by} foi encerrada, e era para ela. Este foi o último; \`/report schedule\` começa outro.`,
    made: (by, at) => `para ${by} · <t:${at}:f>`,
    chart: {
      awake: 'acordado',
      asleep: 'dormindo',
      always: 'sempre ligado',
      hosts: 'hosts',
      paid: (period = '') => `Pago e sempre ligado: ${period} (UTC)`,
      paidAlt: (paid, always) =>
        `Barras por dia: ${paid} pagos ao todo; ${always === null ? 'não se sabe quanto custaria sempre ligado' : `sempre ligado custaria ${always}`}.`,
      hours: (period = '') => `Horas acordado e dormindo: ${period} (UTC)`,
      boots: (hosts = '') => `Em quanto tempo ${hosts} hosts ligam (P50, segundos)`,
      bootsAlt: (hosts = '', within = '') => `Barras por tempo de partida de ${hosts} hosts: metade em até ${within}.`,
    },
    noBudget: 'Nenhum: só vale o limite de cada disputa.',
    oneScope: 'Diga de quê: um de workspace, account e all.',
    renews: (at) => `recomeça <t:${at}:R>`,
    cap: ({ scope, of, per }) =>
      `**${scope === 'all' ? 'Todos' : scope === 'user' ? `conta ${of}` : of}** por ${per === 'day' ? 'dia' : 'mês'}`,
    utc: 'Os dias são UTC. O que os marketplaces cobraram, e o que foi medido onde a conta ainda não veio.',
    onlyUsd: (currency = '') =>
      `Os valores são em USD, como os marketplaces cobram; não há aqui uma taxa pela qual seriam ${currency}.`,
    zoneGuessed: (zone = '') => `Nenhum fuso foi dito, então é a hora em ${zone}; \`zone\` diz outro.`,
    badBaseline: {
      price_missing: 'Diga também o preço: price.',
      price_beside: 'Compara-se com uma só coisa: deixe de fora baseline ou price.',
      name_alone: 'price_name diz de quem é o preço: diga também price.',
    },
    nothing: 'Nada custou nada.',
    column: { paid: 'pago', always: 'ligado', saved: 'poupado' },
    purpose: {
      gpu: 'GPU',
      disk: 'disco',
      bandwidth: 'tráfego',
      waste: 'disputas perdidas',
      storage: 'armazenamento',
      requests: 'requisições',
      standby: 'reserva',
    },
    more: (rows) => `… e mais ${rows}; todas com \`dumont savings --csv\``,
    baseline: (it) =>
      it.kind === 'offer'
        ? 'sempre ligado nas mesmas máquinas'
        : it.kind === 'market'
          ? 'sempre ligado na oferta mediana'
          : `sempre ligado a ${perHour(it.dollarsPerHour)}${it.name ? ` (${plain(it.name)})` : ''}`,
    headline: (period, { paidMicro, savedMicro }, baseline) => {
      const [paid = '', saved = ''] = alike([paidMicro, Math.abs(savedMicro ?? 0)]);
      if (savedMicro === null) return `**${period}**: pago **${paid}**; não se sabe quanto custaria ${baseline}.`;
      return `**${period}**: pago **${paid}**, **${saved}** ${savedMicro < 0 ? 'a mais que' : 'a menos que'} ${baseline}.`;
    },
    hours: (awake = '', asleep = '') => `acordado ${awake} · dormindo ${asleep}`,
    difference: (amount, isLess) =>
      `Os marketplaces cobraram ${amount} ${isLess ? 'a menos' : 'a mais'} do que foi medido para o mesmo.`,
    apart: (amount = '', hours = '') => `Sem comparação, por não se saber o preço da hora: ${amount} e ${hours}.`,
  },

  restorePrice: ({ prices, bytes: size, requestsMicro, outMicro, book, chargeMicro }) =>
    `Para trazer ${bytes(size)} de volta, ${prices.paid ? 'o armazenamento' : prices.of} pede ${dollars(requestsMicro + outMicro)} (pedidos ${dollars(requestsMicro)}, o que sai dele ${dollars(outMicro)}); a tabela ${book} cobra ${dollars(chargeMicro)}.`,

  plan: {
    keeps: (days, size) => `guarda por ${plural(days, 'dia')}, até ${size}`,
    price: (every, month) => `a cada ${every}: ${month} por mês`,
    ladder: (rungs) => {
      const each = rungs.map(({ untilMs, everyMs }) => {
        const what = everyMs <= 1 ? 'todos' : `o último a cada ${duration(everyMs)}`;
        return `${what} ${Number.isFinite(untilMs) ? `por ${duration(untilMs)}` : 'até o fim do prazo'}`;
      });
      return `Os automáticos rareiam com a idade: ${each.join(', depois ')}.`;
    },
    prices: (of, paid) =>
      paid ? `Aos preços de ${of}.` : `O armazenamento aqui não custa nada; estes são os preços de ${of}.`,
  },

  host: {
    starts: (starts) => plural(starts, 'partida'),
    failures: (failures) => (failures === 0 ? 'nenhuma falha' : plural(failures, 'falha')),
    passedOver: (why) => `preterida: ${why}`,
  },

  chart: {
    title: (name, usable) => `${name}: a disputa, ${usable === null ? 'ninguém venceu' : `utilizável após ${usable}`}`,
    alt: (name, machines, usable) =>
      `Linha do tempo da disputa de ${name}: ${machines} máquinas, ${usable === null ? 'ninguém venceu' : `utilizável após ${usable}`}`,
  },

  label: {
    quote: 'Quanto custaria acordar; nada foi alugado',
    time: 'Até ficar utilizável',
    price: 'Preço',
    cap: 'Limite da disputa',
    restore: 'A restaurar',
    firstRound: 'Primeira rodada',
    unknownTime: 'ainda não se sabe: nada foi acordado até agora',
    snapshots: 'Snapshots de',
    noSnapshots: 'Ainda não há snapshot.',
    partial: 'parcial',
    newest: 'mais novo',
    retention: 'O que seria agora dos snapshots de',
    risk: 'O que se perderia se a máquina acabasse agora',
    lost: 'perdido-para-sempre',
    noRisk: 'Nada se perderia.',
    noBackup: 'Em nenhum backup',
    changed: 'Mudou desde o último backup',
    notPushed: 'Sem push',
    leftOut: 'Fora por uma regra',
    lastBackup: 'Salvo até',
    never: 'nunca',
    machine: 'Máquina',
    owner: 'Dono',
    wish: 'Último pedido',
    sleep: 'Sono',
    backup: 'Backup',
    pending: 'Mudou desde então',
    keep: 'Mantido acordado',
    asked: 'pedido por',
    logs: 'O que aconteceu com',
    noLogs: 'Nada aconteceu ainda.',
    offers: 'Em oferta, melhores primeiro',
    hosts: 'O que lembramos dos hosts',
    noHosts: 'Nenhum host foi usado ainda.',
    users: 'Contas',
    tokens: 'Seus tokens',
    noTokens: 'Você não tem tokens.',
    broken: 'O registro não está inteiro',
    audit: 'Quem fez o quê, mais novos primeiro',
    noAudit: 'Nada corresponde.',
    settings: 'Configurações deste servidor',
    changedSettings: 'Mudou.',
    channel: 'Painéis e alertas',
    auditChannel: 'Auditoria',
    ping: 'Chama em caso de falha',
    language: 'Língua',
    hears: 'Ouve sobre',
    trouble: 'Problema',
    alerts: 'Errado agora',
    noAlerts: 'Nada está errado.',
    diag: 'O próprio bot',
    shards: 'Conexões',
    refusedRequests: 'Pedidos recusados em dez minutos',
    panels: 'Painéis abertos · à espera',
    acknowledged: 'Confirmado em',
    memory: 'Memória',
    health: 'Engine',
    more: 'mais',
    everything: 'todos os workspaces',
    itsOwn: 'os pedidos por último aqui',
    ended: 'encerrada',
    used: 'usado',
    unused: 'nunca usado',
    files: 'Arquivos do snapshot',
    empty: 'Não há nada ali.',
    differs: 'O que difere',
    same: 'Nada difere.',
    plans: 'Planos, e quanto custa o armazenamento com backups nesse intervalo',
    stored: 'Snapshots',
  },
};

const ASKED: Readonly<Record<string, string>> = {
  wake: 'Acordando',
  restore: 'Acordando',
  hibernate: 'Pondo para dormir',
  pause: 'Pausando',
  snapshot: 'Fazendo backup',
  run: 'Rodando',
  abandon: 'Abandonando',
  clone: 'Clonando',
  give: 'Compartilhando um snapshot',
  drill: 'Testando um backup',
  fetch: 'Trazendo arquivos de volta',
  rekey: 'Trocando uma senha',
};

const VERB: Readonly<Record<string, string>> = {
  wake: 'acordar',
  restore: 'restaurar',
  hibernate: 'hibernar',
  pause: 'pausar',
  snapshot: 'backup de',
  run: 'rodar em',
  abandon: 'abandonar',
  clone: 'clonar',
  give: 'compartilhar um snapshot de',
  drill: 'testar um backup de',
  rekey: 'trocar a senha de',
  fetch: 'trazer de volta em',
};

const RAISED: Readonly<Record<AlertKind, string>> = {
  budget_near: 'um orçamento está quase gasto',
  budget_spent: 'um orçamento acabou: nada novo é alugado, e o que roda é salvo e dorme',
  key_refused: 'um marketplace recusa a chave',
  machine_stuck: 'uma máquina custa, e ninguém pode usá-la',
  credit_low: 'há pouco crédito num marketplace',
  rental_ending: 'o aluguel acaba: é salvo antes e continua em outra máquina',
  price_refused: 'o host quer mais do que se pode pagar: é salvo e liberado antes',
  price_raised: 'o host quer mais, e isso pode ser pago',
  recovered: 'o engine foi recuperado, e espera um sim',
  backups_failing: 'os backups falham',
  backup_late: 'um backup está atrasado',
  storage_full: 'o armazenamento está quase cheio',
  drill_failed: 'um teste de restauração falhou',
  repository_damaged: 'o repositório está danificado',
  vault_behind: 'o cofre está atrasado',
  stuck_lock: 'algo segura o repositório',
  credentials_ending: 'as credenciais da máquina acabam',
};

const ALERTS: Partial<Record<Talk['event'], string>> = {
  'save.failed': 'o último backup falha; a máquina fica e cobra',
  'work.at_risk': 'há trabalho em risco',
  'machine.lost': 'a máquina se perdeu',
  'release.slow': 'a máquina não some e cobra',
  'after_wake.trouble': 'o comando após acordar tem problema',
  'race.ended': 'nenhuma máquina ficou pronta',
};

function standbyPrice({ offer, dollarsPerMonth }: StandbyView, before: string): string {
  if (!offer || dollarsPerMonth === null) return '';
  return `${before}${perHour(offer.dollarsPerHour)} enquanto é usada, no máximo ${dollars(microDollars(dollarsPerMonth))} por mês, e ${dollars(microDollars(offer.dollarsPerGbUp))} por GB que envia`;
}
