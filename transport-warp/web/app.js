// The page at `/`: one table, several phones. It keeps no order of its own: whatever it shows is the last state
// that the server sent. Amounts are shown as they came, never added up here.

const $ = (id) => document.getElementById(id);
const CURRENCIES = ['INR', 'USD', 'EUR', 'GBP', 'AED', 'AUD', 'BHD', 'BRL', 'CAD', 'CHF', 'IDR', 'JPY', 'KES', 'KRW', 'KWD', 'LKR', 'MXN', 'MYR', 'NGN', 'NPR', 'PHP', 'SAR', 'SGD', 'THB', 'TRY', 'VND', 'ZAR'];
const WAYS = {
  equal: ['equally', 'Everyone on the bill pays the same.'],
  itemized: ['by dish', 'Each pays for the dishes they added.'],
  custom: ['their own way', 'The table decides. Until shares are set, everyone pays the same.'],
};
const HUES = [18, 205, 140, 280, 45, 335, 175, 240, 95, 310];

// ---- Who and where this tab is ------------------------------------------------------------------------------

const asked = new URLSearchParams(location.search).get('room');
let room = asked ?? freshCode();
/** `{id, name, seated}` of this tab in this room; sessionStorage makes a reload the same person. */
let me = remembered();
/** What the first `join` tells beyond the name; sent until the server has answered it once. */
let introduction = {};

function freshCode() {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return Array.from(crypto.getRandomValues(new Uint32Array(8)), (n) => letters[n % letters.length]).join('');
}

function freshId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function remembered() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`stonepot:${room}`));
    if (kept?.id) return kept;
  } catch { /* Unreadable or forbidden storage: a new person, then. */ }
  return { id: freshId('guest_'), name: '', seated: false };
}

function remember() {
  try {
    sessionStorage.setItem(`stonepot:${room}`, JSON.stringify(me));
  } catch { /* Private browsing: this tab forgets who it was on a reload. */ }
}

function address() {
  const base = new URL('.', location.href);
  base.search = `?room=${encodeURIComponent(room)}`;
  return base.href;
}

// ---- The connection -----------------------------------------------------------------------------------------

let socket = null;
let joined = false; // On this very socket.
let failures = 0;
let retryTimer = 0;
let retryAt = 0;
let heardAt = 0;

function connect() {
  clearTimeout(retryTimer);
  if (socket) return;
  const secure = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const link = new WebSocket(`${secure}//${location.host}/parties/collaborative_order/${room}`);
  socket = link;
  const giveUp = setTimeout(() => lost(link), 8000);
  link.onopen = () => {
    clearTimeout(giveUp);
    heardAt = Date.now();
    send('join', introduction, 'join');
  };
  link.onmessage = ({ data }) => {
    heardAt = Date.now();
    if (link === socket && typeof data === 'string' && data.startsWith('{')) receive(JSON.parse(data));
  };
  link.onclose = ({ code }) => {
    clearTimeout(giveUp);
    lost(link, code === 1000);
  };
  render();
}

/** The connection is gone, or as good as gone. `ended` is the server's word not to come back by ourselves. */
function lost(link, ended = false) {
  if (link !== socket) return;
  drop();
  clearTimeout(retryTimer);
  if (me.seated && !ended) {
    const wait = Math.min(15000, 500 * 2 ** failures++) * (0.75 + Math.random() / 2);
    retryAt = Date.now() + wait;
    retryTimer = setTimeout(connect, wait);
  } else {
    retryAt = 0;
    if (!me.seated) $('join-problem').textContent = 'The table could not be reached. Please try again.';
  }
  render();
}

function drop() {
  const link = socket;
  socket = null;
  joined = false;
  wanted.clear();
  if (adding) adding.sent = false;
  if (!link) return;
  link.onclose = link.onmessage = link.onopen = null;
  link.close(1000);
}

/** A phone that slept may hold a dead socket that looks open: ask, and hear nothing, is to be offline. */
function probe() {
  const link = socket;
  if (link?.readyState !== WebSocket.OPEN) return;
  const since = Date.now();
  link.send('ping');
  setTimeout(() => { if (link === socket && heardAt < since) lost(link); }, 8000);
}

function reconnectNow() {
  failures = 0;
  if (me.seated && !socket) connect();
  else probe();
}

setInterval(probe, 20000);
setInterval(renderAgain, 1000);
addEventListener('online', reconnectNow);
addEventListener('offline', () => socket && lost(socket));
document.addEventListener('visibilitychange', () => document.hidden || reconnectNow());

