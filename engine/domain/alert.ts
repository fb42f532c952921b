/** Something a person should look at. Raised once, and there until it is over; then it says when that was. */
export interface Alert {
  /** What it is and whose: there is one of each. */
  readonly id: string;
  readonly version: number;
  readonly kind: AlertKind;
  /** Null: it is about the installation. */
  readonly workspace: string | null;
  readonly raisedAt: number;
  readonly why: string;
  readonly resolvedAt: number | null;
  /** A person, or what ended by itself. */
  readonly resolvedBy: string | null;
}

export const ALERTS = {
  /** The store was built from storage, or is older than it; until a person confirms that it is whole, machines are only adopted. */
  recovered: say(
    'Look at "dumont status" and the machines at your marketplaces; then confirm with "dumont recover --confirm".',
    'Olhe "dumont status" e as máquinas nos marketplaces; depois confirme com "dumont recover --confirm".',
  ),
  backups_failing: say(
    'Read why; "dumont status NAME" shows what is safe. The machine goes on trying.',
    'Leia o motivo; "dumont status NOME" mostra o que está salvo. A máquina continua tentando.',
  ),
  backup_late: say(
    'See whether its machine answers: "dumont status NAME". What changed since is only on that machine.',
    'Veja se a máquina responde: "dumont status NOME". O que mudou desde então só existe nela.',
  ),
  storage_full: say(
    'Remove or unpin snapshots, or choose a larger plan. Until then old automatic ones are kept once a day.',
    'Remova ou solte snapshots, ou escolha um plano maior. Até lá os automáticos antigos ficam um por dia.',
  ),
  drill_failed: say(
    'Do not rely on this snapshot. Make a new one with everything read, and look at the other copies.',
    'Não confie neste snapshot. Faça um novo com tudo relido, e veja as outras cópias.',
  ),
  repository_damaged: say(
    'What is missing is in no copy. Make a new snapshot while a machine still has the files.',
    'O que falta não está em nenhuma cópia. Faça um snapshot novo enquanto uma máquina ainda tem os arquivos.',
  ),
  vault_behind: say(
    'See whether the vault answers and its lock days agree with the settings. The hot repository stands meanwhile.',
    'Veja se o cofre responde e se os dias de bloqueio conferem. O repositório segue valendo.',
  ),
  stuck_lock: say(
    'Something holds the repository. If no machine backs up, it is swept half an hour after it was last renewed.',
    'Algo segura o repositório. Se nenhuma máquina faz backup, é limpo meia hora após a última renovação.',
  ),
  budget_near: say(
    'See what it went to with "dumont savings", or raise it with "dumont budget". At 100 % machines are saved and put to sleep.',
    'Veja o que gastou com "dumont savings", ou aumente com "dumont budget". Em 100 % as máquinas são salvas e dormem.',
  ),
  budget_spent: say(
    'Nothing new is rented; what runs is saved and put to sleep. Storage and backups go on. Raise it with "dumont budget".',
    'Nada novo é alugado; o que roda é salvo e dorme. Armazenamento e backups seguem. Aumente com "dumont budget".',
  ),
  key_refused: say(
    'Make a new key there, put it into that setting and start the engine again; "dumont doctor" tries it. Until then nothing is rented there, and what runs there cannot be ended from here.',
    'Crie uma chave nova lá, ponha nessa configuração e reinicie o engine; "dumont doctor" a testa. Até lá nada é alugado lá, e o que roda lá não pode ser encerrado daqui.',
  ),
  machine_stuck: say(
    'It is tried on and on, for days. Look at it at its marketplace; if it should cost nothing more, end it there: what is on it and in no backup is lost then.',
    'Tenta-se de novo por dias. Veja-a no marketplace; se não deve custar mais, encerre-a lá: o que há nela e em nenhum backup se perde.',
  ),
  credit_low: say(
    'Add credit at the marketplace: at zero it stops machines and deletes what is on them.',
    'Ponha crédito no marketplace: em zero ele para as máquinas e apaga o que há nelas.',
  ),
  price_refused: say(
    'Nothing dearer is paid by itself. Allow it with "dumont configure NAME --max-price DOLLARS", or agree at the marketplace; waking it again takes another machine.',
    'Nada mais caro é pago sozinho. Permita com "dumont configure NOME --max-price DÓLARES", ou aceite no marketplace; acordar de novo usa outra máquina.',
  ),
  price_raised: say(
    'It is within what you allow. To pay less, put it to sleep and wake it: another machine is looked for.',
    'Está dentro do que você permite. Para pagar menos, ponha para dormir e acorde: outra máquina é procurada.',
  ),
  rental_ending: say(
    'It is saved and goes on on another machine by itself. To choose when, put it to sleep and wake it before.',
    'Ele é salvo e continua sozinho em outra máquina. Para escolher quando, ponha para dormir e acorde antes.',
  ),
  credentials_ending: say(
    'The machine could not be given new ones: see that the engine reaches it. Its backups stop when they end.',
    'A máquina não recebeu novas: veja se o engine a alcança. Os backups param quando acabarem.',
  ),
} as const;

export type AlertKind = keyof typeof ALERTS;

export const ALERT_KINDS = Object.keys(ALERTS) as [AlertKind, ...AlertKind[]];

function say(en: string, pt: string) {
  return { en, pt };
}

/** `of`: a workspace, a budget or a marketplace. */
export const alertId = (kind: AlertKind, of: string | null): string => (of === null ? kind : `${kind}/${of}`);
