// Actions of the person at the table.

import { ask, confirmed } from './asking.js';
import { $, put } from './dom.js';
import { reconnectNow, send, start } from './link.js';
import { money } from './money.js';
import { freshId, introduce, me, moveTo, remember } from './seat.js';
import { eatersOf, isMine } from './seats.js';
import { dueOf, myShare, table } from './table.js';
import { render } from './view.js';

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  $('join-problem').textContent = '';
  if (me.code !== undefined) {
    // The person of the seat has a name already. Until the seat is theirs, this tab keeps the identity that it had.
    introduce({ code: $('seat-code').value.trim() });
    return start();
  }
  moveTo($('room').value);
  me.name = $('name').value.trim();
  const introduction = {};
  if ($('phone').value.trim()) introduction.phone = $('phone').value.trim();
  if (!$('currency-field').hidden) introduction.currency = $('currency').value;
  if (!$('hosted-field').hidden && $('hosted').checked) introduction.policy = 'hosted';
  introduce(introduction);
  remember(); // A reload before the answer must keep the same identity.
  start();
});

$('add').addEventListener('submit', (event) => {
  event.preventDefault();
  table.adding = { itemId: table.adding?.itemId ?? freshId('item_'), command: freshId(''), sent: true };
  const data = {
    id: table.adding.itemId,
    dishName: $('dish').value,
    dishType: $('kind').value,
    quantity: Number($('quantity').value),
    price: Number($('price').value),
  };
  if ($('note').value.trim()) data.customization = $('note').value;
  const eaters = eatersOf(table.order);
  if (!isMine(eaters)) data.sharedBy = eaters;
  send('add_item', data, table.adding.command);
  render();
});

function change(item, by) {
  const quantity = (table.wanted.get(item.id) ?? item.quantity) + by;
  if (quantity < 1 || quantity > 999) return;
  table.wanted.set(item.id, quantity);
  send('update_quantity', { itemId: item.id, quantity });
  render();
}

const EDITED = [['dishName', 'edit-name'], ['customization', 'edit-note']];

const typed = (field) => $(field).value.trim();

/** Opens the form for a dish's name and note. */
function openEdit(item) {
  table.editing = { itemId: item.id, sent: false };
  for (const [key, field] of EDITED) {
    $(field).value = item[key] ?? '';
    table.editing[key] = typed(field);
  }
  $('edit-problem').textContent = '';
  render();
  $('edit').showModal();
}

$('edit-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const { editing } = table;
  const item = table.order?.items.find(({ id }) => id === editing?.itemId);
  if (!item) return;
  // Somebody else may have edited the dish meanwhile: what this person left alone stays theirs.
  const changed = EDITED.filter(([key, field]) => typed(field) !== editing[key] && typed(field) !== (item[key] ?? ''));
  if (changed.length === 0) return $('edit').close();
  editing.wanted = Object.fromEntries(changed.map(([key, field]) => [key, typed(field)]));
  editing.sent = true;
  editing.command = ask('edit-problem', 'edit_item', { itemId: item.id, ...editing.wanted });
  render();
});

$('edit-cancel').addEventListener('click', () => $('edit').close());

$('edit').addEventListener('close', () => {
  const itemId = table.editing?.itemId;
  table.editing = null;
  // Browsers return the focus themselves, unless the button never had it (Safari) or is gone.
  const lost = () => document.activeElement === document.body || $('edit').contains(document.activeElement);
  if (!lost()) return;
  const row = [...$('dishes').children].find(({ key }) => key === itemId);
  row?.querySelector('.edit').focus();
  if (lost()) $('dishes-title').focus();
});

/** Opens the form that takes a dish off a final bill. */
function openCorrect(item) {
  table.correcting = { itemId: item.id, sent: false };
  put($('correct-title'), item.dishName);
  $('correct-reason').value = '';
  $('correct-count').value = '0';
  $('correct-count').max = String(item.quantity - 1);
  $('correct-count-field').hidden = item.quantity === 1;
  $('correct-problem').textContent = '';
  render();
  $('correct').showModal();
}

$('correct-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const { correcting } = table;
  if (!correcting) return;
  const data = { itemId: correcting.itemId, reason: typed('correct-reason'), quantity: Number($('correct-count').value) };
  correcting.sent = true;
  correcting.command = ask('correct-problem', 'correct_item', data);
  render();
});

$('correct-cancel').addEventListener('click', () => $('correct').close());

$('correct').addEventListener('close', () => {
  table.correcting = null;
  if (document.activeElement === document.body) $('dishes-title').focus();
});

$('reopen').addEventListener('click', async () => {
  const text = 'Everybody can order again. What was paid stays paid.';
  if (await confirmed('Reopen the order?', text, 'Reopen it')) ask('reopen-problem', 'reopen');
});

// The rows are replaced with the dishes, so their list handles the events.
$('dishes').addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  const item = table.order?.items.find(({ id }) => id === target.closest('.dish')?.key);
  if (!button || !item) return;
  if (button.matches('.less')) change(item, -1);
  else if (button.matches('.more')) change(item, 1);
  else if (button.matches('.correct')) openCorrect(item);
  else if (button.matches('.edit')) openEdit(item);
  else if (button.matches('.claim')) {
    const mine = item.sharedBy ? Object.hasOwn(item.sharedBy, me.id) : item.addedBy === me.id;
    send(mine ? 'unclaim_item' : 'claim_item', { itemId: item.id });
  } else if (button.matches('.remove')) send('remove_item', { itemId: item.id });
});

$('finalize').addEventListener('click', async () => {
  const { currency } = table.order;
  const text = `${money(dueOf(table.order), currency)} in all, ${money(myShare(), currency)} from you. Dishes and shares cannot be changed afterwards.`;
  if (await confirmed('Place the order?', text, 'Place it')) ask('finalize-problem', 'finalize');
});

$('leave').addEventListener('click', async () => {
  const text = 'Dishes that you added stay on the bill, and so does your share of them.';
  if (await confirmed('Leave the table?', text, 'Leave')) send('leave');
});

$('retry').addEventListener('click', reconnectNow);

$('dock-add').addEventListener('click', () => {
  $('add-card').scrollIntoView({ block: 'start' });
  $('dish').focus({ preventScroll: true });
});
