// Describes changes in words: news as they arrive, and the history.

import { ask } from './asking.js';
import { $, put, rows } from './dom.js';
import { joined } from './link.js';
import { money } from './money.js';
import { and, few, nameOf } from './people.js';
import { me } from './seat.js';
import { table } from './table.js';
import { WAYS } from './words.js';

/** A moment in the person's local time, with the date if it is not today. */
export function moment(at) {
  const sameDay = new Date(at).toDateString() === new Date().toDateString();
  return new Date(at).toLocaleString(undefined, { timeStyle: 'short', ...(!sameDay && { dateStyle: 'medium' }) });
}

/** A duration in milliseconds, in the unit that people would use. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds <= 90) return `${seconds} s`;
  return seconds <= 90 * 60 ? `${Math.ceil(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** Describes one change: an entry of the history, or the same made from a message. */
function inWords(change, order) {
  const { event, automatic, dishName: dish = 'a dish', participantName: whom = 'somebody', amount } = change;
  const who = change.byName || 'The restaurant';
  switch (event) {
    case 'participant_joined': return change.wasVacant ? `${who} took their seat` : `${who} sat down`;
    case 'participant_added': return `${who} added ${whom}`;
    case 'participant_left': return `${who} left the table`;
    case 'participant_removed': return `${who} removed ${whom}`;
    case 'participant_readmitted': return `${who} let ${whom} back in`;
    case 'item_added': return `${who} added ${dish}`;
    case 'items_added': return `${who} added ${dishes(change)}`;
    case 'items_restored': return `${who} brought back ${dishes(change)}`;
    case 'items_removed': return `${who} removed ${dishes(change)}`;
    case 'item_corrected': return change.to > 0
      ? `${who} corrected ${dish}: ${change.to} came. ${change.reason}`
      : `${who} took ${dish} off the bill: ${change.reason}`;
    case 'item_restored': return `${who} brought back ${dish}`;
    case 'item_removed': return `${who} removed ${dish}`;
    case 'quantity_updated': return `${who} made it ${change.to} × ${dish}`;
    case 'item_edited': return `${who} ${edit(change, dish)}`;
    case 'item_shared': return `${who} ${change.part ?? 'changed who shares'} ${dish}`;
    case 'split_updated': return `${who} split the bill ${WAYS[change.splitMode]?.[0] ?? ''}`;
    case 'charges_updated': return `${who} changed taxes and charges`;
    case 'tip_updated': return `${who} changed their tip`;
    case 'service_waived': return `${who} ${change.waived ? 'declined' : 'pays'} the service charge`;
    case 'ready_updated': return `${who} is ${change.ready ? 'done ordering' : 'not done yet'}`;
    case 'order_locked': return automatic ? 'The time is up, and the dishes are locked' : `${who} locked the dishes`;
    case 'order_unlocked': return `${who} unlocked the dishes`;
    case 'owner_changed': return `${who} made ${whom} the host`;
    case 'limit_updated': return `${who} ${limited(change, whom, order)}`;
    case 'rules_updated': return `${who} ${change.finalizeWhenReady ? 'turned on automatic placing' : 'turned off automatic placing'}`;
    case 'deadline_updated': return change.deadline ? `${who} set the deadline to ${moment(change.deadline.at)}` : `${who} removed the deadline`;
    case 'deadline_reminder': return `${span(change.left)} left`;
    case 'payment_recorded': return `${change.payerName ?? nameOf(order, change.payer)} ${change.status === 'pending' ? 'is paying' : 'paid'} ${money(amount, order.currency)}`;
    case 'payment_updated': return `A payment ${change.status === 'paid' ? 'arrived' : 'never arrived'}`;
    case 'payment_refunded': return 'A payment was refunded';
    case 'transfer_recorded': return `${who} says they paid ${mine(change.to) ?? change.toName} ${money(amount, order.currency)} back`;
    case 'transfer_answered': return change.confirmed ? `${who} got ${money(amount, order.currency)} back from ${mine(change.from) ?? change.fromName}` : `${who} did not get ${money(amount, order.currency)} from ${mine(change.from) ?? change.fromName}`;
    case 'transfer_cancelled': return `${who} took back that they paid ${mine(change.to) ?? change.toName}`;
    case 'order_finalized': return automatic ? 'The time is up, and the order is placed' : `${who} placed the order`;
    case 'order_reopened': return `${who} reopened the order`;
    case 'order_expired': return 'The order has expired';
    case 'order_archived': return 'The order was archived';
    default: return '';
  }
}

/** Several dishes that were changed together, by name. */
const dishes = ({ items = [] }) => and(few(items.map(({ dishName }) => dishName ?? 'a dish')));
const mine = (id) => (id === me.id ? 'you' : undefined);

/** Describes a change to a dish's name, its note, or both. */
function edit({ newDishName: name, newCustomization: note }, dish) {
  if (note === undefined) return `changed ${dish}${name ? ` to ${name}` : ''}`;
  if (name) return `changed ${dish} to ${name}, ${note ? `with the note: ${note}` : 'without a note'}`;
  return note ? `changed the note on ${dish}: ${note}` : `removed the note on ${dish}`;
}

