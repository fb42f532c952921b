import type { AlertKind } from '../../engine/domain/alert.ts';
import type { StandbyView } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { sentence } from '../../engine/domain/failures.ts';
import { microDollars } from '../../engine/domain/money.ts';
import { plain } from '../discord/message.ts';
import { about } from './about.ts';
import { asCommands, withCommand } from './as-commands.ts';
import { formatIn } from './format.ts';
import { modalOf } from './modal.ts';
import type { Phrases } from './phrases.ts';

const format = formatIn('en');
const { duration, bytes, count, ago, bytesOf, dollars, alike, perHour } = format;
const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

const EVENTS: { readonly [E in Talk['event']]: (it: Extract<Talk, { event: E }>, now: number) => string } = {
  'race.began': (it) => `${plural(it.machines, 'machine')} race: ${it.why}`,
  'race.round': (it) => `round ${it.round} with ${plural(it.machines, 'more machine')}: ${it.why}`,
  'race.ended': (it) =>
    `${it.winner === null ? 'nobody won the race' : 'the race is won'}: ${it.why}; waste about ${dollars(it.wasteMicro)}`,
  'race.counted': (it) => `what the race wasted is in the ledger: ${dollars(it.wasteMicro)}`,
  'machine.moved': (it) =>
    `${it.offer.host} (${it.offer.gpu}, ${it.offer.region}): ${STAGE[it.from]} → ${STAGE[it.to]} after ${duration(it.ms)}: ${it.why}`,
  'restore.progress': (it) => `restoring: ${bytesOf(it.bytesDone, it.bytesTotal)}`,
  'workspace.usable': (it) => `usable after ${duration(it.ms)}; the rest arrives while you work`,
  'workspace.complete': (it) => `complete: ${plural(it.files, 'file')}, ${bytes(it.bytes)}`,
  'image.read': (it) =>
    `the wake image brought ${plural(it.files, 'file')}, ${bytes(it.bytes)}${it.why === null ? '' : `; restic the rest: ${it.why}`}`,
  'image.written': (it) =>
    it.bytes === 0 && it.why !== null
      ? `no wake image was written: ${it.why}`
      : `the wake image holds ${bytes(it.bytes)}, ${bytes(it.bytesSent)} of them new${it.why === null ? '' : `: ${it.why}`}`,
  'save.progress': (it) => `saving: ${bytesOf(it.bytesDone, it.bytesTotal)}`,
  'snapshot.proved': (it) =>
    `snapshot ${it.snapshot.slice(0, 8)} is proved: ${plural(it.files, 'file')}, ${bytes(it.bytes)}`,
  'snapshot.set_aside': (it) =>
    `${plain(it.by)} goes back to ${it.from.slice(0, 8)}; ${it.snapshot.slice(0, 8)}, the newest until now, stays ${it.until === null ? 'pinned' : `until <t:${Math.floor(it.until / 1_000)}:f>`}`,
  'save.failed': (it) =>
    `the last backup failed: ${it.why}. It is tried again in ${duration(it.againInMs)}; the machine stays at ${perHour(it.dollarsPerHour)}`,
  'work.at_risk': (it) => `work at risk: ${it.why}${someOf(it.paths, 'and', 'more')}`,
  'machine.lost': (it, now) =>
    `its machine is lost: ${it.why}; ${it.lastProvedAt === null ? 'nothing of it was saved' : `what it had ${ago(now - it.lastProvedAt)} is saved`}`,
  'standby.began': (it) => `it goes on at its standby, without a GPU: ${it.why}`,
  'standby.looks': (it) => `a GPU is looked for again: ${it.why}`,
  'standby.yields': () => 'a machine with a GPU is ready: the standby is saved and makes room for it',
  'machine.adopted': (it) => `a machine of ours was not in the records: ${it.why}`,
  'release.slow': (it) =>
    `its machine is still not gone after ${duration(it.forMs)} and costs ${perHour(it.dollarsPerHour)}: ${it.why}`,
  'machine.idle_warning': (it) => `nothing stirs: ${it.why}. It goes to sleep in ${duration(it.inMs)}`,
  'machine.stays_awake': (it) => `it stays awake: ${it.why}`,
  'workspace.kept': (it, now) => `${it.by} keeps it awake for ${duration(it.until - now)}`,
  'workspace.received': (it) =>
    `${plain(it.by)} shared a snapshot with ${plain(it.to)}: ${plural(it.files, 'file')}, ${bytes(it.bytes)}. It is asleep`,
  'backup.failing': (it, now) =>
    it.failures === 0
      ? 'backups work again'
      : `${plural(it.failures, 'backup')} in a row failed: ${it.why}; ${it.durableAt === null ? 'nothing of this machine is saved yet' : `saved is what it had ${ago(now - it.durableAt)}`}`,
  'job.began': (it) => `runs "${it.command}"`,
  'job.ended': (it) => `"${it.command}" ended with ${it.code} after ${duration(it.ms)}`,
  'after_wake.trouble': (it) => `the command after wake, "${it.command}", ${it.why}`,
  'machine.ended_itself': (it) =>
    `its machine heard nothing from us, saved its work as ${it.snapshot.slice(0, 8)} and ended itself: ${it.why}`,
  'repository.mended': (it) => `the repository was mended from ${it.from}: ${plural(it.objects, 'object')}`,
  'alert.raised': (it) => `${it.why}. ${asCommands(it.mend, it.workspace ?? undefined)}`,
  'alert.resolved': (it) => `over after ${duration(it.forMs)}${it.why ? `: ${it.why}` : ''}`,
  'report.due': (it) => `the ${it.every} report is posted`,
  'operation.ended': (it) => `${it.ok ? 'done' : 'failed'}: ${it.why}`,
};

