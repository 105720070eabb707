// npm's `ws`, frame by frame: the flow of the first protocol, the fields of each message,
// and who may see what.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Phone, Server, assertExact, commonView, message } from './harness.mjs';

const TABLE = '/parties/collaborative_order';
const STATE_FIELDS = [
  'circleId', 'tenantId', 'sessionId', 'initiatedBy', 'participants', 'items', 'total', 'splitType', 'status',
  'createdAt', 'updatedAt', 'currency', 'ownerId', 'splits', 'unallocated', 'amountDue', 'splitMode', 'seq',
];
/** The fields before `seq` once the order is finalized. */
const PAYMENT_FIELDS = ['payments', 'paid', 'balanceDue', 'settled', 'settlement'];
const PARTICIPANT_FIELDS = ['id', 'name', 'phone', 'role', 'isOnline', 'joinedAt'];
const ITEM_FIELDS = [
  'id', 'dishName', 'dishType', 'quantity', 'price', 'itemTotal', 'customization', 'addedBy', 'addedByName', 'addedAt',
];
const JOHN = ['tenant_9876543210', 'John Doe'];
const JANE = ['tenant_1234567890', 'Jane Smith'];
const BIRYANI = { dishName: 'Chicken Biryani', dishType: 'non-veg', quantity: 2, price: 299, customization: 'Extra spicy' };
const joining = (who, phone) => message('join', ...who, { circleId: 'circle_abc123', tenantId: 'restaurant_id', phone });

let server;
test.before(async () => { server = await Server.start(); });
test.after(() => server.end());

test('the documented flow, message by message', async () => {
  const john = await sit('session_xyz', JOHN, '9876543210');
  const [, welcome] = john.welcome;
  assert.equal(welcome.data.role, 'owner', 'the first to join owns the order');
  const jane = await sit('session_xyz', JANE, '1234567890');
  assert.equal(jane.welcome[1].data.role, 'member');
  const arrival = await john.next('participant_joined');
  about(arrival, JANE);
  assert.equal(arrival.data.role, 'member', 'the newcomer’s role stands beside the state');
  checkState(arrival.data, 'session_xyz');
  assert.deepEqual(arrival.data.participants.map(({ id, role, isOnline }) => [id, role, isOnline]), [
    [JOHN[0], 'owner', true],
    [JANE[0], 'member', true],
  ]);

  john.send(message('add_item', ...JOHN, BIRYANI));
  const [added, seen] = await both(john, jane, 'item_added');
  about(added, JOHN);
  assert.deepEqual(commonView(added.data.orderState), commonView(seen.data.orderState));
  const { id, addedAt, ...item } = added.data.item;
  assert.ok(typeof id === 'string' && id && Number.isInteger(addedAt));
  assert.deepEqual(item, { ...BIRYANI, itemTotal: 598, addedBy: JOHN[0], addedByName: 'John Doe' });
  assert.deepEqual(Object.keys(added.data), ['item', 'orderState']);
  assert.deepEqual(added.data.orderState.items, [added.data.item]);
  checkState(added.data.orderState, 'session_xyz');
  jane.send(message('add_item', ...JANE, { dishName: 'Naan', dishType: 'veg', quantity: 1, price: 40 }));
  const naan = (await both(john, jane, 'item_added'))[0].data.item;
  assert.ok(!('customization' in naan), 'no customization where none was given');

  jane.send(message('update_quantity', ...JANE, { itemId: id, quantity: 3 }));
  const [quantity] = await both(john, jane, 'quantity_updated');
  about(quantity, JANE);
  assert.deepEqual([quantity.data.itemId, quantity.data.quantity], [id, 3]);
  assert.equal(quantity.data.orderState.total, 937);

  john.send(message('update_split', ...JOHN, { splitType: 'itemized' }));
  const [split] = await both(john, jane, 'split_updated');
  about(split, JOHN);
  assert.equal(split.data.splitType, 'itemized');
  assert.deepEqual(split.data.orderState.splits, [
    { participantId: JOHN[0], participantName: 'John Doe', amount: 897, items: [id] },
    { participantId: JANE[0], participantName: 'Jane Smith', amount: 40, items: [naan.id] },
  ]);
  jane.send(message('update_split', ...JANE, { splitType: 'custom', percentages: { [JOHN[0]]: 66.6, [JANE[0]]: 33.4 } }));
  const [custom] = await both(john, jane, 'split_updated');
  assert.deepEqual(custom.data.orderState.customShares, { percentages: { [JOHN[0]]: 66.6, [JANE[0]]: 33.4 } });
  checkState(custom.data.orderState, 'session_xyz');

  jane.send(message('remove_item', ...JANE, { itemId: id }));
  const [removed] = await both(john, jane, 'item_removed');
  about(removed, JANE);
  assert.equal(removed.data.itemId, id);
  assert.deepEqual(removed.data.orderState.items, [naan]);

  jane.send(message('leave', ...JANE));
  const [left] = await both(john, jane, 'participant_left');
  about(left, JANE);
  checkState(left.data, 'session_xyz');
  assert.deepEqual(left.data.participants.map((person) => person.id), [JOHN[0]]);
  assert.deepEqual(left.data.splits.map((share) => share.participantId), [JOHN[0], JANE[0]], 'who ate stays on the bill');
  jane.send(message('add_item', ...JANE, BIRYANI));
  await jane.refusal('join_first');

  john.send(message('finalize', ...JOHN));
  const done = await john.next('order_finalized');
  about(done, JOHN);
  checkState(done.data, 'session_xyz');
  assert.equal(done.data.status, 'finalized');
  for (const late of [message('finalize', ...JOHN), message('leave', ...JOHN), message('add_item', ...JOHN, BIRYANI)]) {
    john.send(late);
    await john.refusal('order_finalized');
  }
  await john.nothingMore();
  await jane.nothingMore();
  await Promise.all([john.close(), jane.close()]);
});

