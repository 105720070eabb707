// Sends commands to the server and shows its refusals; asks the person to confirm what
// cannot be undone.

import { $ } from './dom.js';
import { joined, send } from './link.js';
import { freshId } from './seat.js';
import { table } from './table.js';

/** Sends a command; a refusal is shown at `place`. Returns the command's id. */
export function ask(place, type, data) {
  const id = freshId('');
  $(place).textContent = '';
  table.asked[place] = id;
  send(type, data, id);
  return id;
}

export function confirmed(title, text, yes) {
  $('confirm-title').textContent = title;
  $('confirm-text').textContent = text;
  $('confirm-yes').textContent = yes;
  const dialog = $('confirm');
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' && joined), { once: true });
  });
}
