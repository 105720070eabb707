// Shows people without a phone and the codes of their seats, and for whom the next dish is.

import { $, fill, put, rows } from './dom.js';
import { and, capital, mineFirst, nameOf } from './people.js';
import { address, me } from './seat.js';
import { isHost, isOpen, table } from './table.js';

/** What a link to a seat says besides the room. */
export const keyOf = (id) => ({ as: id, code: table.codes.get(id) });

/** For whom the next dish is: those who were picked and are still at the table, or else this person. */
export function eatersOf({ participants }) {
  const picked = table.eaters.filter((id) => participants.some((person) => person.id === id));
  return picked.length ? picked : [me.id];
}

/** Whether a dish for these people is simply its adder's. */
export const isMine = (eaters) => eaters.length === 1 && eaters[0] === me.id;

export function renderSeats(order) {
  const vacant = order.participants.filter((person) => person.vacant);
  for (const id of table.codes.keys()) if (!vacant.some((person) => person.id === id)) table.codes.delete(id);
  $('seats').hidden = vacant.length === 0;
  $('person').hidden = !isOpen(order);
  $('without').hidden = $('seats').hidden && $('person').hidden;
  $('person-button').disabled ||= table.person?.sent === true;
  rows($('seats'), 'seat-row', vacant, ({ id }) => id, (row, person) => fillSeat(row, person, order));
}

function fillSeat(row, { id, name, addedBy }, order) {
  const part = (selector) => row.querySelector(selector);
  const code = table.codes.get(id);
  // At an order that is over, nobody can take a seat.
  const canBeTaken = (isOpen(order) || order.status === 'finalized') && !order.archived;
  const knows = canBeTaken && (addedBy === me.id || isHost(order));
  put(part('.seat-name'), name);
  put(part('.sponsor'), `without a phone · added by ${nameOf(order, addedBy)}`);
  part('.show-code').hidden = !knows;
  part('.show-code').setAttribute('aria-expanded', String(code !== undefined));
  part('.show-code').setAttribute('aria-label', `${code ? 'Hide' : 'Show'} the code of the seat: ${name}`);
  put(part('.show-code'), code ? 'Hide code' : 'Show code');
  part('.key').hidden = !code || !knows;
  if (part('.key').hidden) return;
  put(part('.key-hint'), `With this link or code, ${name} takes this seat on a phone. It works once.`);
  put(part('.seat-code'), code.match(/.{1,4}/gs).join('-'));
  fill(part('.seat-link'), address(keyOf(id)));
  part('.seat-link').setAttribute('aria-label', `Link to the seat: ${name}`);
}

/** Shows for whom the next dish is, where there is more than one person. */
export function renderEaters(order) {
  const eaters = eatersOf(order);
  $('for').hidden = order.participants.length < 2;
  put($('for-text'), `For ${and(eaters.map((id) => nameOf(order, id)))}`);
  rows($('eaters'), 'eater-chip', mineFirst(order.participants, ({ id }) => id), ({ id }) => id, (row, { id }) => {
    const button = row.querySelector('button');
    put(button, capital(nameOf(order, id)));
    button.setAttribute('aria-pressed', String(eaters.includes(id)));
  });
}