test('a message that names another participant is carried out as the socket’s own', async () => {
  const john = await sit('identity', JOHN, '1');
  const jane = await sit('identity', JANE, '2');
  await john.next('participant_joined');
  jane.send(message('add_item', ...JOHN, BIRYANI));
  for (const added of await both(john, jane, 'item_added')) {
    about(added, JANE);
    assert.deepEqual([added.data.item.addedBy, added.data.item.addedByName], JANE);
  }
  jane.send(message('leave', ...JOHN));
  about((await both(john, jane, 'participant_left'))[0], JANE);
  john.send(joining(JANE, '2'));
  await john.refusal('already_joined');
  await Promise.all([john.close(), jane.close()]);
});

test('who has not joined changes nothing and sees nothing', async () => {
  const john = await sit('strangers', JOHN, '9876543210');
  const stranger = await Phone.open(server, `${TABLE}/strangers`);
  john.send(message('add_item', ...JOHN, BIRYANI));
  const { data } = await john.next('item_added');
  const itemId = data.item.id;
  const attempts = [
    message('add_item', ...JOHN, BIRYANI),
    message('remove_item', ...JOHN, { itemId }),
    message('update_quantity', ...JOHN, { itemId, quantity: 9 }),
    message('update_split', ...JOHN, { splitType: 'itemized' }),
    message('finalize', ...JOHN),
    message('leave', ...JOHN),
  ];
  for (const attempt of attempts) {
    stranger.send(attempt);
    await stranger.refusal('join_first');
  }
  await stranger.nothingMore();
  assert.ok(!stranger.raw.some((text) => /John|Biryani|98765|circle_abc/.test(text)), 'not a word of the order');
  await stranger.close();
  await john.nothingMore();
  const public_ = await (await fetch(`http://${server.host}${TABLE}/strangers`)).json();
  assert.equal(public_.seq, data.orderState.seq, 'and the order is as it was');
  await john.close();
});

test('a phone number goes to its owner alone', async () => {
  const john = await sit('phones', JOHN, '555-0100');
  const jane = await sit('phones', JANE, '555-0199');
  await john.next('participant_joined');
  for (const [type, data] of [['add_item', BIRYANI], ['update_split', { splitType: 'itemized' }], ['finalize']]) {
    john.send(message(type, ...JOHN, data));
    await both(john, jane, { add_item: 'item_added', update_split: 'split_updated', finalize: 'order_finalized' }[type]);
  }
  for (const [phone, own, other] of [[john, '555-0100', '555-0199'], [jane, '555-0199', '555-0100']]) {
    assert.ok(phone.raw.every((text) => text.includes(own)), 'every state shows one’s own');
    assert.ok(!phone.raw.some((text) => text.includes(other)), 'and nobody else’s');
    assert.ok(!phone.raw.some((text) => /connectionId|customerId/.test(text)));
  }
  await Promise.all([john.close(), jane.close()]);
});

