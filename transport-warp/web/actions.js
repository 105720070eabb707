// What the person does.

import { $ } from './dom.js';
import { joined, reconnectNow, send, start } from './link.js';
import { money } from './money.js';
import { address, freshId, introduce, me, moveTo } from './seat.js';
import { kindShown, myShare, table } from './table.js';
import { render } from './view.js';
import { say } from './words.js';

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  moveTo($('room').value);
  me.name = $('name').value.trim();
  const introduction = {};
  if ($('phone').value.trim()) introduction.phone = $('phone').value.trim();
  if (!$('currency-field').hidden) introduction.currency = $('currency').value;
  introduce(introduction);
  $('join-problem').textContent = '';
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

// The rows come and go with the dishes, so their list listens for them.
$('dishes').addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  const item = table.order?.items.find(({ id }) => id === target.closest('.dish')?.key);
  if (!button || !item) return;
  if (button.matches('.less')) change(item, -1);
  else if (button.matches('.more')) change(item, 1);
  else if (button.matches('.remove')) send('remove_item', { itemId: item.id });
});

for (const button of document.querySelectorAll('[data-split]')) {
  button.addEventListener('click', () => send('update_split', { splitType: button.dataset.split }));
}

for (const button of document.querySelectorAll('[data-kind]')) {
  button.addEventListener('click', () => {
    table.lookedAt = button.dataset.kind;
    $('custom-problem').textContent = '';
    render();
  });
}

$('custom').addEventListener('submit', (event) => {
  event.preventDefault();
  $('custom-problem').textContent = '';
  const given = [...$('custom-rows').children].map((row) => [row.key, row.querySelector('input').value.trim()]);
  // fromEntries, because a person's id may be any text, `__proto__` too.
  const numbers = Object.fromEntries(given.filter(([, text]) => text).map(([id, text]) => [id, Number(text)]));
  table.customCommand = freshId('');
  send('update_split', { splitType: 'custom', [kindShown()]: numbers }, table.customCommand);
});

$('finalize').addEventListener('click', async () => {
  const { total, currency } = table.order;
  const text = `${money(total, currency)} in all, ${money(myShare(), currency)} from you. Nothing can be changed afterwards.`;
  if (await confirmed('Place the order?', text, 'Place it')) send('finalize');
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

$('invite-button').addEventListener('click', () => {
  table.inviting = $('invite').hidden;
  render();
  if (table.inviting) $('share').focus();
});

$('share').addEventListener('click', async () => {
  try {
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      await navigator.share({ title: 'Stonepot', text: 'Order with us', url: address() });
    } else {
      await navigator.clipboard.writeText(address());
      say('The link is copied.');
    }
  } catch (error) {
    if (error.name === 'AbortError') return;
    $('link').select(); // No clipboard on a page without TLS: leave it to the person's own hands.
    say('Copy the selected link.');
  }
});

function confirmed(title, text, yes) {
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
