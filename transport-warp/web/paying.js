// Shows payments: what is due, who owes whom, and the owner's form to record one.

import { $, fill, put, rows } from './dom.js';
import { mayPayBack, renderTransfers } from './friends.js';
import { money } from './money.js';
import { and, capital, mineFirst, nameOf } from './people.js';
import { me } from './seat.js';
import { dueOf, isHost, isOpen, table } from './table.js';

/** Stands for all people who have to pay; no person has this id. */
export const EVERYBODY = '';

export function renderPaying(order) {
  // Older servers do not send payments.
  $('paying').hidden = !order.payments || (isOpen(order) && !order.payments.length);
  if ($('paying').hidden) return;
  const { currency, settled, balanceDue, paid, payments } = order;
  $('settled').hidden = !settled;
  put($('balance'), money(balanceDue, currency));
  $('progress').max = Math.max(dueOf(order), 1e-9);
  $('progress').value = Math.max(paid + (order.writtenOff ?? 0), 0);
  const writtenOff = order.writtenOff ? `, and ${money(order.writtenOff, currency)} need not be` : '';
  put($('paid'), `${money(paid, currency)} of ${money(dueOf(order), currency)} is paid${writtenOff}.`);
  renderSettlement(order);
  renderTransfers(order);
  renderForm(order);
  $('history').hidden = payments.length === 0;
  rows($('payments'), 'payment-row', payments, (payment) => payment.paymentId, (row, payment) => fillPayment(row, payment, order));
}

function renderSettlement(order) {
  // Before the first payment, everybody simply owes the restaurant their share, which is
  // already shown.
  const transfers = order.payments.length ? order.settlement ?? [] : [];
  $('owing').hidden = transfers.length === 0;
  put($('owing-title'), order.settled ? 'Among yourselves' : 'Who owes whom');
  const name = (id, known) => (id === me.id ? 'you' : id === null ? 'the restaurant' : known ?? nameOf(order, id));
  rows($('settlement'), 'owing-row', transfers, ({ from, to }) => `${from} ${to}`, (row, { from, fromName, to, toName, amount }) => {
    put(row.querySelector('.line-name'), `${capital(name(from, fromName))} ${from === me.id ? 'pay' : 'pays'} ${name(to, toName)}`);
    put(row.querySelector('.line-amount'), money(amount, order.currency));
    row.classList.toggle('mine', from === me.id || to === me.id);
    const button = row.querySelector('button');
    button.hidden = !mayPayBack(order, from, to);
    put(button, `I paid ${name(to, toName)} ${money(amount, order.currency)}`);
  });
}

/** The people whose shares are not fully paid or pending. */
export const owing = (order) => order.splits.filter((share) => share.paymentStatus === 'unpaid');

/** The person for whom the form pays: the one picked, or the next who owes. */
export function paidFor(order) {
  const due = owing(order).map((share) => share.participantId);
  const picked = table.pay.for;
  return due.includes(picked) || (picked === EVERYBODY && due.length > 1) ? picked : due[0];
}

export const paidBy = (order) => table.pay.by ?? (paidFor(order) === EVERYBODY ? me.id : paidFor(order));

/** The amount due for those for whom the form pays. */
export function dueNow(order) {
  const id = paidFor(order);
  return id === EVERYBODY ? order.balanceDue : order.splits.find((share) => share.participantId === id)?.balance;
}

function renderForm(order) {
  const due = owing(order);
  $('pay').hidden = !isHost(order) || order.archived === true || due.length === 0;
  if ($('pay').hidden) return;
  const option = (row, { participantId: id, participantName: name }) => {
    row.value = id;
    put(row, id === me.id ? 'You' : name);
  };
  const everybody = { participantId: EVERYBODY, participantName: 'Everybody' };
  rows($('pay-for'), 'person-option', due.length > 1 ? [...due, everybody] : due, (share) => share.participantId, option);
  rows($('pay-by'), 'person-option', mineFirst(order.splits, (share) => share.participantId), (share) => share.participantId, option);
  fill($('pay-for'), paidFor(order));
  fill($('pay-by'), paidBy(order));
  fill($('pay-amount'), table.pay.amount ?? dueNow(order));
  put($('pay-unit'), order.currency);
  $('pay-tip').hidden = !(Number($('pay-amount').value) > dueNow(order));
  if ($('pay-tip').hidden) $('pay-excess').checked = false;
  $('pay-button').disabled = table.pay.sent;
}

function fillPayment(row, payment, order) {
  const part = (selector) => row.querySelector(selector);
  const { payer, payerName, amount, method, reference, status, refunded, tip, recordedBy } = payment;
  const others = Object.keys(payment.for).filter((id) => id !== payer).map((id) => nameOf(order, id));
  const said = [
    others.length && `for ${and(Object.hasOwn(payment.for, payer) ? [payer === me.id ? 'yourself' : 'themselves', ...others] : others)}`,
    method && (method === 'upi' ? 'UPI' : method),
    reference,
    tip > 0 && `${money(tip, order.currency)} of it tip`,
    refunded > 0 && `${money(refunded, order.currency)} refunded`,
    status === 'pending' && 'on its way',
    status === 'failed' && 'never arrived',
  ];
  put(part('.payer'), payer === me.id ? 'You' : payerName ?? nameOf(order, payer));
  put(part('.for'), said.filter(Boolean).join(' · '));
  put(part('.amount'), money(amount, order.currency));
  row.classList.toggle('void', status === 'failed' || refunded === amount);
  const mine = isHost(order) && !order.archived && recordedBy !== 'backend';
  // A payment marked as failed may still arrive.
  part('.arrived').hidden = !mine || status === 'paid';
  part('.failed').hidden = !mine || status !== 'pending';
  part('.back').hidden = !mine || status !== 'paid' || refunded === amount;
}