const someOf = (paths: readonly string[], and: string, more: string): string =>
  paths.length === 0
    ? ''
    : `: ${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ` ${and} ${count(paths.length - 5)} ${more}` : ''}`;

const STAGE = {
  renting: 'renting',
  booting: 'booting',
  installing: 'installing',
  'standing-by': 'ready',
  restoring: 'restoring',
  running: 'running',
  saving: 'saving',
  paused: 'paused',
  stranded: 'silent',
  lost: 'lost',
  releasing: 'releasing',
  gone: 'released',
} as const;

const GOING: Readonly<Record<string, string>> = {
  wake: 'is waking',
  restore: 'is waking from an older snapshot',
  hibernate: 'is going to sleep: saved and proved first',
  pause: 'is being paused: saved and proved first',
  snapshot: 'is being backed up',
  run: 'runs a program',
  abandon: 'is being given up',
  clone: 'is being cloned',
  give: 'is being shared: copied under a key of its own',
  drill: 'has a backup restored to try it',
  rekey: 'gets another password for its backups',
  fetch: 'gets files back from a snapshot',
};

export const en: Phrases = {
  ...format,
  language: 'en',
  stage: STAGE,
  sight: {
    asleep: 'asleep',
    waking: 'waking',
    usable: 'usable',
    awake: 'awake',
    'going to sleep': 'going to sleep',
    paused: 'paused',
    stranded: 'silent',
  },
  backup: {
    PENDING: 'waits its turn',
    RUNNING: 'being taken',
    VALIDATING: 'being read back',
    RESTORING: 'being restored',
    FAILED: 'failed',
  },
  kind: { automatic: 'automatic', manual: 'manual', 'pre-failover': 'before failover' },
  role: { viewer: 'viewer', operator: 'operator', admin: 'admin' },
  event: (talk, now) => (EVENTS[talk.event] as (it: Talk, now: number) => string)(talk, now),
  hasEvent: (event) => Object.hasOwn(EVENTS, event),
  outcome: (outcome) => asCommands(outcome.say),
  failure: (code, facts) => asCommands(sentence(code, withCommand(facts))),
  why: (text) => text,
  times: (p50, p95, slowest) => `${p50} (${p95 === null ? `at most ${slowest}` : `P95 ${p95}`})`,
  wakes: (wakes) => plural(wakes, 'wake'),
  fileCount: (files) => plural(files, 'file'),
  repository: ({ unpushedCommits, changedFiles, stashes, saved }) => {
    const parts = [
      [unpushedCommits, 'commit', 'commits'],
      [changedFiles, 'changed file', 'changed files'],
      [stashes, 'stash', 'stashes'],
    ] as const;
    const found = parts.filter(([number]) => number > 0).map(([number, one, many]) => plural(number, one, many));
    return `${found.join(', ')}: ${saved ? 'in the backup' : '**in no backup**'}`;
  },
  whole: (entries) => `The record is whole: ${plural(entries, 'entry', 'entries')}.`,
  modal: (customId) =>
    modalOf(customId, 'Are you sure?', 'Type the name to go on', 'The name, exactly as it stands in the question'),

  say: {
    oldButton: 'This button is of another version of Dumont. Use the command instead.',
    onlyInServers: 'Dumont answers only in servers that invited it.',
    broken: 'Something went wrong in Dumont itself.',
    confirmed: 'confirmed',
    begun: 'begun',
    done: 'done',
    begunAs: (id) => `begun as ${id}`,
    unknownEnd: 'it is not known how it ended; "/audit" has what the engine wrote down',
    noAuditChannel: 'no audit channel is set for this server',
    nothingAwake: 'Nothing is awake.',
    sayWhich: 'Say which workspace, or all.',
    sayWhat: 'Say what to do: create, end, again, or a role.',
    openQuote: 'A quote is not closed.',
    nothingToChange: 'Say at least one thing to change.',
    onlyAdmins: 'Only an admin can post a panel for everybody.',
    cannotPost:
      'Dumont cannot write in this channel. It needs View Channel, Send Messages, Embed Links and Attach Files.',
    panelPosted: 'It stands in this channel and renews itself.',
    nothing: 'There is nothing to see.',
    hostKey: 'Its host key:',
    recovered: 'The engine may act again.',
    notRecovered: 'There was nothing to confirm: the engine acts.',
    howToLink:
      'Log in to Dumont, get a code with `dumont discord link`, and type `/link code:…` here within ten minutes.',
    noChannel:
      'No server has a channel for warnings and alerts, so nobody may hear of them. Choose one: `/settings channel:`',
    muteRole: (role) =>
      `Nobody in <@&${role}> would hear it ring: the role cannot be mentioned. In the server's settings, under Roles, allow anyone to @mention it, or give Dumont's role "Mention @everyone, @here and All Roles". Then choose it here again.`,
    moved: (channel) => `Panels, warnings and alerts stand in <#${channel}> from now on.`,
    noCommand: (path) => `There is no command /${path} any more.`,
    panelNotPosted: (name, id) =>
      `It is under way for ${name} (\`${id}\`), but Dumont cannot write the live panel. An admin can choose a channel with /settings.`,
    follow: (verb, name, url) => `${ASKED[verb ?? ''] ?? 'Asked for'}: **${name}**. [Follow it here](${url})`,
    reference: (id) => `Code ${id}`,
    whoCan: (names) => `These can: ${names}.`,
    created: (name, id) => `**${name}** is made. \`/wake workspace:${id}\` races machines for it.`,
    destroyed: (name) => `**${name}** and its snapshots are removed.`,
    badPeriod: (given = '') =>
      `"${given}" is no period that is here: today, yesterday, 7d, week, month, 2026, 2026-08, 2026-08-03.`,
    badZone: (zone) => `"${zone}" is no time zone like Europe/Lisbon.`,
    badDay: (text) => `"${text}" is no day like 2026-01-15 (UTC).`,
    badMoment: (text) => `"${text}" is not days and a time: weekdays 08:45; mon,thu 7:30; daily 06:00.`,
    schedules: (name, found) => (found === '0' ? `**${name}** has no schedule.` : `What **${name}** does by itself:`),
    asOf: (date) => ` as of ${date}`,
    badDate: (text) => `"${text}" is no date like 2026-01-15 14:30 (UTC), and no span like 3h.`,
    ssh: (name) => `**${name}** is reached like this:`,
    accountMade: (name, role, password) =>
      `**${name}** may come in as ${role}. The password is shown this once: ||\`${password}\`||`,
    accountChanged: (name, role) => `**${name}** is ${role}.`,
    accountEnded: (name) => `**${name}** is shut out.`,
    tokenEnded: (id) => `${id} opens nothing any more.`,
    tokenMade: (word) => `It is shown this once: ||\`${word}\`||`,
    unlinked: (name) => `You are no longer **${name}** here.`,
    youAre: (name, role) => `You are **${name}** (${role}).`,
    linked: (name, role) => `You are **${name}** (${role}) from now on.`,
    pinned: (id, name, pinned) =>
      pinned
        ? `Snapshot \`${id}\` of **${name}** is pinned.`
        : `Snapshot \`${id}\` of **${name}** is no longer pinned.`,
    forgotten: (id, name) => `Snapshot \`${id}\` of **${name}** is removed.`,
    standby: (name, view) =>
      view.active !== null
        ? `**${name}** runs at its standby now, without a GPU${standbyPrice(view, ': ')}.`
        : view.agreed !== null
          ? `**${name}** has a standby for when no GPU can be had${standbyPrice(view, ': ')}.`
          : `**${name}** has no standby${view.why === null ? '' : `: ${view.why}`}${standbyPrice(view, '. One costs ')}.`,
    kept: (name, until, asleep) =>
      until === null
        ? `**${name}** falls asleep again when it is idle.`
        : asleep
          ? `**${name}** is asleep, and this does not wake it: \`/wake\` does. Woken before <t:${until}:t>, it stays awake until then (<t:${until}:R>).`
          : `**${name}** stays awake until <t:${until}:t> (<t:${until}:R>), idle or not.`,
    configured: (name, fields) =>
      `**${name}** is changed: ${fields.join(', ')}. Image, disk and ports count from the next wake.`,
    shared: (name, account, role) =>
      role === null
        ? `**${account}** has nothing to do with **${name}** any more.`
        : `**${account}** may ${role === 'viewer' ? 'look at' : 'work with'} **${name}**.`,
  },

  confirm: {
    standby: (name, view) =>
      `A standby for **${name}**, for when no GPU can be had${standbyPrice(view, ': ')}. It runs Debian 12, not the image of the workspace: its files are there, what the image brings is not. OK?`,
    gone: 'this question is gone. Ask again.',
    notYours: 'somebody else was asked this.',
    used: 'this was answered already.',
    expired: 'it took too long. Ask again.',
    recover: 'What storage and the marketplaces hold is all there is, and the engine may act again. Did somebody look?',
    cancelled: 'Nothing was done.',
    otherName: (name) => `that is another name than "${name}".`,
    endAccount: (name) => `Every login and token of **${name}** ends at once. Are you sure?`,
    until: (at, typed) =>
      `${typed === null ? 'Good for one click' : `You will be asked to type \`${typed}\``}, until <t:${at}:t>.`,
    hibernateAll: (names) =>
      `This puts ${plural(names.length, 'workspace')} to sleep, each saved and proved first: ${names.join(', ')}.`,
    lose: (name, files) =>
      `The machine of **${name}** ends, and with it for ever:\n${files
        .slice(0, 15)
        .map(({ path, sizeBytes, why }) => `- \`${path.replaceAll('`', 'ˋ')}\`, ${bytes(sizeBytes)}: ${plain(why)}`)
        .join('\n')}${files.length > 15 ? `\n- and ${files.length - 15} more` : ''}`,
    programs: (name, jobs) =>
      `${jobs.map((job) => `"${job}"`).join(' and ')} still ${jobs.length === 1 ? 'runs' : 'run'} on **${name}**, and ${jobs.length === 1 ? 'ends' : 'end'} with its machine.`,
    destroy: (name, snapshots) =>
      snapshots === 0
        ? `This removes **${name}** for ever. It has no snapshots.`
        : `This removes **${name}** and its ${plural(snapshots, 'snapshot')} for ever. Nothing brings them back.`,
    restore: (name, { id, createdAt, fileCount, sizeBytes, description }, aside) =>
      `**${name}** wakes from snapshot \`${id.slice(0, 8)}\` of <t:${Math.floor(createdAt / 1_000)}:f>${description ? ` (${plain(description)})` : ''}: ${plural(fileCount, 'file')}, ${bytes(sizeBytes)}.${aside ? ` What came after it is not on the machine. Snapshot \`${aside.newest.id.slice(0, 8)}\`, the newest until now, stays ${aside.until === null ? 'pinned' : `until <t:${Math.floor(aside.until / 1_000)}:D>`}: \`/restore snapshot\` goes back to it, \`/snapshot delete\` removes it.` : ' It is the newest.'}`,
    bringBack: (name, path, { id, createdAt }) =>
      `${plain(path)} of snapshot \`${id.slice(0, 8)}\` (<t:${Math.floor(createdAt / 1_000)}:f>) takes the place of what is on the machine of **${name}** now. A checkpoint is taken first; files that were made since stay.`,
    give: (name, { to, into }, { id, createdAt, fileCount, sizeBytes }) =>
      `This gives **${to}** a copy of snapshot \`${id.slice(0, 8)}\` of **${name}** (<t:${Math.floor(createdAt / 1_000)}:f>), ${plural(fileCount, 'file')}, ${bytes(sizeBytes)}, as **${into}**. It cannot be taken back.`,
    forget: (name, { id, createdAt, description }, isNewest) =>
      `This removes snapshot \`${id.slice(0, 8)}\` of **${name}** (<t:${Math.floor(createdAt / 1_000)}:f>${description ? `, ${plain(description)}` : ''}) for ever.${isNewest ? ' **The next wake starts from it**; without it from an older one, or from nothing.' : ''}`,
    abandon: (name, newest) =>
      `This destroys what is on the machine of **${name}** and is in no backup. ${newest === null ? 'There is no snapshot of it.' : `The newest snapshot is of ${ago(newest)}.`}`,
  },

  button: {
    confirm: 'Yes, do it',
    cancel: 'Cancel',
    keep: 'Keep 1 h',
    hibernate: 'Hibernate',
    sleepNow: 'Sleep now',
    logs: 'Log',
    stop: 'Stop',
    wake: 'Wake',
    follow: 'Follow it',
    newer: 'Newer',
    older: 'Older',
  },

  panel: {
    saving: 'saving',
    restoring: 'restoring',
    ssh: 'Reach it:',
    round: 'Round',
    usable: 'Usable after',
    complete: 'Complete',
    price: 'Price',
    waste: 'Waste',
    about: (amount) => `about ${amount}`,
    proved: 'Proved in storage',
    runs: 'Runs',
    worry: 'Trouble',
    burns: 'Costs now',
    failed: (name, why) => `❌ ${about(name, why)}`,
    title: (verb, name) => `${verb === 'fetch' ? 'bring files back to' : verb} ${name}`,
    askedBy: (by, at) => `asked by ${by} <t:${at}:R>`,
    awake: (name, ms, gpu, complete) =>
      `✅ **${name}** is ${complete ? 'awake' : 'usable'} after ${duration(ms)}${gpu === null ? '' : ` on ${gpu}`}${complete ? '' : '; the rest arrives while you work'}`,
    done: (name, _verb, say) => `✅ ${about(name, say)}`,
    going: (name, verb, { racers, restore }) => {
      const racing = [...racers.values()].filter(({ state }) => state !== 'gone' && state !== 'releasing').length;
      if (restore) return `⏳ **${name}** is restoring: ${bytesOf(restore.done, restore.total)}`;
      return racing > 0 && (verb === 'wake' || verb === 'restore')
        ? `⏳ **${name}** is waking: ${plural(racing, 'machine races', 'machines race')}`
        : `⏳ **${name}** ${GOING[verb] ?? 'is busy'}`;
    },
    files: (files, size) => `${plural(files, 'file')}, ${bytes(size)}`,
    ran: (code, ms) => `Ended with ${code} after ${duration(ms)}`,
  },

  status: {
    none: 'No workspace yet. `/machine create` describes one.',
    renews: 'renews itself',
    head: (all, up, burns) =>
      `**${plural(all, 'workspace')}**, ${up === 0 ? 'none' : up} up, ${burns === null ? 'nothing bills' : burns} right now`,
    more: (more) => `and ${count(more)} more`,
    kept: (until) => `kept until <t:${until}:t>`,
    saved: (at) => `saved <t:${at}:R>`,
  },

  warning: {
    head: (name, at) => `😴 **${name}** goes to sleep <t:${at}:R> unless something stirs`,
    body: (why, price, at, payBack) =>
      `Why: ${why}.\nIt costs ${price} until then, and is saved and proved at <t:${at}:T> before its machine ends.${payBack && `\n${payBack}.`}`,
    was: (why) => `The warning said: ${why}.`,
    ended: {
      kept: (name, by) => `☕ **${name}** is kept awake by ${by}`,
      stays: (name, why) => `☕ **${name}** stays awake: ${why}`,
      sleeps: (name) => `🌙 **${name}** is going to sleep`,
      gone: (name) => `**${name}** has no machine any more`,
    },
  },

  alert: {
    title: (talk) => (talk.event === 'alert.raised' ? RAISED[talk.kind] : (ALERTS[talk.event] ?? talk.event)),
    open: (name, title) => `🔴 ${name && `**${name}**: `}${title}`,
    resolved: (name, title) => `🟢 ${name && `**${name}**: `}over: ${title}`,
    since: (at) => `Since <t:${at}:R>`,
    over: (at, say) => `Over <t:${at}:R>${say ? `: ${say}` : ''}`,
  },

  money: {
    budgets: 'Budgets',
    reports: 'Reports that are posted by themselves',
    noReport: 'None yet: `/report schedule`.',
    report: { daily: 'daily report', weekly: 'weekly report', monthly: 'monthly report' },
    shutIn: (channel = '') => `It was to stand in <#${channel}>, where Dumont may not write any more.`,
    nobodys: (report, by) =>
      `There is no ${report}: the account ${by} was ended, and it was for that account. This was the last one; \`/report schedule\` begins another.`,
    made: (by, at) => `for ${by} · <t:${at}:f>`,
    chart: {
      awake: 'awake',
      asleep: 'asleep',
      always: 'always on',
      hosts: 'hosts',
      paid: (period = '') => `Paid and always on: ${period} (UTC)`,
      paidAlt: (paid, always) =>
        `Bars by day: ${paid} paid in all; ${always === null ? 'what always-on would have cost is not known' : `always-on would have cost ${always}`}.`,
      hours: (period = '') => `Hours awake and asleep: ${period} (UTC)`,
      boots: (hosts = '') => `How fast ${hosts} hosts boot (P50, seconds)`,
      bootsAlt: (hosts = '', within = '') => `Bars by boot time of ${hosts} hosts: half of them within ${within}.`,
    },
    noBudget: 'None is set: only the cap of each wake holds.',
    oneScope: 'Say of what: one of workspace, account and all.',
    renews: (at) => `counts anew <t:${at}:R>`,
    cap: ({ scope, of, per }) =>
      `**${scope === 'all' ? 'Everybody' : scope === 'user' ? `account ${of}` : of}** a ${per}`,
    utc: 'Days are UTC. What marketplaces billed, and what was metered where no bill has come yet.',
    onlyUsd: (currency = '') =>
      `Amounts are in USD, as marketplaces bill them; there is no rate here by which they would be ${currency}.`,
    zoneGuessed: (zone = '') => `No time zone was said, so that is the time in ${zone}; \`zone\` names another.`,
    badBaseline: {
      price_missing: 'Say the price as well: price.',
      price_beside: 'It is compared with one thing: leave out baseline or price.',
      name_alone: 'price_name says whose price it is: say price as well.',
    },
    nothing: 'Nothing cost anything.',
    column: { paid: 'paid', always: 'always on', saved: 'saved' },
    purpose: {
      gpu: 'GPU',
      disk: 'disk',
      bandwidth: 'traffic',
      waste: 'lost races',
      storage: 'storage',
      requests: 'requests',
      standby: 'standby',
    },
    more: (rows) => `… and ${rows} more; all of them with \`dumont savings --csv\``,
    baseline: (it) =>
      it.kind === 'offer'
        ? 'always-on on the same machines'
        : it.kind === 'market'
          ? 'always-on on the median offer'
          : `always-on at ${perHour(it.dollarsPerHour)}${it.name ? ` (${plain(it.name)})` : ''}`,
    headline: (period, { paidMicro, savedMicro }, baseline) => {
      const [paid = '', saved = ''] = alike([paidMicro, Math.abs(savedMicro ?? 0)]);
      if (savedMicro === null) return `**${period}**: paid **${paid}**; what ${baseline} would have cost is not known.`;
      return `**${period}**: paid **${paid}**, **${saved}** ${savedMicro < 0 ? 'more than' : 'less than'} ${baseline}.`;
    },
    hours: (awake = '', asleep = '') => `awake ${awake} · asleep ${asleep}`,
    difference: (amount, isLess) =>
      `Marketplaces charged ${amount} ${isLess ? 'less' : 'more'} than was metered for the same.`,
    apart: (amount = '', hours = '') => `Not compared, since no hourly price is known for it: ${amount} and ${hours}.`,
  },

  restorePrice: ({ prices, bytes: size, requestsMicro, outMicro, book, chargeMicro }) =>
    `To bring ${bytes(size)} back, ${prices.paid ? 'storage' : prices.of} asks ${dollars(requestsMicro + outMicro)} (requests ${dollars(requestsMicro)}, what leaves it ${dollars(outMicro)}); the price book ${book} charges ${dollars(chargeMicro)}.`,

  plan: {
    keeps: (days, size) => `kept ${plural(days, 'day')}, up to ${size}`,
    price: (every, month) => `every ${every}: ${month} a month`,
    ladder: (rungs) => {
      const each = rungs.map(({ untilMs, everyMs }) => {
        const what = everyMs <= 1 ? 'each one' : `the last of every ${duration(everyMs)}`;
        return `${what} ${Number.isFinite(untilMs) ? `for ${duration(untilMs)}` : 'until its days are over'}`;
      });
      return `Automatic snapshots get fewer with age: ${each.join(', then ')}.`;
    },
    prices: (of, paid) =>
      paid ? `At the prices of ${of}.` : `Storage costs nothing here; these are the prices of ${of}.`,
  },

  host: {
    starts: (starts) => plural(starts, 'start'),
    failures: (failures) => (failures === 0 ? 'none failed' : `${count(failures)} failed`),
    passedOver: (why) => `passed over: ${why}`,
  },

  chart: {
    title: (name, usable) => `${name}: the race, ${usable === null ? 'nobody won' : `usable after ${usable}`}`,
    alt: (name, machines, usable) =>
      `Timeline of the race of ${name}: ${machines} machines, ${usable === null ? 'nobody won' : `usable after ${usable}`}`,
  },

  label: {
    quote: 'What a wake would cost; nothing was rented',
    time: 'Until usable',
    price: 'Price',
    cap: 'Cap of the race',
    restore: 'To restore',
    firstRound: 'First round',
    unknownTime: 'not known yet: nothing was woken so far',
    snapshots: 'Snapshots of',
    noSnapshots: 'There is no snapshot yet.',
    partial: 'partial',
    newest: 'newest',
    retention: 'What would become now of the snapshots of',
    risk: 'What would be lost if its machine ended now',
    lost: 'lost-for-ever',
    noRisk: 'Nothing would be lost.',
    noBackup: 'In no backup',
    changed: 'Changed since the last backup',
    notPushed: 'Not pushed',
    leftOut: 'Left out by a rule',
    lastBackup: 'Saved up to',
    never: 'never',
    machine: 'Machine',
    owner: 'Owner',
    wish: 'Last asked for',
    sleep: 'Sleep',
    backup: 'Backup',
    pending: 'Changed since',
    keep: 'Kept awake',
    asked: 'asked by',
    logs: 'What happened to',
    noLogs: 'Nothing happened yet.',
    offers: 'On offer, best first',
    hosts: 'What we remember of hosts',
    noHosts: 'No host was used yet.',
    users: 'Accounts',
    tokens: 'Your tokens',
    noTokens: 'You have no tokens.',
    broken: 'The record is not whole',
    audit: 'Who did what, newest first',
    noAudit: 'Nothing fits.',
    settings: 'Settings of this server',
    changedSettings: 'Changed.',
    channel: 'Panels and alerts',
    auditChannel: 'Audit',
    ping: 'Rings on failure',
    language: 'Language',
    hears: 'Hears about',
    trouble: 'Trouble',
    alerts: 'Wrong right now',
    noAlerts: 'Nothing is wrong.',
    diag: 'The bot itself',
    shards: 'Connections',
    refusedRequests: 'Refused requests in ten minutes',
    panels: 'Panels open · waiting',
    acknowledged: 'Acknowledged within',
    memory: 'Memory',
    health: 'Engine',
    more: 'more',
    everything: 'every workspace',
    itsOwn: 'workspaces last asked for here',
    ended: 'ended',
    used: 'used',
    unused: 'never used',
    files: 'Files of snapshot',
    empty: 'Nothing lies there.',
    differs: 'What differs',
    same: 'Nothing differs.',
    plans: 'Plans, and what storage costs with a backup that often',
    stored: 'Snapshots',
  },
};

