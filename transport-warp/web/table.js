// The state of the table as this tab knows it, and the person's unfinished input. The view
// only reads it.

import { me } from './seat.js';

export const table = {
  /** The last state that the server sent; the page keeps no order of its own. */
  order: null,
  /** The person without a phone who is being added: the id, which is chosen here, and the command in flight; null: none. */
  person: null,
  /** The codes of seats that are shown, by the ids of their people. */
  codes: new Map(),
  /** For whom the dish being typed is; empty: this person. */
  eaters: [],
  /** The dish being sent: its id is chosen here, so resending it after a lost connection cannot order it twice. */
  adding: null,
  /** The dish whose name and note are being edited: its id, both texts as they were at first, and what was sent; null: none. */
  editing: null,
  /** The dish that is being taken off a final bill: its id, and the command in flight; null: none. */
  correcting: null,
  /** Quantities requested and not yet confirmed, so that two quick taps count as two. */
  wanted: new Map(),
  /** Custom shares being typed: for each kind, the text for each person. */
  drafts: {},
  /** The kind of custom shares that this person has opened; null: the agreed one. */
  lookedAt: null,
  /** The way to split whose form is open, though it is not the agreed one; null: none. */
  way: null,
  /** How the bill is to be split before some people pay for others; null: as it is now. */
  rest: null,
  /** Charges being edited: `{rows, roundTo}`; null: the current ones. */
  charges: null,
  /** Whether an amount for one's own tip is being typed. */
  tipping: false,
  /** The payment being typed. Its id is chosen here, so that resending it cannot pay twice. */
  pay: {},
  /** For each place where a refusal is shown: the id of the last command. */
  asked: {},
  /** Whether the link for others is shown; null: only while one is alone. */
  inviting: null,
  /** How far the server's clock is ahead of this one, in milliseconds. */
  ahead: 0,
  /** The number of this person's last change to the bill; null: unknown. */
  lastMine: null,
  /** The command id of an undo in flight that names no change. */
  undoing: null,
  /** The history as far as it was requested: entries by number, whether there are earlier ones, and the command in flight. */
  past: { entries: new Map(), more: false, command: null },
  /** The names of all people seen at the table, because removed people are no longer in its state. */
  names: new Map(),
};

export const isOpen = (order) => order.status === 'active';

export const isHost = (order) => order.ownerId === me.id;

/** Whether this person may add dishes, and claim them. */
export const mayOrder = (order) => isOpen(order) && (isHost(order) || !order.locked);

/** Whether this person may change the quantity, name or note of a dish, or remove it. */
export const mayChange = (order, item) => mayOrder(order) && (mayDecide(order) || item.addedBy === me.id);

/** Whether this person may take dishes that never came off the bill. */
export const mayCorrect = (order) => !isOpen(order) && isHost(order) && !order.archived;

/** Whether this person may choose the split, and place the order. */
export const mayDecide = (order) => isOpen(order) && (isHost(order) || order.policy !== 'hosted');

export const kindShown = () => table.lookedAt ?? Object.keys(table.order.customShares ?? {})[0] ?? 'amounts';

/** The amount due. Older servers send only the total of the dishes. */
export const dueOf = (order) => order.amountDue ?? order.total;

export const modeOf = (order) => order.splitMode ?? order.splitType;

export function restShown() {
  const mode = modeOf(table.order);
  return table.rest ?? (mode === 'cover' ? table.order.rest : mode === 'itemized' ? mode : 'equal');
}

export const myShare = () => table.order.splits.find((share) => share.participantId === me.id)?.amount ?? 0;

/** Drops unfinished input that must not carry over to another table. */
export function forgetBegun() {
  Object.assign(table, { drafts: {}, lookedAt: null, way: null, rest: null, charges: null, tipping: false, pay: {}, asked: {} });
  Object.assign(table, { person: null, codes: new Map(), eaters: [] });
  Object.assign(table, { lastMine: null, undoing: null, past: { entries: new Map(), more: false, command: null }, names: new Map() });
}

/** Drops pending requests whose result is unknown: the connection broke, or a full state replaced their answers. */
export function forgetUnconfirmed() {
  table.wanted.clear();
  if (table.adding) table.adding.sent = false;
  if (table.person) table.person.sent = false;
  if (table.editing) table.editing.sent = false;
  if (table.correcting) table.correcting.sent = false;
  table.pay.sent = false;
  table.past.command = null;
  table.undoing = null;
}
