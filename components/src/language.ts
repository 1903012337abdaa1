/** The language in force at an element, and its formats; making one costs a millisecond, so each is made once. */

const relative = new Map<string, Intl.RelativeTimeFormat>();
const numbers = new Map<string, Intl.NumberFormat>();
const plurals = new Map<string, Intl.PluralRules>();

/** The language of the nearest `lang`. */
export function languageOf(element: Element): string {
  return element.closest("[lang]")?.getAttribute("lang") || document.documentElement.lang || "fr";
}

/** Short ages: "il y a 4 s". */
export function relativeTime(language: string): Intl.RelativeTimeFormat {
  return kept(relative, language, () => new Intl.RelativeTimeFormat(language, { style: "short" }));
}

/** Numbers with exactly so many decimals. */
export function numberFormat(language: string, decimals: number): Intl.NumberFormat {
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return kept(numbers, `${language} ${decimals}`, () => new Intl.NumberFormat(language, options));
}

/** Whether a number asks for the singular. */
export function isOne(language: string, value: number): boolean {
  return kept(plurals, language, () => new Intl.PluralRules(language)).select(value) === "one";
}

function kept<T>(known: Map<string, T>, key: string, make: () => T): T {
  let found = known.get(key);
  if (found === undefined) {
    found = make();
    known.set(key, found);
  }
  return found;
}