function send(type, data, id = freshId('')) {
  const message = { type, id, participantId: me.id, participantName: me.name, timestamp: Date.now(), data };
  socket?.send(JSON.stringify(message));
}

// ---- What the server says -----------------------------------------------------------------------------------

let order = null;

function receive(message) {
  const { type, data = {} } = message;
  if (type === 'error') return refused(message);
  const before = order;
  const state = data.orderState ?? (Array.isArray(data.items) ? data : null);
  if (!state) return; // A newer server may say more than this page understands.
  const mine = message.participantId === me.id;
  if (type === 'participant_left' && mine) return departed();
  const arrived = order === null;
  order = state;
  if (type === 'sync' || (type === 'participant_joined' && mine)) seated();
  if (type === 'quantity_updated' && wanted.get(data.itemId) === data.quantity) wanted.delete(data.itemId);
  if (type === 'split_updated' && mine) {
    drafts = {};
    lookedAt = null;
  }
  if (adding && order.items.some((item) => item.id === adding.itemId)) added();
  render();
  if (arrived) $('table-title').focus();
  if (type === 'order_finalized') {
    put($('notice'), '');
    $('placed-title').focus();
  }
  const news = told(message, before);
  if (mine) put($('spoken'), news); // One's own doing is seen, but not by everybody.
  else if (news) say(news);
}

function told({ type, participantName: who, data }, before) {
  const dish = (list) => list?.items.find((item) => item.id === data.itemId)?.dishName ?? 'a dish';
  switch (type) {
    case 'participant_joined': return `${who} sat down`;
    case 'participant_left': return `${who} left the table`;
    case 'presence': return data.isOnline ? `${who} is back` : `${who} went offline`;
    case 'item_added': return `${who} added ${data.item.dishName}`;
    case 'item_removed': return `${who} removed ${dish(before)}`;
    case 'quantity_updated': return `${who} made it ${data.quantity} × ${dish(order)}`;
    case 'split_updated': return `${who} split the bill ${WAYS[data.splitType]?.[0] ?? ''}`;
    case 'order_finalized': return `${who} placed the order`;
    default: return '';
  }
}

function seated() {
  joined = true;
  failures = 0;
  introduction = {};
  me.seated = true;
  remember();
  history.replaceState(null, '', address());
}

function departed() {
  drop();
  me.seated = false;
  remember();
  order = null;
  render();
  $('join-problem').textContent = '';
  say('You left the table. What you ordered stays on its bill.');
  $('name').focus();
}

function refused({ error, id, data = {} }) {
  const text = data.message || error || 'The server refused this.';
  wanted.clear();
  if (id !== 'join') {
    if (adding?.command === id) adding = null;
    if (id === customCommand) $('custom-problem').textContent = text;
    else complain(text);
    render();
  } else if (data.code?.startsWith('storage_')) {
    lost(socket); // The server is in trouble, not this person: come back in a while.
  } else {
    drop();
    me.seated = false;
    order = null;
    if (data.code === 'bad_currency') $('currency-field').hidden = true;
    render();
    $('join-problem').textContent = text;
  }
}

// ---- What the person does -----------------------------------------------------------------------------------

/** The dish on its way: its id is chosen here, so sending it again after a broken line cannot order it twice. */
let adding = null;
/** Quantities asked for and not yet confirmed, so that two quick taps count as two. */
const wanted = new Map();
/** Custom shares being typed: per kind, the text for each person. */
let drafts = {};
/** The kind of custom shares that this person looks at; null: whatever the table agreed on. */
let lookedAt = null;
let customCommand = null;

const kindShown = () => lookedAt ?? Object.keys(order.customShares ?? {})[0] ?? 'amounts';

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  if ($('room').value !== room) {
    room = $('room').value;
    me = remembered();
  }
  me.name = $('name').value.trim();
  introduction = {};
  if ($('phone').value.trim()) introduction.phone = $('phone').value.trim();
  if (!$('currency-field').hidden) introduction.currency = $('currency').value;
  $('join-problem').textContent = '';
  failures = 0;
  connect();
});

$('room').addEventListener('input', renderWelcome);

$('add').addEventListener('submit', (event) => {
  event.preventDefault();
  adding = { itemId: adding?.itemId ?? freshId('item_'), command: freshId(''), sent: true };
  const data = {
    id: adding.itemId,
    dishName: $('dish').value,
    dishType: $('kind').value,
    quantity: Number($('quantity').value),
    price: Number($('price').value),
  };
  if ($('note').value.trim()) data.customization = $('note').value;
  send('add_item', data, adding.command);
  render();
});

