// Currencies and amounts. Amounts are shown as received; this page never adds them up.

const CURRENCIES = ['INR', 'USD', 'EUR', 'GBP', 'AED', 'AUD', 'BHD', 'BRL', 'CAD', 'CHF', 'IDR', 'JPY', 'KES', 'KRW', 'KWD', 'LKR', 'MXN', 'MYR', 'NGN', 'NPR', 'PHP', 'SAR', 'SGD', 'THB', 'TRY', 'VND', 'ZAR'];

let format = null;

/** Formats an amount with all its digits: it is below 2^53 minor units, so the nearest double rounds to it. */
export function money(amount, currency) {
  if (format?.resolvedOptions().currency !== currency) {
    format = new Intl.NumberFormat(undefined, { style: 'currency', currency, maximumFractionDigits: 4 });
  }
  return format.format(amount);
}

/** The currencies in which a table can be started, with their names in the person's language. */
export function currencyOptions() {
  const names = new Intl.DisplayNames(undefined, { type: 'currency' });
  return CURRENCIES.map((code) => new Option(`${code} · ${names.of(code)}`, code));
}
