// Shows what friends pay back to each other: what waits for an answer, and what became of the rest.

import { $, put, rows } from './dom.js';
import { money } from './money.js';
import { capital, nameOf } from './people.js';
import { me } from './seat.js';

const isOver = (order) => order.archived === true || order.status !== 'finalized';

/** Whether this person may say that they have paid somebody back: not while what they said waits for an answer. */
export function mayPayBack(order, from, to) {
  const waits = order.transfers?.some((transfer) => transfer.status === 'pending' && transfer.from === from && transfer.to === to);
  return from === me.id && to !== null && !waits && !isOver(order);
}

export function renderTransfers(order) {
  const transfers = order.transfers ?? [];
  $('paid-back').hidden = transfers.length === 0;
  $('even').hidden = order.allSettled !== true;
  rows($('transfers'), 'transfer-row', transfers, ({ transferId }) => transferId, (row, transfer) => fillTransfer(row, transfer, order));
}

function fillTransfer(row, transfer, order) {
  const part = (selector) => row.querySelector(selector);
  const { from, fromName, to, toName, amount, status } = transfer;
  const name = (id, known) => (id === me.id ? 'you' : known ?? nameOf(order, id));
  const [sender, receiver] = [name(from, fromName), name(to, toName)];
  const words = {
    pending: to === me.id ? 'did you get it?' : `waits for ${receiver} to confirm it`,
    confirmed: `${receiver} got it`,
    denied: `${receiver} did not get it`,
    cancelled: 'taken back',
  };
  put(part('.said'), `${capital(sender)} paid ${receiver}`);
  put(part('.status'), words[status] ?? status);
  put(part('.amount'), money(amount, order.currency));
  row.classList.toggle('void', status === 'denied' || status === 'cancelled');
  const waits = status === 'pending' && !isOver(order);
  for (const selector of ['.got', '.missing']) part(selector).hidden = !waits || to !== me.id;
  part('.recall').hidden = !waits || from !== me.id;
}
