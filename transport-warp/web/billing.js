// Actions of the person on the bill.

import { ask, confirmed } from './asking.js';
import { chargesShown, KINDS, toCharges } from './charges.js';
import { $ } from './dom.js';
import { send } from './link.js';
import { money } from './money.js';
import { dueNow, EVERYBODY, owing, paidBy, paidFor } from './paying.js';
import { freshId, me } from './seat.js';
import { kindShown, modeOf, restShown, table } from './table.js';
import { render } from './view.js';

/** Calls `act` when a form is submitted. */
const submitted = (id, act) => $(id).addEventListener('submit', (event) => {
  event.preventDefault();
  act();
});

for (const button of document.querySelectorAll('[data-split]')) {
  const way = button.dataset.split;
  button.addEventListener('click', () => {
    const hasForm = button.hasAttribute('aria-expanded');
    table.way = hasForm && way !== table.way ? way : null;
    if (!hasForm) send('update_split', { splitType: way });
    render();
  });
}

for (const button of document.querySelectorAll('[data-kind]')) {
  button.addEventListener('click', () => {
    table.lookedAt = button.dataset.kind;
    $('custom-problem').textContent = '';
    render();
  });
}

/** The numbers typed for people. Built from entries, because a person's id may be any text, even `__proto__`. */
function numbers(list, counts = () => true) {
  const given = [...list.children].map((row) => [row.key, row.querySelector('input').value.trim()]);
  return Object.fromEntries(given.filter(([, text]) => text && counts(text)).map(([id, text]) => [id, Number(text)]));
}

submitted('custom', () => ask('custom-problem', 'update_split', { splitType: 'custom', [kindShown()]: numbers($('custom-rows')) }));

submitted('adjust', () => {
  const adjustments = numbers($('adjust-rows'), (text) => Number(text) > 0);
  const nobody = Object.keys(adjustments).length === 0;
  ask('adjust-problem', 'update_split', nobody ? { splitType: 'equal' } : { splitType: 'adjustments', adjustments });
});

function cover(covers, rest) {
  const nobody = Object.keys(covers).length === 0;
  ask('cover-problem', 'update_split', nobody ? { splitType: rest } : { splitType: 'cover', covers, rest });
}

$('cover-chips').addEventListener('click', ({ target }) => {
  const id = target.closest('button') && target.closest('li').key;
  if (!id) return;
  // A person who has left the bill is no longer covered.
  const known = new Set(table.order.splits.map((share) => share.participantId));
  const covers = Object.entries(table.order.covers ?? {}).filter(([covered, payer]) => known.has(covered) && known.has(payer) && covered !== id);
  if (table.order.covers?.[id] !== me.id) covers.push([id, me.id]);
  cover(Object.fromEntries(covers), restShown());
});

for (const button of document.querySelectorAll('[data-rest]')) {
  button.addEventListener('click', () => {
    if (modeOf(table.order) === 'cover') return cover(table.order.covers, button.dataset.rest);
    table.rest = button.dataset.rest;
    render();
  });
}

$('tip').addEventListener('change', ({ target: { value } }) => {
  if (value === 'set') return;
  table.tipping = value === 'other';
  if (!table.tipping) ask('tip-problem', 'set_tip', value ? { percent: Number(value) } : {});
  render();
  if (table.tipping) $('tip-amount').focus();
});

submitted('tip-form', () => ask('tip-problem', 'set_tip', { amount: Number($('tip-amount').value) }));

$('waive').addEventListener('click', () => send('waive_service', { waived: !table.order.withoutService?.includes(me.id) }));

/** The charges being edited, which start as the current ones. */
const draft = () => (table.charges ??= chargesShown(table.order));

const row = (kind, name, value = '') => ({ key: freshId(''), kind, name, value, unit: KINDS[kind][1], more: {} });

function setCharges() {
  ask('charges-problem', 'set_charges', toCharges(draft()));
}

