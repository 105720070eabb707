// Charges and discounts as the owner sets them; waivers and tips of each person.

import { $, fill, put, rows } from './dom.js';
import { money } from './money.js';
import { me } from './seat.js';
import { isHost, isOpen, table } from './table.js';

/** For each kind in the form: its initial name and unit. */
export const KINDS = {
  tax: ['Tax', 'percent'],
  included: ['Tax', 'percent'],
  service: ['Service charge', 'percent'],
  discount: ['Discount', 'percent'],
  tip: ['Tip', 'percent'],
  fee: ['Delivery', 'amount'],
};

/** What the form shows: the charges being edited, or else the current ones. */
export const chargesShown = (order) => table.charges ?? {
  rows: (order.charges ?? []).map(toRow),
  roundTo: order.roundTo,
  roundSharesTo: order.roundSharesTo,
  rounding: order.rounding, // This form cannot change it.
};

function toRow({ name, kind, percent, amount, inclusive, ...more }, index) {
  return {
    key: `set${index}`,
    name,
    kind: inclusive ? 'included' : kind,
    unit: amount === undefined ? 'percent' : 'amount',
    value: String(amount ?? percent),
    more, // Fields that this form cannot change are kept.
  };
}

/** Converts the rows to the form of `set_charges`. */
export function toCharges({ rows: list, roundTo, roundSharesTo, rounding }) {
  const charges = list.map(({ name, kind, unit, value, more }) => ({
    ...more,
    name,
    kind: kind === 'included' ? 'tax' : kind,
    ...(kind === 'included' && { inclusive: true }),
    [unit]: Number(value),
  }));
  const inCoins = roundTo && roundSharesTo;
  return { charges, ...(roundTo && { roundTo }), ...(inCoins && { roundSharesTo: roundTo }), ...(rounding && { rounding }) };
}

export function renderCharges(order) {
  const open = isOpen(order);
  $('charges').hidden = !open || !isHost(order);
  $('own').hidden = !open;
  renderOwn(order);
  const shown = chargesShown(order);
  $('gst').hidden = order.currency !== 'INR' || shown.rows.some(({ name }) => /gst/i.test(name));
  rows($('charge-rows'), 'charge-row', shown.rows, (row) => row.key, (node, row, index) => fillCharge(node, row, index, order));
  $('round').checked = Boolean(shown.roundTo);
  put($('round-text'), `Round what is due to ${(order.roundTo ?? 1) === 1 ? `a whole ${order.currency}` : money(order.roundTo, order.currency)}`);
  $('round-shares-row').hidden = !shown.roundTo || Boolean(shown.rounding);
  $('round-shares').checked = Boolean(shown.roundSharesTo);
  $('charges-button').hidden = table.charges === null;
}

function fillCharge(node, { name, kind, unit, value, more }, index, order) {
  for (const [selector, text, label] of [
    ['.charge-name', name, 'Name'],
    ['.charge-kind', kind, 'Kind'],
    ['.charge-value', value, 'How much'],
    ['.charge-unit', unit, 'Percent or amount'],
  ]) {
    const field = node.querySelector(selector);
    fill(field, text);
    field.setAttribute('aria-label', `${label}, charge ${index + 1}`);
  }
  node.querySelector('.drop').setAttribute('aria-label', `Remove: ${name}`);
  put(node.querySelector('[value=amount]'), order.currency);
  const dish = more.itemId && order.items.find(({ id }) => id === more.itemId);
  const parts = more.on?.map((part) => (part === 'dishes' ? more.dishTypes?.join(', ') ?? part : part)) ?? more.dishTypes;
  const on = more.itemId ? dish?.dishName ?? 'a dish that is gone' : parts?.join(', ');
  put(node.querySelector('.on'), on ? `on ${on}` : '');
}

function renderOwn(order) {
  const own = order.tips?.find(({ participantId }) => participantId === me.id);
  const listed = ['5', '10', '15'].includes(String(own?.percent));
  $('tip-set').hidden = !own || listed;
  if (own && !listed) put($('tip-set'), own.percent === undefined ? money(own.amount, order.currency) : `${own.percent} %`);
  fill($('tip'), table.tipping ? 'other' : listed ? String(own.percent) : own ? 'set' : '');
  $('tip-form').hidden = !table.tipping;
  const service = order.charges?.some(({ kind, optional }) => kind === 'service' && optional !== false);
  const waived = order.withoutService?.includes(me.id) ?? false;
  $('service').hidden = !service;
  put($('service-text'), waived ? 'You declined the service charge.' : 'The service charge is up to you.');
  put($('waive'), waived ? 'Pay it' : 'Decline');
}
