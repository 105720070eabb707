// Names of people in this tab, where one of them is "you".

import { put } from './dom.js';
import { me } from './seat.js';

const HUES = [18, 205, 140, 280, 45, 335, 175, 240, 95, 310];
const AND = new Intl.ListFormat('en-GB');

export const and = (texts) => AND.format(texts);

/** Isolates a right-to-left name, so that it does not reorder the words around it. */
const apart = (name) => (/[\u0590-\u08ff]/.test(name) ? `\u2068${name}\u2069` : name);

/** At most four of `texts`. */
export const few = (texts) => (texts.length > 4 ? [...texts.slice(0, 3), `${texts.length - 3} more`] : texts);

export function nameOf(order, id) {
  if (id === me.id) return 'you';
  const share = order.splits.find(({ participantId }) => participantId === id);
  return apart(share?.participantName ?? order.participants.find((person) => person.id === id)?.name ?? 'somebody');
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** `things`, with those of this tab's person first. */
export const mineFirst = (things, idOf) => [...things].sort((left, right) => (idOf(right) === me.id) - (idOf(left) === me.id));

/** Sets a person's colour, by their place on the bill. */
export function colour(row, splits, id) {
  const seat = splits.findIndex((share) => share.participantId === id);
  row.style.setProperty('--hue', HUES[Math.max(0, seat) % HUES.length]);
}

export function avatar(row, splits, id, name) {
  colour(row, splits, id);
  put(row.querySelector('.avatar'), [...name][0]?.toUpperCase() ?? '?');
}
