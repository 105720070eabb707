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
  /** The way to split whose form is looked at, though the table has not agreed on it; null: none. */
  way: null,
  /** How a bill is to be split before somebody pays for others; null: as it is now. */
  rest: null,
  /** Charges being typed: `{rows, roundTo}`; null: as they were set. */
  charges: null,
  /** Whether an amount for one's own tip is being typed. */
  tipping: false,
  /** The payment being typed. Its id is chosen here, so that sending it again cannot pay twice. */
  pay: {},
  /** By the place where a refusal of it is shown: the id of the last command. */
  asked: {},
  /** Whether the link for others is shown; null: as long as one sits alone. */
  inviting: null,
  /** How far the server's clock is ahead of this one, in milliseconds. */
  ahead: 0,
  /** The number of this person's last change to the bill; null: nobody knows. */
  lastMine: null,
  /** The undo on its way that names no change. */
  undoing: null,
  /** Who did what, as far as it was asked for: entries by their number, whether there are earlier ones, and the command that asks. */
  past: { entries: new Map(), more: false, command: null },
  /** The names of those who were seen at the table, because who was removed is not in its state any more. */
  names: new Map(),
};

export const isOpen = (order) => order.status === 'active';

export const isHost = (order) => order.ownerId === me.id;

/** Whether this person may add dishes, and say which are theirs. */
export const mayOrder = (order) => isOpen(order) && (isHost(order) || !order.locked);

/** Whether this person may change how much there is of a dish, or take it off. */
export const mayChange = (order, item) => mayOrder(order) && (mayDecide(order) || item.addedBy === me.id);

/** Whether this person may say how the bill is split, and place the order. */
export const mayDecide = (order) => isOpen(order) && (isHost(order) || order.policy !== 'hosted');

export const kindShown = () => table.lookedAt ?? Object.keys(table.order.customShares ?? {})[0] ?? 'amounts';

/** What is to be paid. Older servers know of dishes only. */
export const dueOf = (order) => order.amountDue ?? order.total;

export const modeOf = (order) => order.splitMode ?? order.splitType;

export function restShown() {
  const mode = modeOf(table.order);
  return table.rest ?? (mode === 'cover' ? table.order.rest : mode === 'itemized' ? mode : 'equal');
}

export const myShare = () => table.order.splits.find((share) => share.participantId === me.id)?.amount ?? 0;

/** What was begun at one table is nothing to the next. */
export function forgetBegun() {
  Object.assign(table, { drafts: {}, lookedAt: null, way: null, rest: null, charges: null, tipping: false, pay: {}, asked: {} });
  Object.assign(table, { lastMine: null, undoing: null, past: { entries: new Map(), more: false, command: null }, names: new Map() });
}

/** Nobody knows what became of that which was on its way over a line that broke, or whose answers a full state took the place of. */
export function forgetUnconfirmed() {
  table.wanted.clear();
  if (table.adding) table.adding.sent = false;
  table.pay.sent = false;
  table.past.command = null;
  table.undoing = null;
}
