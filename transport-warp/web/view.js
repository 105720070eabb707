// Renders everything from the table, the seat and the link.

import { renderBill } from './bill.js';
import { renderCharges } from './charges.js';
import { $, put, rows } from './dom.js';
import { renderPast } from './happened.js';
import { failures, joined, retryAt, socket } from './link.js';
import { money } from './money.js';
import { renderPaying } from './paying.js';
import { and, avatar, few, mineFirst, nameOf } from './people.js';
import { renderClock, renderRules } from './rules.js';
import { address, asked, me, room } from './seat.js';
import { renderEaters, renderSeats } from './seats.js';
import { dueOf, isOpen, mayChange, mayCorrect, mayOrder, myShare, table } from './table.js';

export function render() {
  const { order } = table;
  const atTable = order !== null;
  $('welcome').hidden = atTable || me.seated;
  $('waiting').hidden = atTable || !me.seated;
  $('table').hidden = !atTable;
  $('offline').hidden = !(me.seated && !joined && (failures > 0 || !socket));
  $('where').hidden = $('invite-button').hidden = $('link-state').hidden = !atTable;
  $('link-state').classList.toggle('on', joined);
  put($('link-text'), joined ? 'live' : 'offline');
  put($('code'), room);
  document.title = atTable ? `Table ${room} · Stonepot` : 'Stonepot';
  if (atTable) renderTable(order);
  else renderWelcome();
  renderEdit(order);
  renderCorrect(order);
  for (const button of document.querySelectorAll('[data-send]')) button.disabled ||= !joined;
  renderAgain();
}

export function renderAgain() {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  renderClock();
  put($('again'), socket ? 'Connecting…' : retryAt ? `Trying again in ${seconds} s` : 'The server ended the connection.');
}

export function renderUnreachable() {
  $('join-problem').textContent = 'The table could not be reached. Please try again.';
}

export function renderWelcome() {
  // A link to a seat asks for nothing but its code, which it brings along.
  const isSeat = me.code !== undefined;
  const invited = isSeat || (asked !== null && $('room').value === asked);
  if ($('room').value === '') $('room').value = room;
  $('currency-field').hidden ||= invited;
  $('hosted-field').hidden = invited;
  for (const id of ['name-field', 'phone-field', 'room-pair']) $(id).hidden = isSeat;
  $('code-field').hidden = $('new-instead').hidden = !isSeat;
  // A hidden field must not stop the form from being sent.
  for (const id of ['name', 'phone', 'room']) $(id).disabled = isSeat;
  $('seat-code').disabled = !isSeat;
  $('new-link').href = address();
  $('welcome-text').textContent = isSeat
    ? 'A seat at a table is kept for you, with what was ordered for you. Its code works once.'
    : invited
    ? 'A table is waiting for you. Add your dishes from your own phone; everyone sees them at once.'
    : 'Start a table, share its link, and everyone adds dishes from their own phone.';
  put($('join-button'), isSeat ? 'Take this seat' : invited ? 'Join the table' : 'Start the table');
  $('join-button').disabled = socket !== null;
}

function renderTable(order) {
  const open = isOpen(order);
  for (const button of document.querySelectorAll('[data-send]')) button.disabled = false;
  $('placed').hidden = open;
  $('table').classList.toggle('final', !open);
  $('invite').hidden = !open || !(table.inviting ?? order.participants.length === 1);
  $('invite-button').hidden = !open;
  $('invite-button').setAttribute('aria-expanded', String(!$('invite').hidden));
  $('link').value = address();
  put($('total'), money(order.total, order.currency));
  put($('placed-total'), money(dueOf(order), order.currency));
  const expired = order.status === 'expired';
  put($('placed-title'), expired ? 'The order has expired' : 'The order is placed');
  $('placed-text').hidden = expired;
  $('expired-text').hidden = !expired;
  $('archived-text').hidden = !order.archived;
  $('reopen').hidden = !mayCorrect(order) || order.settled === true;
  put($('dock-label'), open || expired ? 'Total' : 'Still due');
  put($('dock-total'), money(open ? dueOf(order) : order.balanceDue ?? dueOf(order), order.currency));
  for (const id of ['dock-share', 'placed-share']) put($(id), money(myShare(), order.currency));
  put($('unit'), order.currency);
  $('empty').hidden = order.items.length > 0;
  put($('count'), order.items.length || '');
  $('add-button').disabled = table.adding?.sent === true;
  renderPeople(order);
  renderSeats(order);
  renderEaters(order);
  rows($('dishes'), 'dish-row', order.items, (item) => item.id, (row, item) => fillDish(row, item, order));
  renderCorrections(order);
  renderBill(order);
  renderCharges(order);
  renderPaying(order);
  renderRules(order);
  renderPast(order);
}

