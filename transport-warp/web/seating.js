// Actions about who comes to the table: inviting others, people without a phone and their seats, and for whom a dish is.

import { ask } from './asking.js';
import { $ } from './dom.js';
import { address, freshId } from './seat.js';
import { eatersOf, keyOf } from './seats.js';
import { table } from './table.js';
import { render } from './view.js';
import { say } from './words.js';

/** Hands a link on, by the phone's own menu or by the clipboard; `field` shows the link. */
async function handOn(url, text, field) {
  try {
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      await navigator.share({ title: 'Stonepot', text, url });
    } else {
      await navigator.clipboard.writeText(url);
      say('The link is copied.');
    }
  } catch (error) {
    if (error.name === 'AbortError') return;
    field.select(); // There is no clipboard on a page without TLS, so the person has to copy the link.
    say('Copy the selected link.');
  }
}

$('invite-button').addEventListener('click', () => {
  table.inviting = $('invite').hidden;
  render();
  if (table.inviting) $('share').focus();
});

$('share').addEventListener('click', () => handOn(address(), 'Order with us', $('link')));

$('person-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const participantId = table.person?.participantId ?? freshId('guest_');
  const command = ask('person-problem', 'add_person', { participantId, name: $('person-name').value.trim() });
  table.person = { participantId, command, sent: true };
  render();
});

$('seats').addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  const row = target.closest('.seat');
  if (!button) return;
  if (button.matches('.copy-link')) return handOn(address(keyOf(row.key)), 'Your seat at our table', row.querySelector('.seat-link'));
  if (table.codes.delete(row.key)) return render();
  ask('seats-problem', 'seat_code', { participantId: row.key });
});

$('eaters').addEventListener('click', ({ target }) => {
  if (!target.closest('button')) return;
  const id = target.closest('li').key;
  const eaters = eatersOf(table.order);
  table.eaters = eaters.includes(id) ? eaters.filter((other) => other !== id) : [...eaters, id];
  render();
});