/** What an edit changed, in the fields of a history entry. Long notes are cut: the dish shows them whole. */
function editOf(itemId, before, after) {
  const [old, now] = [before, after].map((order) => order?.items.find(({ id }) => id === itemId) ?? {});
  const [was, is] = [old, now].map(({ customization }) => customization || null);
  const letters = [...is ?? ''];
  return {
    dishName: old.dishName,
    ...(now.dishName !== old.dishName && { newDishName: now.dishName }),
    ...(is !== was && { newCustomization: letters.length > 100 ? `${letters.slice(0, 99).join('')}…` : is }),
  };
}

/** Describes a message; `before` and `after` are the order without and with it. */
export function told({ type, participantId: by, participantName: byName, data }, before, after) {
  if (type === 'presence') return data.isOnline ? `${byName} is back` : `${byName} went offline`;
  if (type === 'participant_left' && 'removedBy' in data) {
    const remover = data.removedBy && after.participants.find(({ id }) => id === data.removedBy)?.name;
    return inWords({ event: 'participant_removed', byName: remover, participantName: byName }, after);
  }
  const { payment = {}, transfer = {}, item } = data;
  const dishOf = (order) => order?.items.find((other) => other.id === data.itemId)?.dishName;
  const whom = data.ownerId ?? data.participantId;
  return inWords({
    ...data,
    ...payment,
    ...transfer,
    confirmed: transfer.status === 'confirmed',
    // To clients that know no corrections, a dish that is corrected is removed, or there is less of it.
    event: data.reason === undefined ? type : 'item_corrected',
    byName,
    automatic: Boolean(after.deadline?.passed && !before?.deadline?.passed),
    dishName: item?.dishName ?? dishOf(before) ?? dishOf(after),
    to: data.quantity ?? transfer.to,
    part: data.sharedBy && part(by, data.sharedBy, before, data.itemId),
    splitMode: data.splitMode ?? data.splitType,
    ...(type === 'item_edited' && editOf(data.itemId ?? item?.id, before, after)),
    wasVacant: before?.participants.some((person) => person.id === by && person.vacant),
    participantName: whom && (table.names.get(whom) ?? 'somebody'),
  }, after);
}

/** Describes a limit that was set or removed. */
function limited({ limit, for: several }, whom, { currency }) {
  const whose = several && (several === 'each' ? 'each guest' : 'the table');
  if (limit === null) return whose ? `removed the limit for ${whose}` : `removed ${whom}’s limit`;
  return whose ? `set a limit of ${money(limit, currency)} for ${whose}` : `set ${whom} a limit of ${money(limit, currency)}`;
}

/** Describes a change to a person's part in a dish. */
function part(id, sharedBy, before, itemId) {
  const item = before?.items.find((other) => other.id === itemId);
  const had = item && Object.hasOwn(item.sharedBy ?? { [item.addedBy]: 1 }, id);
  const has = Object.hasOwn(sharedBy, id);
  return has && !had ? 'shares' : had && !has ? 'no longer shares' : 'changed who shares';
}

/** Requests a page of the history: the latest one, or the one before the known entries. One request at a time. */
export function askPast(earlier = false) {
  const { past } = table;
  if (past.command || !joined) return;
  past.earlier = earlier;
  const before = earlier ? Math.min(...past.entries.keys()) : undefined;
  past.command = ask('past-problem', 'history', { before });
}

/** Handles a refused page. Returns whether it will be requested again later. */
export function refusedPast({ code, retryAfter = 1000 }) {
  const { past } = table;
  const earlier = past.earlier;
  past.command = null;
  if (code !== 'rate_limited') return false;
  // Randomized, because others at the table retry at the same time.
  const again = () => {
    if (!joined || !$('past').open) return;
    if (past.command) setTimeout(again, retryAfter);
    else askPast(earlier);
  };
  setTimeout(again, retryAfter * (1 + Math.random()));
  return true;
}

/** Adds a page that arrived. */
export function keepPast({ entries, more }) {
  const { past } = table;
  // If there is a gap between this page and the known entries, drop those: they come again
  // with earlier pages.
  if (entries[0]?.seq > Math.max(...past.entries.keys()) + 1) past.entries.clear();
  const first = Math.min(...past.entries.keys());
  for (const entry of entries) past.entries.set(entry.seq, entry);
  if (!(entries[0]?.seq >= first)) past.more = more;
  past.command = null;
  // Something changed while the page was on its way.
  if (Math.max(...past.entries.keys()) < table.order?.seq) askPast();
}

export function renderPast(order) {
  const { entries, more } = table.past;
  const newestFirst = [...entries.values()].sort((left, right) => right.seq - left.seq);
  rows($('past-rows'), 'line-row', newestFirst, ({ seq }) => seq, (row, entry) => {
    put(row.querySelector('.line-name'), inWords(entry, order));
    put(row.querySelector('.line-amount'), moment(entry.at));
  });
  $('past-more').hidden = !more;
}
