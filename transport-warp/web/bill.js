// Shows the bill: its lines, the ways to split it, and what each person pays.

import { $, fill, put, rows } from './dom.js';
import { money } from './money.js';
import { and, avatar, capital, colour, few, mineFirst, nameOf } from './people.js';
import { me } from './seat.js';
import { dueOf, kindShown, mayDecide, modeOf, restShown, table } from './table.js';
import { WAYS } from './words.js';

export function renderBill(order) {
  const lines = order.lines ?? [];
  showLines($('lines'), billLines(order), order.currency);
  $('lines').hidden = lines.length === 0;
  put($('due'), money(dueOf(order), order.currency));
  put($('total-label'), lines.length ? 'All dishes' : 'Total');
  renderWays(order);
  renderShares(order);
  renderClosing(order);
}

function billLines({ lines = [], included = [], charges = [] }) {
  const percent = ({ kind, name }) => charges.find((charge) => charge.kind === kind && charge.name === name)?.percent;
  const told = lines.map((line) => (percent(line) === undefined ? line : { ...line, name: `${line.name} · ${percent(line)} %` }));
  return [...told, ...included.map(inPrices)];
}

const inPrices = (line) => ({ ...line, kind: 'included', name: `${line.name}, in the prices` });

function showLines(list, lines, currency) {
  rows(list, 'line-row', lines, (line) => lines.indexOf(line), (row, { kind, name, amount }) => {
    row.className = `line-${kind}`;
    put(row.querySelector('.line-name'), name);
    put(row.querySelector('.line-amount'), money(amount, currency));
  });
}

function renderWays(order) {
  const mode = modeOf(order);
  const shown = mayDecide(order) ? table.way ?? mode : null;
  for (const button of document.querySelectorAll('[data-split]')) {
    const way = button.dataset.split;
    button.setAttribute('aria-pressed', String(way === mode));
    if (button.hasAttribute('aria-expanded')) {
      button.setAttribute('aria-expanded', String(way === shown));
      button.hidden = order.splits.length < 2 && way !== mode;
    }
  }
  put($('way-hint'), agreedOn(order, mode));
  for (const [id, way] of [['custom', 'custom'], ['adjust', 'adjustments'], ['cover', 'cover']]) $(id).hidden = shown !== way;
  if (shown === 'custom') renderCustom(order);
  if (shown === 'adjustments') renderAdjust(order);
  if (shown === 'cover') renderCover(order);
}

/** The current rule in words, with its numbers. */
function agreedOn(order, mode) {
  if (mode === 'custom' && order.customShares) return 'As the table agreed.';
  if (mode === 'adjustments') {
    const more = Object.entries(order.adjustments ?? {}).filter(([, amount]) => amount > 0);
    const told = more.map(([id, amount]) => `${nameOf(order, id)} ${money(amount, order.currency)}`);
    return `More for some: ${and(told)}. The rest of the dishes equally.`;
  }
  if (mode === 'cover') {
    const covers = Object.entries(order.covers ?? {});
    const payers = [...new Set(covers.map(([, payer]) => payer))];
    return payers.map((payer) => {
      const covered = covers.filter(([, other]) => other === payer).map(([id]) => nameOf(order, id));
      return `${capital(nameOf(order, payer))} ${payer === me.id ? 'pay' : 'pays'} for ${and(covered)}.`;
    }).join(' ');
  }
  return WAYS[mode]?.[1] ?? '';
}

function renderCustom(order) {
  const agreed = order.customShares ?? {};
  const kind = kindShown();
  for (const button of document.querySelectorAll('[data-kind]')) {
    button.setAttribute('aria-pressed', String(button.dataset.kind === kind));
  }
  $('custom-hint').hidden = kind !== 'amounts' || !order.lines;
  const unit = { amounts: order.currency, percentages: '%', weights: 'parts' }[kind];
  renderNumbers($('custom-rows'), order, kind, unit, (share) => {
    // The suggestion covers only the dishes, because charges are added to agreed amounts.
    const dishes = share.lines ? share.lines.find((line) => line.kind === 'dishes')?.amount ?? 0 : share.amount;
    return agreed[kind] ? agreed[kind][share.participantId] ?? 0 : { amounts: dishes, percentages: '', weights: 1 }[kind];
  });
}

function renderAdjust(order) {
  renderNumbers($('adjust-rows'), order, 'adjustments', order.currency, ({ participantId: id }) => order.adjustments?.[id] || '');
}

