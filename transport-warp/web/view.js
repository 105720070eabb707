// What is shown: all of it follows from the table, the seat and the link.

import { $, put, rows } from './dom.js';
import { failures, joined, retryAt, socket } from './link.js';
import { money } from './money.js';
import { address, asked, me, room } from './seat.js';
import { kindShown, myShare, table } from './table.js';
import { WAYS } from './words.js';

const HUES = [18, 205, 140, 280, 45, 335, 175, 240, 95, 310];

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
  for (const button of document.querySelectorAll('[data-send]')) button.disabled ||= !joined;
  renderAgain();
}

export function renderAgain() {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  put($('again'), socket ? 'Connecting…' : retryAt ? `Trying again in ${seconds} s` : 'The server ended the connection.');
}

export function renderUnreachable() {
  $('join-problem').textContent = 'The table could not be reached. Please try again.';
}

export function renderWelcome() {
  const invited = asked !== null && $('room').value === asked;
  if ($('room').value === '') $('room').value = room;
  $('currency-field').hidden ||= invited;
  $('welcome-text').textContent = invited
    ? 'A table is waiting for you. Add your dishes from your own phone; everyone sees them at once.'
    : 'Start a table, share its link, and everyone adds dishes from their own phone.';
  put($('join-button'), invited ? 'Join the table' : 'Start the table');
  $('join-button').disabled = socket !== null;
}

function renderTable(order) {
  const open = order.status === 'active';
  for (const button of document.querySelectorAll('[data-send]')) button.disabled = false;
  $('placed').hidden = open;
  for (const id of ['add-card', 'ways', 'closing', 'dock-add']) $(id).hidden = !open;
  $('table').classList.toggle('final', !open);
  $('invite').hidden = !open || !(table.inviting ?? order.participants.length === 1);
  $('invite-button').hidden = !open;
  $('invite-button').setAttribute('aria-expanded', String(!$('invite').hidden));
  $('link').value = address();
  for (const id of ['total', 'dock-total', 'placed-total']) put($(id), money(order.total, order.currency));
  for (const id of ['dock-share', 'placed-share']) put($(id), money(myShare(), order.currency));
  put($('unit'), order.currency);
  $('empty').hidden = order.items.length > 0;
  put($('count'), order.items.length || '');
  $('add-button').disabled = table.adding?.sent === true;
  renderPeople(order);
  rows($('dishes'), 'dish-row', order.items, (item) => item.id, (row, item) => fillDish(row, item, order));
  renderBill(order);
}

function colour(row, splits, id) {
  const seat = splits.findIndex((share) => share.participantId === id);
  row.style.setProperty('--hue', HUES[Math.max(0, seat) % HUES.length]);
}

function avatar(row, splits, id, name) {
  colour(row, splits, id);
  put(row.querySelector('.avatar'), [...name][0]?.toUpperCase() ?? '?');
}

function renderPeople({ participants, splits }) {
  rows($('people'), 'person-row', participants, (person) => person.id, (row, person) => {
    avatar(row, splits, person.id, person.name);
    // Who is cut off knows nothing of the others.
    row.classList.toggle('online', joined && person.isOnline);
    put(row.querySelector('.who'), person.id === me.id ? 'You' : person.name);
    put(row.querySelector('.state'), !joined ? '' : person.isOnline ? 'online' : 'offline');
  });
}

function fillDish(row, item, { currency, status }) {
  const part = (name) => row.querySelector(name);
  const pieces = table.wanted.get(item.id) ?? item.quantity;
  part('.mark').className = `mark ${['veg', 'vegan', 'non-veg', 'egg', 'drink'].includes(item.dishType) ? item.dishType : 'other'}`;
  put(part('.mark .sr-only'), item.dishType);
  put(part('.dish-name'), item.dishName);
  put(part('.note'), item.customization ?? '');
  put(part('.each'), `${item.quantity} × ${money(item.price, currency)}`);
  put(part('.adder'), item.addedBy === me.id ? 'you' : item.addedByName);
  put(part('.line-total'), money(item.itemTotal, currency));
  put(part('.pieces'), pieces);
  part('.pieces').classList.toggle('waiting', table.wanted.has(item.id));
  part('.steps').hidden = status !== 'active';
  for (const [name, label] of [['.less', 'One less'], ['.more', 'One more'], ['.remove', 'Remove']]) {
    part(name).setAttribute('aria-label', `${label}: ${item.dishName}`);
  }
  part('.less').disabled = pieces <= 1;
  part('.more').disabled = pieces >= 999;
}

function renderBill(order) {
  for (const button of document.querySelectorAll('[data-split]')) {
    button.setAttribute('aria-pressed', String(button.dataset.split === order.splitType));
  }
  put($('way-hint'), order.splitType === 'custom' && order.customShares ? 'As the table agreed.' : WAYS[order.splitType][1]);
  $('custom').hidden = order.splitType !== 'custom';
  if (order.splitType === 'custom') renderCustom(order);
  const known = new Map(order.participants.map((person) => [person.id, person]));
  rows($('shares'), 'share-row', order.splits, (share) => share.participantId, (row, share) => {
    const person = known.get(share.participantId);
    const tags = [share.participantId === me.id && 'you', share.participantId === order.ownerId && 'host', !person && 'left'];
    avatar(row, order.splits, share.participantId, share.participantName);
    put(row.querySelector('.share-name'), share.participantName);
    put(row.querySelector('.tags'), tags.filter(Boolean).join(' · '));
    put(row.querySelector('.amount'), money(share.amount, order.currency));
  });
  rows($('stripe'), 'stripe-part', order.splits, (share) => share.participantId, (row, share) => {
    colour(row, order.splits, share.participantId);
    row.style.flexGrow = share.amount;
  });
  const missing = order.unallocated;
  $('unallocated').hidden = missing === 0;
  put($('unallocated'), missing > 0 ? `${money(missing, order.currency)} is on nobody yet: set the shares again.` : `${money(Math.abs(missing), order.currency)} too much is shared out: set the shares again.`);
  const why = !order.items.length ? 'Add a dish first.' : missing !== 0 ? 'The shares must cover the total first.' : '';
  put($('why-not'), why);
  $('finalize').disabled = why !== '';
}

function renderCustom(order) {
  const agreed = order.customShares ?? {};
  const kind = kindShown();
  for (const button of document.querySelectorAll('[data-kind]')) {
    button.setAttribute('aria-pressed', String(button.dataset.kind === kind));
  }
  const draft = (table.drafts[kind] ??= new Map());
  rows($('custom-rows'), 'custom-row', order.splits, (share) => share.participantId, (row, { participantId: id, participantName: name, amount }) => {
    const suggestion = { amounts: amount, percentages: '', weights: 1 }[kind];
    const input = row.querySelector('input');
    put(row.querySelector('.custom-name'), name);
    put(row.querySelector('.custom-unit'), { amounts: order.currency, percentages: '%', weights: 'parts' }[kind]);
    input.pattern = '[0-9]+(\\.[0-9]{1,6})?';
    input.title = 'A number such as 40 or 33.5';
    input.oninput = () => draft.set(id, input.value);
    input.value = draft.get(id) ?? (agreed[kind] ? agreed[kind][id] ?? 0 : suggestion);
  });
}
