// Actions of the host about the table; ready marks and undo of each person.

import { ask, confirmed } from './asking.js';
import { $ } from './dom.js';
import { askPast } from './happened.js';
import { nameOf } from './people.js';
import { me } from './seat.js';
import { table } from './table.js';

const decide = (type, data) => ask('hosting-problem', type, data);

$('lock').addEventListener('click', () => decide(table.order.locked ? 'unlock_order' : 'lock_order'));

$('deadline-form').addEventListener('submit', (event) => {
  event.preventDefault();
  decide('set_deadline', { in: Number($('deadline-in').value) * 60_000, then: $('deadline-then').value });
});

$('deadline-off').addEventListener('click', () => decide('set_deadline', {}));

$('when-ready').addEventListener('change', ({ target }) => decide('set_rules', { finalizeWhenReady: target.checked }));

/** Sets the limit in a form. `whose` has the field that says whose it is. */
function limit(event, whose) {
  event.preventDefault();
  const text = event.target.querySelector('input').value.trim();
  decide('set_limit', { ...whose, ...(text && { limit: Number(text) }) });
  document.activeElement?.blur();
}

for (const several of ['each', 'table']) $(`limit-${several}`).form.addEventListener('submit', (event) => limit(event, { for: several }));

$('guests').addEventListener('submit', (event) => limit(event, { participantId: event.target.closest('.guest').key }));

$('guests').addEventListener('click', async ({ target }) => {
  const row = target.closest('.guest');
  const participantId = row?.key;
  if (target.closest('.hand-over')) {
    const name = nameOf(table.order, participantId);
    if (await confirmed(`Make ${name} the host?`, 'They will decide about the table in your place.', 'Hand over')) decide('hand_over', { participantId });
  } else if (target.closest('.send-away')) {
    const name = nameOf(table.order, participantId);
    const dishes = row.querySelector('.dishes-left').value;
    const text = 'They cannot come back unless you let them.';
    const to = dishes === 'reassign' ? { to: me.id } : {};
    if (await confirmed(`Remove ${name}?`, text, 'Remove')) decide('remove_participant', { participantId, dishes, ...to });
  }
});

$('removed').addEventListener('click', ({ target }) => {
  if (target.closest('button')) decide('readmit_participant', { participantId: target.closest('li').key });
});

$('ready').addEventListener('click', () => ask('finalize-problem', 'set_ready', { ready: !table.order.ready?.includes(me.id) }));

// The undo names this person's last change. If that is unknown, only one undo may be in
// flight: a second one would undo the first.
$('undo').addEventListener('click', () => {
  if (table.undoing) return;
  const unknown = table.lastMine === null;
  const command = ask('undo-problem', 'undo', unknown ? undefined : { seq: table.lastMine });
  if (unknown) table.undoing = command;
});

$('past').addEventListener('toggle', () => $('past').open && askPast());

$('past-more').addEventListener('click', () => askPast(true));