test('an id that is taken is refused, and so is a dish that is gone', async () => {
  const john = await sit('duplicates', JOHN, '1');
  john.send({ ...message('add_item', ...JOHN, { ...BIRYANI, id: 'mine-1' }), id: 'command-1' });
  const { data } = await john.next('item_added');
  assert.equal(data.item.id, 'mine-1');
  const ack = await john.next('ack');
  assert.deepEqual([ack.id, ack.data], ['command-1', { seq: data.orderState.seq }], 'a message with an id is answered by it');
  john.send({ ...message('add_item', ...JOHN, { ...BIRYANI, id: 'mine-1' }), id: 'command-1' });
  assert.equal((await john.next('ack')).data.repeated, true, 'and counts once');
  john.send({ ...message('add_item', ...JOHN, { ...BIRYANI, id: 'mine-1' }), id: 'command-2' });
  assert.equal((await john.refusal('item_id_taken')).id, 'command-2', 'the refusal names the command');
  for (const type of ['remove_item', 'update_quantity']) {
    john.send(message(type, ...JOHN, { itemId: 'no-such-item', quantity: 1 }));
    await john.refusal('item_not_found');
  }
  john.send(message('update_quantity', ...JOHN, { itemId: 'mine-1', quantity: 0 }));
  const gone = await john.next('item_removed');
  assert.deepEqual([gone.data.itemId, gone.data.orderState.items.length], ['mine-1', 0], 'quantity 0 removes');
  assert.equal(gone.data.orderState.seq, data.orderState.seq + 1, 'refusals took no sequence number');
  await john.nothingMore();
  await john.close();
});

test('every kind of nonsense is answered, to its sender alone, and the socket stays open', async () => {
  const john = await sit('nonsense', JOHN, '1');
  const jane = await sit('nonsense', JANE, '2');
  await john.next('participant_joined');
  const add = (fields) => message('add_item', ...JOHN, { ...BIRYANI, ...fields });
  const nonsense = [
    ['not json', 'bad_json'],
    ['{"type":"finalize"', 'bad_json'],
    ['[]', 'not_an_object'],
    ['"finalize"', 'not_an_object'],
    [`{"type":"finalize","x":${'['.repeat(500)}${']'.repeat(500)}}`, 'too_deep'],
    ['{"type":"finalize","type":"leave"}', 'duplicate_key'],
    [{ type: 'nope' }, 'unknown_type'],
    [{ type: 'JOIN', participantId: 'x' }, 'unknown_type'],
    [{ participantId: 'x' }, 'missing_field'],
    [message('add_item', ...JOHN), 'missing_field'],
    [add({ dishName: undefined }), 'missing_field'],
    [add({ dishName: '\u200b \u202e' }), 'bad_text'],
    [add({ price: undefined }), 'missing_field'],
    [add({ price: null }), 'bad_price'],
    [add({ price: '299' }), 'bad_price'],
    [add({ price: -1 }), 'bad_price'],
    [add({ price: 1e-7 }), 'bad_price'],
    [JSON.stringify(add({ price: 0 })).replace('"price":0', '"price":299.00000000000000001'), 'bad_price'],
    [JSON.stringify(add({ price: 0 })).replace('"price":0', '"price":1e999999999'), 'bad_price'],
    [add({ quantity: 0 }), 'bad_quantity'],
    [add({ quantity: -5 }), 'bad_quantity'],
    [add({ quantity: 1.5 }), 'bad_quantity'],
    [add({ quantity: 1000 }), 'bad_quantity'],
    [message('update_split', ...JOHN, { splitType: 'thirds' }), 'bad_field'],
    [message('update_split', ...JOHN, { splitType: 'custom', percentages: { [JOHN[0]]: 99 } }), 'bad_split'],
    [message('update_split', ...JOHN, { splitType: 'custom', weights: { nobody: 1 } }), 'unknown_participant'],
    [message('finalize', ...JOHN), 'order_empty'],
  ];
  for (const [sent, code] of nonsense) {
    john.send(sent);
    await john.refusal(code);
  }
  john.socket.send(Buffer.from('{"type":"finalize"}'), { binary: true });
  await john.refusal('binary_not_supported');
  john.send({ type: 'x'.repeat(5000), id: 'long' });
  const long = await john.refusal('unknown_type');
  assert.equal(long.id, 'long');
  assert.ok(!JSON.stringify(long).includes('x'.repeat(201)), 'what was sent is not sent back at length');
  await jane.nothingMore();

  john.send({ ...add({ price: 12.3, unheardOf: { a: [1] } }), more: true });
  const [{ data }] = await both(john, jane, 'item_added');
  assert.equal(data.item.price, 12.3, 'unknown fields are ignored, and the socket still works');
  await Promise.all([john.close(), jane.close()]);
});