submitted('charges-form', setCharges);

$('gst').addEventListener('click', () => {
  draft().rows.push(row('tax', 'CGST', '2.5'), row('tax', 'SGST', '2.5'));
  draft().roundTo = 1;
  render();
  if ($('charges-form').reportValidity()) setCharges();
});

for (const button of document.querySelectorAll('[data-charge]')) {
  button.addEventListener('click', () => {
    const kind = button.dataset.charge;
    draft().rows.push(row(kind, KINDS[kind][0]));
    render();
    $('charge-rows').lastElementChild.querySelector('.charge-value').focus();
  });
}

$('round').addEventListener('change', () => {
  draft().roundTo = $('round').checked ? table.order.roundTo ?? 1 : undefined;
  render();
});

$('round-shares').addEventListener('change', () => {
  draft().roundSharesTo = $('round-shares').checked ? draft().roundTo : undefined;
  render();
});

$('charge-rows').addEventListener('input', ({ target }) => {
  $('charges-problem').textContent = '';
  const typed = draft().rows.find(({ key }) => key === target.closest('li').key);
  const kind = target.closest('li').querySelector('.charge-kind').value;
  if (kind !== typed.kind) {
    const [name, unit] = KINDS[kind];
    if (typed.name === KINDS[typed.kind][0]) typed.name = name;
    Object.assign(typed, { kind, unit, more: {} });
  } else {
    for (const field of ['name', 'value', 'unit']) typed[field] = target.closest('li').querySelector(`.charge-${field}`).value;
  }
  render();
});

$('charge-rows').addEventListener('click', ({ target }) => {
  if (!target.closest('.drop')) return;
  draft().rows = draft().rows.filter(({ key }) => key !== target.closest('li').key);
  render();
});

$('pay').addEventListener('input', ({ target }) => {
  $('pay-problem').textContent = '';
  if (target.id === 'pay-for') table.pay = { for: target.value };
  if (target.id === 'pay-by') table.pay.by = target.value;
  if (target.id === 'pay-amount') table.pay.amount = target.value;
  render();
});

submitted('pay', () => {
  const { order, pay } = table;
  const id = paidFor(order);
  const amount = Number($('pay-amount').value);
  pay.paymentId ??= freshId('pay_');
  pay.sent = true;
  pay.command = ask('pay-problem', 'record_payment', {
    paymentId: pay.paymentId,
    amount,
    payer: paidBy(order),
    for: id === EVERYBODY ? owing(order).map((share) => share.participantId) : [id],
    method: $('pay-method').value,
    ...($('pay-excess').checked && { excess: 'tip' }),
  });
  render();
});

$('settlement').addEventListener('click', ({ target }) => {
  if (!target.closest('button')) return;
  const owed = table.order.settlement.find(({ from, to }) => `${from} ${to}` === target.closest('li').key);
  if (owed) ask('owing-problem', 'record_transfer', { transferId: freshId('back_'), to: owed.to, amount: owed.amount });
});

$('transfers').addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  const transferId = target.closest('.transfer')?.key;
  if (!button) return;
  if (button.matches('.recall')) return ask('paid-back-problem', 'cancel_transfer', { transferId });
  ask('paid-back-problem', 'answer_transfer', { transferId, confirmed: button.matches('.got') });
});

$('payments').addEventListener('click', async ({ target }) => {
  const payment = table.order.payments.find(({ paymentId }) => paymentId === target.closest('.payment')?.key);
  const button = target.closest('button');
  if (!payment || !button) return;
  const { paymentId } = payment;
  if (!button.matches('.back')) return send('update_payment', { paymentId, status: button.matches('.arrived') ? 'paid' : 'failed' });
  const text = `${money(payment.amount, table.order.currency)} will be due again.`;
  if (await confirmed('Refund it?', text, 'Refund')) send('refund_payment', { paymentId, refundId: freshId('ref_') });
});
