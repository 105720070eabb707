// What the page says: the news of the table in words, and the toasts that say it.

import { $, put } from './dom.js';
import { money } from './money.js';

/** The ways to split: as the news tell of one, and the hint below it. */
export const WAYS = {
  equal: ['equally', 'Everyone on the bill pays the same.'],
  itemized: ['by dish', 'Each pays for their own dishes, and their part of those they share.'],
  custom: ['their own way', 'The table decides. Until shares are set, everyone pays the same.'],
  adjustments: ['with more for some'],
  cover: ['with some paying for others'],
};

const toastTimers = {};

function toast(id, text, milliseconds) {
  put($(id), text);
  clearTimeout(toastTimers[id]);
  toastTimers[id] = setTimeout(() => { $(id).textContent = ''; }, milliseconds);
}
export const say = (text) => toast('notice', text, 4000);
export const complain = (text) => toast('problem', text, 9000);

/** What a message means to people; `before` and `after` are the order without and with it. */
export function told({ type, participantId: id, participantName, data }, before, after) {
  const who = participantName || 'The restaurant';
  const dish = (list) => list?.items.find((item) => item.id === data.itemId)?.dishName ?? 'a dish';
  switch (type) {
    case 'participant_joined': return `${who} sat down`;
    case 'participant_left': return `${who} left the table`;
    case 'presence': return data.isOnline ? `${who} is back` : `${who} went offline`;
    case 'item_added': return `${who} added ${data.item.dishName}`;
    case 'item_removed': return `${who} removed ${dish(before)}`;
    case 'quantity_updated': return `${who} made it ${data.quantity} × ${dish(after)}`;
    case 'item_shared': return `${who} ${part(id, data.sharedBy, before, data.itemId)} ${dish(after)}`;
    case 'split_updated': return `${who} split the bill ${WAYS[data.splitMode ?? data.splitType]?.[0] ?? ''}`;
    case 'charges_updated': return `${who} changed taxes and charges`;
    case 'tip_updated': return `${who} changed their tip`;
    case 'service_waived': return `${who} ${data.waived ? 'does without' : 'pays'} the service charge`;
    case 'payment_recorded': return `${data.payment.payerName ?? who} ${data.payment.status === 'pending' ? 'is paying' : 'paid'} ${money(data.payment.amount, after.currency)}`;
    case 'payment_updated': return `A payment ${data.payment.status === 'paid' ? 'arrived' : 'never arrived'}`;
    case 'payment_refunded': return 'A payment was given back';
    case 'order_finalized': return `${who} placed the order`;
    default: return '';
  }
}

/** What somebody did about their part in a dish. */
function part(id, sharedBy, before, itemId) {
  const item = before?.items.find((other) => other.id === itemId);
  const had = item && Object.hasOwn(item.sharedBy ?? { [item.addedBy]: 1 }, id);
  const has = Object.hasOwn(sharedBy, id);
  return has && !had ? 'shares' : had && !has ? 'has no part in' : 'changed who shares';
}
