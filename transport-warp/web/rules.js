// Shows who may do what at this table, and until when; and the host's settings.

import { $, fill, put, rows } from './dom.js';
import { moment, span } from './happened.js';
import { money } from './money.js';
import { capital, nameOf } from './people.js';
import { me } from './seat.js';
import { isHost, isOpen, mayDecide, mayOrder, table } from './table.js';

export function renderRules(order) {
  const open = isOpen(order);
  for (const id of ['add-card', 'dock-add']) $(id).hidden = !mayOrder(order);
  for (const id of ['ways', 'closing']) $(id).hidden = !open;
  for (const button of document.querySelectorAll('[data-split]')) {
    // A button that sends may also be disabled elsewhere, and stays so; one that only opens a
    // form may not.
    button.disabled = !mayDecide(order) || ('send' in button.dataset && button.disabled);
  }
  $('finalize').hidden = !mayDecide(order);
  renderStanding(order);
  renderReady(order);
  $('hosting').hidden = !open || !isHost(order);
  if (!$('hosting').hidden) renderHosting(order);
  renderClock();
}

/** Shows the rules of this table that differ from the defaults. */
function renderStanding(order) {
  const host = nameOf(order, order.ownerId);
  const mine = isHost(order);
  const limit = order.limits?.[me.id] ?? order.limitEach;
  const lines = !isOpen(order) ? [] : [
    order.policy === 'hosted' && (mine ? 'You host: the others change their own dishes only.' : `${capital(host)} hosts: you change your own dishes, and ${host} places the order.`),
    order.locked && `The dishes are locked: only ${host} can change them.`,
    limit !== undefined && !mine && `Your dishes may cost up to ${money(limit, order.currency)}.`,
    order.limitTable !== undefined && !mine && `All dishes together may cost up to ${money(order.limitTable, order.currency)}.`,
    order.finalizeWhenReady && 'The order is placed once everyone is done.',
  ].filter(Boolean);
  rows($('standing-rows'), 'standing-row', lines, (line) => line, (row, line) => put(row, line));
  $('standing').hidden = lines.length === 0 && !isDue(order);
}

const isDue = (order) => isOpen(order) && order.deadline !== undefined && !order.deadline.passed;

/** Shows the remaining time. */
export function renderClock() {
  const { order } = table;
  $('deadline').hidden = !order || !isDue(order);
  if ($('deadline').hidden) return;
  const { at, then } = order.deadline;
  const left = at - (Date.now() + table.ahead);
  put($('deadline'), `${then === 'finalize' ? 'The order is placed' : 'The dishes are locked'} at ${moment(at)}: ${left > 0 ? `${span(left)} left` : 'now'}.`);
}

function renderReady(order) {
  const ready = order.ready?.includes(me.id) ?? false;
  $('ready').hidden = order.participants.length < 2 && !order.finalizeWhenReady;
  $('ready').setAttribute('aria-pressed', String(ready));
  put($('ready'), ready ? 'I’m not done yet' : 'I’m done ordering');
}

function renderHosting(order) {
  put($('lock-text'), order.locked ? 'Only you can change dishes.' : 'Dishes can be changed.');
  put($('lock'), order.locked ? 'Unlock' : 'Lock');
  $('deadline-form').hidden = isDue(order);
  $('deadline-off').hidden = !isDue(order);
  $('when-ready').checked = order.finalizeWhenReady ?? false;
  // Keeps what is being typed.
  const show = (input, limit) => input.form.contains(document.activeElement) || fill(input, limit ?? '');
  show($('limit-each'), order.limitEach);
  show($('limit-table'), order.limitTable);
  const guests = order.participants.filter(({ id }) => id !== me.id);
  $('guests-title').hidden = guests.length === 0;
  rows($('guests'), 'guest-row', guests, ({ id }) => id, (row, { id, name, vacant }) => {
    const part = (selector) => row.querySelector(selector);
    const limit = order.limits?.[id];
    put(part('.guest-name'), name);
    put(part('.guest-limit'), limit === undefined ? '' : `at most ${money(limit, order.currency)}`);
    show(part('.limit input'), limit);
    part('.limit input').placeholder = order.limitEach === undefined ? 'No limit' : 'As for each guest';
    part('.limit input').setAttribute('aria-label', `Limit for ${name}, ${order.currency}`);
    part('.hand-over').hidden = vacant === true;
    part('.dishes-left').setAttribute('aria-label', `What becomes of ${name}’s dishes`);
  });
  const removed = order.removed ?? [];
  $('removed-title').hidden = removed.length === 0;
  rows($('removed'), 'removed-row', removed, (id) => id, (row, id) => put(row.querySelector('.who'), table.names.get(id) ?? 'Somebody'));
}