/** Closes the form of a dish that this person cannot change any more. */
function renderEdit(order) {
  const item = order?.items.find(({ id }) => id === table.editing?.itemId);
  if ($('edit').open && !(item && mayChange(order, item))) $('edit').close();
  $('edit-button').disabled = table.editing?.sent === true;
}

/** Closes the form of a dish that is not on a final bill any more. */
function renderCorrect(order) {
  const item = order?.items.find(({ id }) => id === table.correcting?.itemId);
  if ($('correct').open && !(item && mayCorrect(order))) $('correct').close();
  $('correct-button').disabled = table.correcting?.sent === true;
}

/** Shows what was taken off the bill, and why. */
function renderCorrections({ corrections = [], currency }) {
  $('corrected').hidden = corrections.length === 0;
  rows($('corrections'), 'line-row', corrections, (made) => made.at + made.itemId + made.to, (row, made) => {
    put(row.querySelector('.line-name'), `${made.quantity - made.to} × ${made.dishName}: ${made.reason}`);
    put(row.querySelector('.line-amount'), money(-made.amount, currency));
  });
}

function renderPeople({ participants, splits, ready = [] }) {
  rows($('people'), 'person-row', participants, (person) => person.id, (row, person) => {
    avatar(row, splits, person.id, person.name);
    // While disconnected, the others' presence is unknown.
    row.classList.toggle('online', joined && person.isOnline);
    put(row.querySelector('.who'), person.id === me.id ? 'You' : person.name);
    row.classList.toggle('vacant', person.vacant === true);
    row.classList.toggle('ready', ready.includes(person.id));
    const presence = person.vacant ? 'without a phone' : joined && (person.isOnline ? 'online' : 'offline');
    const state = [presence, ready.includes(person.id) && 'done ordering'];
    put(row.querySelector('.state'), state.filter(Boolean).join(', '));
  });
}

function fillDish(row, item, order) {
  const { currency } = order;
  const part = (name) => row.querySelector(name);
  const pieces = table.wanted.get(item.id) ?? item.quantity;
  part('.mark').className = `mark ${['veg', 'vegan', 'non-veg', 'egg', 'drink'].includes(item.dishType) ? item.dishType : 'other'}`;
  put(part('.mark .sr-only'), item.dishType);
  put(part('.dish-name'), item.dishName);
  put(part('.note'), item.customization ?? '');
  put(part('.each'), `${item.quantity} × ${money(item.price, currency)}`);
  put(part('.adder'), item.addedBy === me.id ? 'you' : item.addedByName);
  const claims = Object.entries(item.sharedBy ?? { [item.addedBy]: 1 });
  const mine = claims.some(([id]) => id === me.id);
  row.classList.toggle('nobodys', claims.length === 0);
  put(part('.whose'), item.sharedBy ? whose(order, claims) : '');
  const claim = part('.claim');
  claim.classList.toggle('primary', claims.length === 0);
  put(claim, mine ? 'Not mine' : claims.length ? 'Share this' : 'It’s mine');
  claim.hidden = !mayOrder(order) || (order.splits.length < 2 && mine); // Hidden if there is no one to share with.
  claim.setAttribute('aria-label', `${claim.textContent}: ${item.dishName}`);
  put(part('.line-total'), money(item.itemTotal, currency));
  put(part('.pieces'), pieces);
  part('.pieces').classList.toggle('waiting', table.wanted.has(item.id));
  for (const name of ['.less', '.pieces', '.more', '.remove', '.edit:not(.correct)']) part(name).hidden = !mayChange(order, item);
  part('.correct').hidden = !mayCorrect(order);
  part('.correct').setAttribute('aria-label', `This dish did not come: ${item.dishName}`);
  part('.steps').hidden = !mayOrder(order);
  for (const [name, label] of [['.less', 'One less'], ['.more', 'One more'], ['.remove', 'Remove'], ['.edit:not(.correct)', 'Edit']]) {
    part(name).setAttribute('aria-label', `${label}: ${item.dishName}`);
  }
  part('.less').disabled = pieces <= 1;
  part('.more').disabled = pieces >= 999;
}

/** Who has a dish, if it is not simply its adder's. */
function whose(order, claims) {
  const alike = claims.every(([, weight]) => weight === claims[0][1]);
  const names = mineFirst(claims, ([id]) => id).map(([id, weight]) => nameOf(order, id) + (alike ? '' : ` ×${weight}`));
  return names.length === 0 ? 'Nobody’s yet' : `${names.length > 1 ? 'Shared by' : 'For'} ${and(few(names))}`;
}
