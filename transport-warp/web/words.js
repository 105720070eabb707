// Texts of the page: the toasts, and the ways to split in words.

import { $, put } from './dom.js';

/** The ways to split: the words for news, and the hint below the choice. */
export const WAYS = {
  equal: ['equally', 'Everyone on the bill pays the same.'],
  itemized: ['by dish', 'Each pays for their own dishes, and their part of those they share.'],
  custom: ['their own way', 'The table decides. Until shares are set, everyone pays the same.'],
  adjustments: ['with more for some'],
  cover: ['with some paying for others'],
};

const toastTimers = {};

function toast(id, text, milliseconds) {
  put($(id), text);
  clearTimeout(toastTimers[id]);
  toastTimers[id] = setTimeout(() => { $(id).textContent = ''; }, milliseconds);
}
export const say = (text) => toast('notice', text, 4000);
export const complain = (text) => toast('problem', text, 9000);
