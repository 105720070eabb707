// What this tab knows of the table, and what its person has begun there. The view only reads it.

import { me } from './seat.js';

export const table = {
  /** The last state that the server sent; the page keeps no order of its own. */
  order: null,
  /** The dish on its way: its id is chosen here, so sending it again after a broken line cannot order it twice. */
  adding: null,
  /** Quantities asked for and not yet confirmed, so that two quick taps count as two. */
  wanted: new Map(),
  /** Custom shares being typed: per kind, the text for each person. */
  drafts: {},
  /** The kind of custom shares that this person looks at; null: whatever the table agreed on. */
  lookedAt: null,
  /** The id of the last command that set custom shares. */
  customCommand: null,
  /** Whether the link for others is shown; null: as long as one sits alone. */
  inviting: null,
};

export const kindShown = () => table.lookedAt ?? Object.keys(table.order.customShares ?? {})[0] ?? 'amounts';

export const myShare = () => table.order.splits.find((share) => share.participantId === me.id)?.amount ?? 0;

/** Nobody knows what became of that which was on its way over a broken line. */
export function forgetUnconfirmed() {
  table.wanted.clear();
  if (table.adding) table.adding.sent = false;
}