/** An input for each person on the bill: what is being typed, or else the `suggested` number. */
function renderNumbers(list, order, kind, unit, suggested) {
  const draft = (table.drafts[kind] ??= new Map());
  rows(list, 'custom-row', order.splits, (share) => share.participantId, (row, share) => {
    const input = row.querySelector('input');
    put(row.querySelector('.custom-name'), share.participantName);
    put(row.querySelector('.custom-unit'), unit);
    input.pattern = '[0-9]+(\\.[0-9]{1,6})?';
    input.title = 'A number such as 40 or 33.5';
    input.placeholder = '0';
    input.oninput = () => draft.set(share.participantId, input.value);
    fill(input, draft.get(share.participantId) ?? suggested(share));
  });
}

function renderCover(order) {
  const covers = order.covers ?? {};
  const others = order.splits.filter((share) => share.participantId !== me.id);
  rows($('cover-chips'), 'cover-chip', others, (share) => share.participantId, (row, { participantId: id, participantName: name }) => {
    const button = row.querySelector('button');
    const payer = covers[id];
    button.setAttribute('aria-pressed', String(payer === me.id));
    put(button, payer && payer !== me.id ? `${name} (${nameOf(order, payer)} pays)` : name);
  });
  for (const button of document.querySelectorAll('[data-rest]')) {
    button.setAttribute('aria-pressed', String(button.dataset.rest === restShown()));
  }
}

function renderShares(order) {
  const known = new Map(order.participants.map((person) => [person.id, person]));
  const dishes = new Map(order.items.map((item) => [item.id, item]));
  const shares = mineFirst(order.splits, (share) => share.participantId);
  rows($('shares'), 'share-row', shares, (share) => share.participantId, (row, share) => {
    const { participantId: id, participantName: name, amount, paymentStatus } = share;
    const part = (selector) => row.querySelector(selector);
    const tags = [id === me.id && 'you', id === order.ownerId && 'host', !known.has(id) && 'left'];
    row.classList.toggle('mine', id === me.id);
    avatar(row, order.splits, id, name);
    put(part('.share-name'), name);
    put(part('.tags'), tags.filter(Boolean).join(' · '));
    put(part('.amount'), money(amount, order.currency));
    part('.status').className = `status ${paymentStatus ?? ''}`;
    put(part('.status'), statusOf(share, order.currency));
    showLines(part('.lines'), shareLines(share), order.currency);
    const had = share.items.map((item) => dishes.get(item)).filter(Boolean);
    put(part('.had'), had.length ? `Had ${and(few(had.map(dishOf)))}.` : 'Had no dish.');
  });
  rows($('stripe'), 'stripe-part', order.splits, (share) => share.participantId, (row, share) => {
    colour(row, order.splits, share.participantId);
    row.style.flexGrow = Math.max(0, share.amount);
  });
}

const dishOf = ({ dishName, sharedBy }) => (sharedBy && Object.keys(sharedBy).length > 1 ? `${dishName} (shared)` : dishName);

function shareLines({ amount, lines = [{ kind: 'dishes', name: 'Dishes', amount }], included = [], paid, pending, balance, writtenOff = 0 }) {
  const payments = [['Paid', paid], ['On its way', pending], ['Not to be paid', writtenOff]].filter(([, sum]) => sum > 0).map(([name, sum]) => ({ kind: 'paid', name, amount: sum }));
  if (payments.length && balance > 0) payments.push({ kind: 'paid', name: 'Still due', amount: balance });
  return [...lines, ...included.map(inPrices), ...payments];
}

function statusOf({ paymentStatus, balance, pending, amount }, currency) {
  if (balance < 0) return `${money(Math.abs(balance), currency)} to get back`;
  if (paymentStatus === 'paid') return amount === 0 ? '' : 'Paid';
  if (paymentStatus === 'pending') return `${money(pending, currency)} on its way`;
  if (!paymentStatus) return '';
  return balance === amount ? 'Not paid' : `${money(balance, currency)} due`;
}

function renderClosing(order) {
  const { unallocated: missing, currency } = order;
  const orphans = order.items.filter((item) => order.unassigned?.includes(item.id)).map((item) => `“${item.dishName}”`);
  const [are, them] = orphans.length > 1 ? ['are', 'them'] : ['is', 'it'];
  const nobodys = orphans.length > 0 && `${and(few(orphans))} ${are} not claimed yet: somebody has to take ${them}.`;
  const agreed = !['equal', 'itemized'].includes(modeOf(order));
  const again = agreed && !nobodys ? ': set the shares again.' : '.';
  $('unallocated').hidden = missing === 0;
  put($('unallocated'), missing > 0 ? `${money(missing, currency)} is not assigned yet${again}` : `${money(Math.abs(missing), currency)} too much is assigned${again}`);
  const why = !order.items.length ? 'Add a dish first.' : nobodys || (agreed && missing !== 0 ? 'The shares must add up to the total first.' : '');
  put($('why-not'), why);
  // With an unassigned dish the button stays enabled: it may be assigned at any moment, and
  // otherwise the server says why not.
  $('finalize').disabled = why !== '' && !nobodys;
}