function added() {
  adding = null;
  for (const id of ['dish', 'price', 'note']) $(id).value = '';
  $('quantity').value = '1';
  if ($('add').contains(document.activeElement)) $('dish').focus();
}

function change(item, by) {
  const quantity = (wanted.get(item.id) ?? item.quantity) + by;
  if (quantity < 1 || quantity > 999) return;
  wanted.set(item.id, quantity);
  send('update_quantity', { itemId: item.id, quantity });
  render();
}

for (const button of document.querySelectorAll('[data-split]')) {
  button.addEventListener('click', () => send('update_split', { splitType: button.dataset.split }));
}

for (const button of document.querySelectorAll('[data-kind]')) {
  button.addEventListener('click', () => {
    lookedAt = button.dataset.kind;
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
  customCommand = freshId('');
  send('update_split', { splitType: 'custom', [kindShown()]: numbers }, customCommand);
});

$('finalize').addEventListener('click', async () => {
  const text = `${money(order.total)} in all, ${money(myShare())} from you. Nothing can be changed afterwards.`;
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
  inviting = $('invite').hidden;
  render();
  if (inviting) $('share').focus();
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

// ---- What is shown ------------------------------------------------------------------------------------------

let inviting = null; // null: as long as one sits alone.
const toastTimers = {};

function toast(id, text, milliseconds) {
  put($(id), text);
  clearTimeout(toastTimers[id]);
  toastTimers[id] = setTimeout(() => { $(id).textContent = ''; }, milliseconds);
}
const say = (text) => toast('notice', text, 4000);
const complain = (text) => toast('problem', text, 9000);

let format = null;

/** An amount of this order, shown to its last digit: it has at most 14 significant ones, so a double is exact. */
function money(amount) {
  if (format?.resolvedOptions().currency !== order.currency) {
    format = new Intl.NumberFormat(undefined, { style: 'currency', currency: order.currency, maximumFractionDigits: 4 });
  }
  return format.format(amount);
}

const myShare = () => order.splits.find((share) => share.participantId === me.id)?.amount ?? 0;

/** Only what differs is touched, so that a screen reader does not read the same again. */
function put(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

/** Makes the children of `list` one for each of `things`, keeping those that are there (and the focus in them). */
function rows(list, template, things, keyOf, fill) {
  const kept = new Map([...list.children].map((row) => [row.key, row]));
  things.forEach((thing, index) => {
    const key = keyOf(thing);
    let row = kept.get(key);
    if (!row) {
      row = $(template).content.firstElementChild.cloneNode(true);
      row.key = key;
    }
    kept.delete(key);
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    fill(row, thing, index);
  });
  for (const row of kept.values()) {
    if (row.contains(document.activeElement)) list.closest('section')?.querySelector('h2').focus();
    row.remove();
  }
}

function render() {
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
  if (atTable) renderTable();
  else renderWelcome();
  for (const button of document.querySelectorAll('[data-send]')) button.disabled ||= !joined;
  renderAgain();
}

function renderAgain() {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  put($('again'), socket ? 'Connecting…' : retryAt ? `Trying again in ${seconds} s` : 'The server ended the connection.');
}

function renderWelcome() {
  const invited = asked !== null && $('room').value === asked;
  if ($('room').value === '') $('room').value = room;
  $('currency-field').hidden ||= invited;
  $('welcome-text').textContent = invited
    ? 'A table is waiting for you. Add your dishes from your own phone; everyone sees them at once.'
    : 'Start a table, share its link, and everyone adds dishes from their own phone.';
  put($('join-button'), invited ? 'Join the table' : 'Start the table');
  $('join-button').disabled = socket !== null;
}

function renderTable() {
  const open = order.status === 'active';
  for (const button of document.querySelectorAll('[data-send]')) button.disabled = false;
  $('placed').hidden = open;
  for (const id of ['add-card', 'ways', 'closing', 'dock-add']) $(id).hidden = !open;
  $('table').classList.toggle('final', !open);
  $('invite').hidden = !open || !(inviting ?? order.participants.length === 1);
  $('invite-button').hidden = !open;
  $('invite-button').setAttribute('aria-expanded', String(!$('invite').hidden));
  $('link').value = address();
  for (const id of ['total', 'dock-total', 'placed-total']) put($(id), money(order.total));
  for (const id of ['dock-share', 'placed-share']) put($(id), money(myShare()));
  put($('unit'), order.currency);
  $('empty').hidden = order.items.length > 0;
  put($('count'), order.items.length || '');
  $('add-button').disabled = adding?.sent === true;
  renderPeople();
  rows($('dishes'), 'dish-row', order.items, (item) => item.id, fillDish);
  renderBill();
}

function colour(row, id) {
  const seat = order.splits.findIndex((share) => share.participantId === id);
  row.style.setProperty('--hue', HUES[Math.max(0, seat) % HUES.length]);
}

function avatar(row, id, name) {
  colour(row, id);
  put(row.querySelector('.avatar'), [...name][0]?.toUpperCase() ?? '?');
}

function renderPeople() {
  rows($('people'), 'person-row', order.participants, (person) => person.id, (row, person) => {
    avatar(row, person.id, person.name);
    // Who is cut off knows nothing of the others.
    row.classList.toggle('online', joined && person.isOnline);
    put(row.querySelector('.who'), person.id === me.id ? 'You' : person.name);
    put(row.querySelector('.state'), !joined ? '' : person.isOnline ? 'online' : 'offline');
  });
}

function fillDish(row, item) {
  const part = (name) => row.querySelector(name);
  const pieces = wanted.get(item.id) ?? item.quantity;
  part('.mark').className = `mark ${['veg', 'vegan', 'non-veg', 'egg', 'drink'].includes(item.dishType) ? item.dishType : 'other'}`;
  put(part('.mark .sr-only'), item.dishType);
  put(part('.dish-name'), item.dishName);
  put(part('.note'), item.customization ?? '');
  put(part('.each'), `${item.quantity} × ${money(item.price)}`);
  put(part('.adder'), item.addedBy === me.id ? 'you' : item.addedByName);
  put(part('.line-total'), money(item.itemTotal));
  put(part('.pieces'), pieces);
  part('.pieces').classList.toggle('waiting', wanted.has(item.id));
  part('.steps').hidden = order.status !== 'active';
  const actions = { '.less': ['One less', () => change(item, -1)], '.more': ['One more', () => change(item, 1)], '.remove': ['Remove', () => send('remove_item', { itemId: item.id })] };
  for (const [name, [label, action]] of Object.entries(actions)) {
    part(name).setAttribute('aria-label', `${label}: ${item.dishName}`);
    part(name).onclick = action;
  }
  part('.less').disabled = pieces <= 1;
  part('.more').disabled = pieces >= 999;
}

function renderBill() {
  for (const button of document.querySelectorAll('[data-split]')) {
    button.setAttribute('aria-pressed', String(button.dataset.split === order.splitType));
  }
  put($('way-hint'), order.splitType === 'custom' && order.customShares ? 'As the table agreed.' : WAYS[order.splitType][1]);
  $('custom').hidden = order.splitType !== 'custom';
  if (order.splitType === 'custom') renderCustom();
  const known = new Map(order.participants.map((person) => [person.id, person]));
  rows($('shares'), 'share-row', order.splits, (share) => share.participantId, (row, share) => {
    const person = known.get(share.participantId);
    const tags = [share.participantId === me.id && 'you', share.participantId === order.ownerId && 'host', !person && 'left'];
    avatar(row, share.participantId, share.participantName);
    put(row.querySelector('.share-name'), share.participantName);
    put(row.querySelector('.tags'), tags.filter(Boolean).join(' · '));
    put(row.querySelector('.amount'), money(share.amount));
  });
  rows($('stripe'), 'stripe-part', order.splits, (share) => share.participantId, (row, share) => {
    colour(row, share.participantId);
    row.style.flexGrow = share.amount;
  });
  const missing = order.unallocated;
  $('unallocated').hidden = missing === 0;
  put($('unallocated'), missing > 0 ? `${money(missing)} is on nobody yet: set the shares again.` : `${money(Math.abs(missing))} too much is shared out: set the shares again.`);
  const why = !order.items.length ? 'Add a dish first.' : missing !== 0 ? 'The shares must cover the total first.' : '';
  put($('why-not'), why);
  $('finalize').disabled = why !== '';
}

function renderCustom() {
  const agreed = order.customShares ?? {};
  const kind = kindShown();
  for (const button of document.querySelectorAll('[data-kind]')) {
    button.setAttribute('aria-pressed', String(button.dataset.kind === kind));
  }
  const draft = (drafts[kind] ??= new Map());
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

// ---- Start --------------------------------------------------------------------------------------------------

const names = new Intl.DisplayNames(undefined, { type: 'currency' });
for (const code of CURRENCIES) $('currency').append(new Option(`${code} · ${names.of(code)}`, code));
$('room').value = room;
$('name').value = me.name;
if (me.seated) connect();
render();
if (!me.seated) $('name').focus();
