import type { AlertKind } from './alert.ts';
import type { Language } from './discord.ts';
import type { State } from './lifecycle.ts';
import type { ReportEvery } from './report.ts';

/** What people are told. Panels, the terminal and the event stream all come from this one union. */
export type Talk =
  | {
      readonly event: 'race.began';
      readonly workspace: string;
      readonly race: string;
      readonly machines: number;
      readonly why: string;
    }
  | {
      readonly event: 'race.round';
      readonly workspace: string;
      readonly race: string;
      readonly round: number;
      readonly machines: number;
      readonly why: string;
    }
  | {
      readonly event: 'race.ended';
      readonly workspace: string;
      readonly race: string;
      readonly winner: string | null;
      readonly why: string;
      /** About: the losers cost on until they are surely gone. */
      readonly wasteMicro: number;
    }
  | {
      /** All that it wasted is in the ledger; told again where a marketplace's own bill says otherwise. */
      readonly event: 'race.counted';
      readonly workspace: string;
      readonly race: string;
      readonly operation: string;
      readonly wasteMicro: number;
    }
  | {
      readonly event: 'machine.moved';
      readonly workspace: string;
      readonly machine: string;
      readonly from: State;
      readonly to: State;
      readonly why: string;
      readonly ms: number;
      readonly offer: OfferWords;
    }
  | {
      readonly event: 'restore.progress';
      readonly workspace: string;
      readonly machine: string;
      readonly bytesDone: number;
      readonly bytesTotal: number;
      readonly filesDone: number;
      readonly filesTotal: number;
    }
  | {
      /** What of a restore the wake image brought; `why` it did not bring the rest. */
      readonly event: 'image.read';
      readonly workspace: string;
      readonly machine: string;
      readonly files: number;
      readonly bytes: number;
      readonly why: string | null;
    }
  | {
      readonly event: 'image.written';
      readonly workspace: string;
      readonly machine: string;
      readonly bytes: number;
      readonly bytesSent: number;
      /** Why it is not whole, or none was written. */
      readonly why: string | null;
    }
  | { readonly event: 'workspace.usable'; readonly workspace: string; readonly machine: string; readonly ms: number }
  | {
      readonly event: 'workspace.complete';
      readonly workspace: string;
      readonly machine: string;
      readonly files: number;
      readonly bytes: number;
    }
  | {
      readonly event: 'save.progress';
      readonly workspace: string;
      readonly machine: string;
      readonly bytesDone: number;
      readonly bytesTotal: number;
    }
  | {
      readonly event: 'snapshot.proved';
      readonly workspace: string;
      readonly machine: string;
      readonly snapshot: string;
      readonly files: number;
      readonly bytes: number;
      readonly why: string;
    }
  | {
      /** Somebody wakes from an older one (`from`); it stays until then, or pinned. */
      readonly event: 'snapshot.set_aside';
      readonly workspace: string;
      readonly snapshot: string;
      readonly from: string;
      readonly by: string;
      readonly until: number | null;
    }
  | {
      readonly event: 'save.failed';
      readonly workspace: string;
      readonly machine: string;
      readonly why: string;
      readonly againInMs: number;
      readonly dollarsPerHour: number;
    }
  | {
      readonly event: 'work.at_risk';
      readonly workspace: string;
      readonly machine: string;
      readonly why: string;
      readonly paths: readonly string[];
    }
  | {
      readonly event: 'machine.lost';
      readonly workspace: string;
      readonly machine: string;
      readonly lastProvedAt: number | null;
      readonly why: string;
    }
  | { readonly event: 'standby.began'; readonly workspace: string; readonly race: string; readonly why: string }
  | { readonly event: 'standby.looks'; readonly workspace: string; readonly race: string; readonly why: string }
  | { readonly event: 'standby.yields'; readonly workspace: string; readonly machine: string; readonly to: string }
  | { readonly event: 'machine.adopted'; readonly workspace: string; readonly machine: string; readonly why: string }
  | {
      readonly event: 'release.slow';
      readonly workspace: string;
      readonly machine: string;
      readonly why: string;
      readonly dollarsPerHour: number;
      readonly forMs: number;
    }
  | {
      /** Nothing stirs on it, or its schedule says so: it is put to sleep at `actsAt` unless somebody keeps it. */
      readonly event: 'machine.idle_warning';
      readonly workspace: string;
      readonly machine: string;
      readonly why: string;
      readonly actsAt: number;
      readonly inMs: number;
      readonly dollarsPerHour: number;
      /** Whether sleeping pays, and from when on. */
      readonly payBack?: string;
    }
  | {
      /** After a warning: it stays awake, and why. */
      readonly event: 'machine.stays_awake';
      readonly workspace: string;
      readonly machine: string;
      readonly why: string;
    }
  | {
      readonly event: 'workspace.kept';
      readonly workspace: string;
      readonly by: string;
      readonly until: number;
      readonly why: string;
    }
  | {
      /** Somebody shared a snapshot of theirs, and this workspace was made of it for its owner. */
      readonly event: 'workspace.received';
      readonly workspace: string;
      readonly by: string;
      readonly to: string;
      readonly snapshot: string;
      readonly files: number;
      readonly bytes: number;
    }
  | {
      /** Told at the third failure in a row, and when it works again (`failures` 0). */
      readonly event: 'backup.failing';
      readonly workspace: string;
      readonly machine: string;
      readonly failures: number;
      readonly durableAt: number | null;
      readonly why: string;
    }
  | {
      readonly event: 'job.began';
      readonly workspace: string;
      readonly machine: string;
      readonly operation: string;
      readonly command: string;
      readonly checkpoint: string | null;
      readonly output: string;
    }
  | {
      readonly event: 'job.ended';
      readonly workspace: string;
      readonly machine: string;
      readonly operation: string;
      readonly command: string;
      readonly code: number;
      readonly ms: number;
      readonly tail: string;
    }
  | {
      /** The workspace's own command after wake failed, or has not ended for long. Everything else goes on. */
      readonly event: 'after_wake.trouble';
      readonly workspace: string;
      readonly machine: string;
      readonly command: string;
      readonly why: string;
      readonly tail: string;
    }
  | {
      /** The machine saved and ended itself while the engine was silent, and storage holds the proof. */
      readonly event: 'machine.ended_itself';
      readonly workspace: string;
      readonly machine: string;
      readonly snapshot: string;
      readonly at: number;
      readonly why: string;
    }
  | {
      /** The hot repository had lost something, or had it otherwise than it was; a vault had it. */
      readonly event: 'repository.mended';
      readonly workspace: string;
      readonly from: string;
      readonly objects: number;
    }
  | {
      /** Once, however long it lasts. */
      readonly event: 'alert.raised';
      /** Null: it is about no single one. */
      readonly workspace: string | null;
      /** Which one, where there may be several of a kind. */
      readonly alert?: string;
      readonly kind: AlertKind;
      readonly why: string;
      /** What a person can do about it. */
      readonly mend: string;
    }
  | {
      readonly event: 'alert.resolved';
      /** Null: it is about no single one. */
      readonly workspace: string | null;
      /** Which one, where there may be several of a kind. */
      readonly alert?: string;
      readonly kind: AlertKind;
      readonly why: string;
      readonly forMs: number;
    }
  | {
      /** A report is to be posted. `due` names it: told again, it is the same one. */
      readonly event: 'report.due';
      readonly workspace: string | null;
      readonly report: string;
      readonly due: number;
      readonly guild: string;
      readonly channel: string;
      readonly language: Language;
      readonly zone: string;
      readonly every: ReportEvery;
      readonly by: string;
      readonly from: number;
      readonly until: number;
    }
  | {
      readonly event: 'operation.ended';
      readonly workspace: string;
      readonly operation: string;
      readonly ok: boolean;
      readonly why: string;
    };

export interface OfferWords {
  readonly gpu: string;
  readonly host: string;
  readonly region: string;
  readonly dollarsPerHour: number;
}