test('a close is answered with a close, and the others see who went offline and who is back', async () => {
  const john = await sit('closing', JOHN, '1');
  for (const code of [1000, 3000, 4001]) {
    const jane = await sit('closing', JANE, '2');
    const here = await john.next(code === 1000 ? 'participant_joined' : 'presence');
    about(here, JANE);
    jane.socket.close(code, 'bye');
    assert.equal((await jane.closed).code, code, 'the close frame came back');
    const gone = await john.next('presence');
    about(gone, JANE);
    assert.equal(gone.data.isOnline, false);
    checkState(gone.data.orderState, 'closing');
    assert.deepEqual(gone.data.orderState.participants.map((person) => person.isOnline), [true, false]);
  }
  const bare = await Phone.open(server, `${TABLE}/closing`);
  bare.socket.close();
  assert.equal((await bare.closed).code, 1005, 'a close without a code is answered without one');
  await john.nothingMore();

  const first = await sit('closing', JANE, '2');
  assert.equal((await john.next('presence')).data.isOnline, true);
  const second = await sit('closing', JANE, '2');
  await first.close();
  await second.nothingMore();
  await john.nothingMore();
  second.socket.terminate();
  assert.equal((await john.next('presence')).data.isOnline, false, 'offline with the last socket only');
  await john.close();
});

test('a message past the limit closes with 1009, and the others learn of it', async () => {
  const john = await sit('oversize', JOHN, '1');
  const jane = await sit('oversize', JANE, '2');
  await john.next('participant_joined');
  jane.send(message('add_item', ...JANE, { ...BIRYANI, customization: 'x'.repeat(300 * 1024) }));
  assert.equal((await jane.closed).code, 1009);
  const gone = await john.next('presence');
  about(gone, JANE);
  assert.equal(gone.data.isOnline, false);
  await john.close();
});

test('pings of both kinds are answered', async () => {
  const phone = await Phone.open(server, `${TABLE}/pings`);
  phone.socket.ping('are you there');
  const [payload] = await once(phone.socket, 'pong');
  assert.equal(payload.toString(), 'are you there');
  phone.send('ping');
  await phone.next('pong');
  await phone.close();
});

test('the old addresses lead to the same room', async () => {
  const paths = ['/parties/main/R', '/party/R', '/party/main/R', '/parties/main/R/extra/path?_pk=label'];
  const phones = [];
  for (const [index, address] of paths.entries()) {
    const phone = await Phone.open(server, address);
    phones.push(phone);
    phone.send(message('join', `p${index}`, `P${index}`, {}));
    assert.equal((await phone.next('sync')).data.participants.length, index + 1, address);
  }
  const here = await sit('alias', JOHN, '1');
  const there = await Phone.open(server, '/parties/collaborative-order/alias');
  there.send(joining(JANE, '2'));
  assert.equal((await there.next('sync')).data.participants.length, 2);
  for (const phone of [...phones, here, there]) await phone.close();

  const unknown = new Phone(`ws://${server.host}/parties/nowhere/R`);
  const { code } = await unknown.closed;
  assert.equal(code, 1006);
  assert.match(unknown.error.message, /404/, 'an unknown party is refused before the upgrade');
});

