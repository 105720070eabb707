// What the page says: the news of the table in words, and the toasts that say it.

import { $, put } from './dom.js';

/** The ways to split: as the news tell of one, and the hint below it. */
export const WAYS = {
  equal: ['equally', 'Everyone on the bill pays the same.'],
  itemized: ['by dish', 'Each pays for the dishes they added.'],
  custom: ['their own way', 'The table decides. Until shares are set, everyone pays the same.'],
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
export function told({ type, participantName: who, data }, before, after) {
  const dish = (list) => list?.items.find((item) => item.id === data.itemId)?.dishName ?? 'a dish';
  switch (type) {
    case 'participant_joined': return `${who} sat down`;
    case 'participant_left': return `${who} left the table`;
    case 'presence': return data.isOnline ? `${who} is back` : `${who} went offline`;
    case 'item_added': return `${who} added ${data.item.dishName}`;
    case 'item_removed': return `${who} removed ${dish(before)}`;
    case 'quantity_updated': return `${who} made it ${data.quantity} × ${dish(after)}`;
    case 'split_updated': return `${who} split the bill ${WAYS[data.splitType]?.[0] ?? ''}`;
    case 'order_finalized': return `${who} placed the order`;
    default: return '';
  }
}
