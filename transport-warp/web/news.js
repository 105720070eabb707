// Handles the server's messages.

import { $, put } from './dom.js';
import { askPast, keepPast, refusedPast, told } from './happened.js';
import { backOff, drop, joined, joining, settled, unanswered } from './link.js';
import { address, introduce, me, remember } from './seat.js';
import { forgetBegun, forgetUnconfirmed, table } from './table.js';
import { render } from './view.js';
import { complain, say } from './words.js';

/** The events of changes that can be undone. */
const CHANGES = new Set(['item_added', 'item_removed', 'item_edited', 'quantity_updated', 'item_shared', 'split_updated', 'charges_updated', 'tip_updated', 'service_waived']);

export function receive(message) {
  const { type, data = {} } = message;
  if (type === 'error') return refused(message);
  if (type === 'history') {
    keepPast(data);
    return render();
  }
  if (type === 'seat_code') {
    table.codes.set(data.participantId, data.code);
    return render();
  }
  const before = table.order;
  const state = data.orderState ?? (Array.isArray(data.items) ? data : null);
  // An edit that changed nothing is acknowledged, and nothing else is sent.
  if (type === 'ack' && message.id === table.editing?.command) return $('edit').close();
  if (!state) return; // A message of a newer server that this page does not understand.
  const mine = message.participantId === me.id;
  // A seat that was vacant comes with a token. One without it was taken by somebody else, and this server asks nobody who
  // comes back for a code.
  if (type === 'sync' && me.code !== undefined && !joined && !message.resumeToken && !unanswered) return taken();
  if (type === 'participant_left' && mine) return departed('removedBy' in data);
  table.order = state;
  table.ahead = message.timestamp - Date.now();
  for (const { id, name } of state.participants) table.names.set(id, name);
  if (type === 'sync') {
    // Some of their changes and answers may have been missed.
    table.lastMine = null;
    forgetUnconfirmed();
  }
  if (mine) table.undoing = null;
  if (mine && CHANGES.has(type)) table.lastMine = state.seq;
  if (message.resumeToken) me.token = message.resumeToken;
  if (type === 'sync' || (type === 'participant_joined' && mine)) seated();
  if (type === 'quantity_updated' && table.wanted.get(data.itemId) === data.quantity) table.wanted.delete(data.itemId);
  if (mine) agreed(type);
  if (mine && data.reason !== undefined && $('correct').open) $('correct').close();
  if (type === 'sync' && isEdited(state)) $('edit').close();
  if (state.payments?.some((payment) => payment.paymentId === table.pay.paymentId)) table.pay = {};
  if (state.seq !== before?.seq) for (const id of ['finalize-problem', 'undo-problem', 'hosting-problem', 'reopen-problem', 'owing-problem', 'paid-back-problem', 'seats-problem']) put($(id), '');
  if ($('past').open && (type === 'sync' || state.seq !== before?.seq)) askPast();
  if (table.adding && state.items.some((item) => item.id === table.adding.itemId)) added();
  if (table.person && state.participants.some(({ id }) => id === table.person.participantId)) personAdded();
  render();
  if (before === null) $('table-title').focus();
  if (type === 'order_finalized' || type === 'order_expired') {
    put($('notice'), '');
    $('placed-title').focus();
  }
  // No message of its own tells that an order was opened again.
  const reopened = before !== null && before.status !== 'active' && state.status === 'active';
  const news = reopened ? 'The order is open again' : told(message, before, state);
  if (mine) put($('spoken'), news); // For screen readers: the person sees their own change anyway.
  else if (news) say(news);
}

function seated() {
  settled();
  introduce({});
  me.seated = true;
  if (me.code !== undefined) {
    delete me.code;
    me.name = $('name').value = table.names.get(me.id) ?? '';
  }
  remember();
  history.replaceState(null, '', address());
}

function added() {
  table.adding = null;
  for (const id of ['dish', 'price', 'note']) $(id).value = '';
  $('quantity').value = '1';
  table.eaters = [];
  $('for').open = false;
  if ($('add').contains(document.activeElement)) $('dish').focus();
}

function personAdded() {
  table.person = null;
  $('person-name').value = '';
  $('person-problem').textContent = '';
}

/** Handles a seat that somebody else has taken with its code. */
function taken() {
  drop();
  render();
  $('join-problem').textContent = 'Somebody has taken this seat already: its code works once. Join as somebody new, or ask who sent you the link.';
  $('new-link').focus();
}

/** Whether the order already has the edit whose answer was missed. */
function isEdited({ items }) {
  const { itemId, wanted } = table.editing ?? {};
  const item = items.find(({ id }) => id === itemId);
  return Boolean(item && wanted) && Object.entries(wanted).every(([key, text]) => (item[key] ?? '') === text);
}

/** Handles the news that what this person typed is now in the state. */
function agreed(type) {
  if (type === 'split_updated') Object.assign(table, { drafts: {}, lookedAt: null, way: null, rest: null });
  if (type === 'tip_updated') table.tipping = false;
  if (type === 'item_edited' && table.editing?.sent) $('edit').close();
  if (type !== 'charges_updated') return;
  table.charges = null;
  if ($('charges').contains(document.activeElement)) $('charges-summary').focus();
  $('charges').open = false;
}

function departed(removed) {
  drop();
  me.seated = false;
  remember();
  table.order = null;
  forgetBegun();
  render();
  $('join-problem').textContent = '';
  say(removed ? 'You were removed from the table.' : 'You left the table. What you ordered stays on its bill.');
  $('name').focus();
}

function refused({ error, id, data = {} }) {
  const text = data.message || error || 'This did not work. Please try again.';
  table.wanted.clear();
  if (id !== joining) {
    // Its id is kept, because it is unknown whether it was stored.
    if (table.adding?.command === id) table.adding.sent = false;
    if (table.person?.command === id) table.person.sent = false;
    if (table.editing?.command === id) table.editing.sent = false;
    if (table.correcting?.command === id) table.correcting.sent = false;
    if (id === table.undoing) table.undoing = null;
    if (id === table.pay.command) table.pay.sent = false;
    if (id === table.past.command && refusedPast(data)) return;
    const place = Object.keys(table.asked).find((key) => table.asked[key] === id);
    if (place && $(place).checkVisibility?.() !== false) $(place).textContent = text;
    else complain(text);
    render();
  } else if (data.code?.startsWith('storage_')) {
    backOff(); // The server is in trouble, not this person: reconnect later.
  } else {
    drop();
    me.seated = false;
    table.order = null;
    if (data.code === 'bad_currency') $('currency-field').hidden = true;
    render();
    $('join-problem').textContent = text;
  }
}