test('the room’s HTTP face has no names, phones or ids of people', async () => {
  const john = await sit('http', JOHN, '9876543210');
  john.send(message('add_item', ...JOHN, BIRYANI));
  await john.next('item_added');
  const answer = await fetch(`http://${server.host}${TABLE}/http`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/json/);
  assert.ok(answer.headers.get('access-control-allow-origin'));
  const text = await answer.text();
  assert.ok(!/John|9876543210|tenant_/.test(text), text);
  const order = JSON.parse(text);
  assert.deepEqual([order.sessionId, order.status, order.total, order.items[0].dishName], ['http', 'active', 598, 'Chicken Biryani']);

  const nothing = await fetch(`http://${server.host}${TABLE}/never-seen`);
  assert.equal(nothing.status, 404);
  await nothing.json();
  assert.equal((await fetch(`http://${server.host}/parties/nowhere/http`)).status, 404);
  for (const address of [`${TABLE}/http`, '/party/http', '/healthz', '/']) {
    const preflight = await fetch(`http://${server.host}${address}`, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-method': 'GET' },
    });
    assert.ok(preflight.ok, `${address}: ${preflight.status}`);
    assert.ok(preflight.headers.get('access-control-allow-origin'), address);
    assert.match(preflight.headers.get('access-control-allow-methods'), /GET/, address);
  }
  assert.equal((await fetch(`http://${server.host}/healthz`)).status, 200);
  await john.close();
});

test('SIGTERM closes with 1012 and ends with 0, and the table is there afterwards', async () => {
  const john = await sit('restart', JOHN, '9876543210');
  john.send(message('add_item', ...JOHN, BIRYANI));
  const { data } = await john.next('item_added');
  const begun = Date.now();
  assert.equal(await server.stop(), 0);
  assert.ok(Date.now() - begun < 60_000, 'it does not dawdle');
  assert.equal((await john.closed).code, 1012);
  await server.run();

  const back = await Phone.open(server, `${TABLE}/restart`);
  back.send(message('join', ...JOHN, {}));
  const state = (await back.next('sync')).data;
  assert.deepEqual(state.items, data.orderState.items);
  assert.deepEqual(
    [state.circleId, state.tenantId, state.participants[0].phone, state.seq],
    ['circle_abc123', 'restaurant_id', '9876543210', data.orderState.seq],
    'joining with empty data keeps what was told before',
  );
  await back.close();
});

/** Opens a socket and joins; keeps the two answers as `welcome`. */
async function sit(room, who, number) {
  const phone = await Phone.open(server, `${TABLE}/${room}`);
  phone.send(joining(who, number));
  const sync = await phone.next('sync');
  const joined = await phone.next('participant_joined');
  about(joined, who);
  checkState(sync.data, room);
  checkState(joined.data, room);
  assert.equal(sync.data.participants.find((person) => person.id === who[0]).phone, number);
  phone.welcome = [sync, joined];
  return phone;
}

async function both(left, right, type) {
  return Promise.all([left.next(type), right.next(type)]);
}

function about(received, [id, name]) {
  assert.deepEqual([received.participantId, received.participantName], [id, name]);
  assert.ok(Math.abs(received.timestamp - Date.now()) < 60_000, 'the time is the server’s');
}

/** Checks the fields that existing clients read, in the order of the recorded exchanges. */
function checkState(state, room) {
  const fields = Object.keys(state).filter((field) => field !== 'role' && field !== 'customShares');
  const known = state.status === 'finalized' ? [...STATE_FIELDS.slice(0, -1), ...PAYMENT_FIELDS, 'seq'] : STATE_FIELDS;
  assert.deepEqual(fields, known);
  assert.equal(state.sessionId, room);
  assert.ok(['active', 'finalized'].includes(state.status));
  assert.ok(['equal', 'itemized', 'custom'].includes(state.splitType));
  assert.ok(Number.isInteger(state.createdAt) && Number.isInteger(state.updatedAt) && Number.isInteger(state.seq));
  for (const person of state.participants) {
    assert.deepEqual(Object.keys(person), PARTICIPANT_FIELDS);
    assert.ok(typeof person.name === 'string' && typeof person.phone === 'string');
    assert.ok(['owner', 'member'].includes(person.role) && typeof person.isOnline === 'boolean');
  }
  for (const item of state.items) {
    const wanted = ITEM_FIELDS.filter((field) => field !== 'customization' || 'customization' in item);
    assert.deepEqual(Object.keys(item), wanted);
    for (const field of ['quantity', 'price', 'itemTotal', 'addedAt']) assert.equal(typeof item[field], 'number', field);
  }
  assertExact(state);
}