const ASKED: Readonly<Record<string, string>> = {
  wake: 'Waking',
  restore: 'Waking',
  hibernate: 'Putting to sleep',
  pause: 'Pausing',
  snapshot: 'Backing up',
  run: 'Running',
  abandon: 'Giving up',
  clone: 'Cloning',
  give: 'Sharing a snapshot',
  drill: 'Trying a backup',
  fetch: 'Bringing files back',
  rekey: 'Changing a password',
};

const RAISED: Readonly<Record<AlertKind, string>> = {
  budget_near: 'most of a budget is spent',
  budget_spent: 'a budget is spent: nothing new is rented, and what runs is saved and put to sleep',
  key_refused: 'a marketplace refuses its key',
  machine_stuck: 'a machine costs, and nobody can use it',
  credit_low: 'little credit is left at a marketplace',
  rental_ending: 'its rental ends: it is saved before, and goes on on another machine',
  price_refused: 'its host wants more than may be paid: it is saved and let go before',
  price_raised: 'its host wants more, and that may be paid',
  recovered: 'the engine was recovered, and waits for a yes',
  backups_failing: 'backups fail',
  backup_late: 'a backup is late',
  storage_full: 'storage is nearly full',
  drill_failed: 'a restore drill failed',
  repository_damaged: 'its repository is damaged',
  vault_behind: 'the vault is behind',
  stuck_lock: 'something holds its repository',
  credentials_ending: "its machine's credentials end",
};

const ALERTS: Partial<Record<Talk['event'], string>> = {
  'save.failed': 'the last backup fails; its machine stays and bills',
  'work.at_risk': 'work is at risk',
  'machine.lost': 'its machine is lost',
  'release.slow': 'its machine does not go away and bills',
  'after_wake.trouble': 'the command after wake has trouble',
  'race.ended': 'no machine became ready',
};

function standbyPrice({ offer, dollarsPerMonth }: StandbyView, before: string): string {
  if (!offer || dollarsPerMonth === null) return '';
  return `${before}${perHour(offer.dollarsPerHour)} while it is used, at most ${dollars(microDollars(dollarsPerMonth))} a month, and ${dollars(microDollars(offer.dollarsPerGbUp))} for each GB that it sends`;
}
