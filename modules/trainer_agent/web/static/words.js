// What scripts say, in the language of the page. Its words are there before any module that imports this runs.

const { lang, dataset } = document.documentElement;
const words = dataset.words ? await wordsFrom(dataset.words) : {};
const rules = new Intl.PluralRules(lang || "en");
// In the order in which catalogues hold the forms.
const forms = ["zero", "one", "two", "few", "many", "other"].filter((form) =>
  rules.resolvedOptions().pluralCategories.includes(form),
);

async function wordsFrom(path) {
  try {
    const response = await fetch(path);
    return response.ok ? await response.json() : {};
  } catch {
    return {}; // English is better than a page that does nothing.
  }
}

const filled = (message, values) =>
  message.replace(/\{(\w+)\}/g, (hole, name) => (Object.hasOwn(values, name) ? String(values[name]) : hole));

/** For dates and numbers; English as it is written in Europe, where the day comes before the month. */
export const locale = lang === "en" ? "en-GB" : lang;

/** A number with so many decimals, as the language writes it. */
export const decimal = (value, digits) =>
  value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A message in the language of the page, with each {name} filled in. */
export function _(message, values = {}) {
  return filled(words[message] || message, values);
}

/** The form of a message that fits `count`, which it shows as {num}. */
export function ngettext(one, many, count, values = {}) {
  const form = words[one]?.[forms.indexOf(rules.select(count))];
  return filled(form || (count === 1 ? one : many), { num: count.toLocaleString(locale), ...values });
}
